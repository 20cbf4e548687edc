# Compiler cache, linker, sanitizers, hardening and precompiled headers.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # What ccache asks for before it caches a translation unit that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

function(weir_toolchain_options target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Without a time stamp the precompiled header is the same bytes every time, which ccache needs.
    target_compile_options(${target} INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
    string(REGEX MATCH "^[0-9]+" release ${CMAKE_CXX_COMPILER_VERSION})
    find_program(LLD ld.lld-${release} REQUIRED)  # lld reads objects of LTO of its own release
    target_link_options(${target} INTERFACE -fuse-ld=lld-${release})
    target_compile_options(${target} INTERFACE -Wnon-virtual-dtor)
  else()
    # GCC 12 sees overlapping copies inside std::string where there are none (GCC PR105651).
    target_compile_options(${target} INTERFACE -Wno-restrict)
  endif()
  target_link_options(${target} INTERFACE -Wl,-z,relro -Wl,-z,now)

  # Assertions stay on in every build: Weir stops rather than runs on in a state that it does not understand.
  # The library's own bounds checks are for the builds that are tested, not for the one that is measured.
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${target} INTERFACE -fstack-protector-strong -fstack-clash-protection)
    if(NOT WEIR_SANITIZE)
      target_compile_definitions(${target} INTERFACE _FORTIFY_SOURCE=2)
    endif()
  else()
    target_compile_definitions(${target} INTERFACE _GLIBCXX_ASSERTIONS)
  endif()

  if(WEIR_SANITIZE)
    target_compile_options(${target} INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(${target} INTERFACE -fsanitize=${WEIR_SANITIZE})
  endif()
  if(WEIR_FUZZ)
    target_compile_options(${target} INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  if(WEIR_COVERAGE)
    target_compile_options(${target} INTERFACE -fprofile-instr-generate -fcoverage-mapping)
    target_link_options(${target} INTERFACE -fprofile-instr-generate)
  endif()
endfunction()

# weir_pch(name DEPENDS lib... HEADERS header...): an object library that owns a precompiled header, for
# target_precompile_headers(... REUSE_FROM name).
function(weir_pch name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPENDS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Carries the precompiled header.\n")
  add_library(${name} OBJECT ${source})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()
