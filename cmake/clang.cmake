# Toolchain file of the presets with Clang. Names every tool by its release, so that what else is installed on a machine
# cannot change the build: CMake would take the first llvm-ar that it finds, and binutils' ar loads every LLVM plugin
# that lies in its folder; with objects of LTO either fails where it is of an older release.
# The first of these releases that is installed is used; deploy/packages.sh build installs one of them.
set(weir_clang_releases 16 19)

if(NOT CMAKE_CXX_COMPILER)
  foreach(release IN LISTS weir_clang_releases)
    find_program(WEIR_CLANG_${release} clang++-${release})
    if(WEIR_CLANG_${release})
      set(CMAKE_CXX_COMPILER ${WEIR_CLANG_${release}} CACHE FILEPATH "Compiler")
      break()
    endif()
  endforeach()
  if(NOT CMAKE_CXX_COMPILER)
    list(JOIN weir_clang_releases ", " releases)
    message(FATAL_ERROR "no clang++ of the releases ${releases} is installed: deploy/packages.sh build installs one")
  endif()
endif()

if(CMAKE_CXX_COMPILER MATCHES "-([0-9]+)$")
  set(release ${CMAKE_MATCH_1})
  foreach(tool ar ranlib nm)
    string(TOUPPER ${tool} variable)
    find_program(WEIR_${variable} llvm-${tool}-${release})
    if(NOT WEIR_${variable})
      message(FATAL_ERROR "llvm-${tool}-${release} is not installed: deploy/packages.sh build installs it")
    endif()
    set(CMAKE_${variable} ${WEIR_${variable}} CACHE FILEPATH "Of the compiler's own release")
    set(CMAKE_CXX_COMPILER_${variable} ${WEIR_${variable}} CACHE FILEPATH "Of the compiler's own release")
  endforeach()
endif()
