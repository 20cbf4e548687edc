# Every header of proxy/ compiles alone, and twice: one small translation unit each, without the precompiled
# header and without code generation worth the name. Only headers that have no source file: the others are the
# first include of theirs (tests/tidy), and the gcc preset compiles that without a precompiled header.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/proxy ${PROJECT_SOURCE_DIR}/proxy/*.hpp)
set(units)
foreach(header IN LISTS headers)
  string(REGEX REPLACE "hpp$" "cpp" source ${header})
  if(EXISTS ${PROJECT_SOURCE_DIR}/proxy/${source})
    continue()
  endif()
  string(REPLACE "/" "_" unit ${header})
  set(unit ${CMAKE_BINARY_DIR}/generated/header_check/${unit}.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n#include \"${header}\"  // twice\n")
  list(APPEND units ${unit})
endforeach()
add_library(header_check OBJECT ${units})
target_link_libraries(header_check PRIVATE weir_control)
target_compile_options(header_check PRIVATE -O0 -g0 -U_FORTIFY_SOURCE)
