# What `weir version` says: the project's version and the commit, taken when CMake configures. A tree without
# git (a tarball) says "unknown".

set(WEIR_COMMIT unknown)
find_package(Git QUIET)
if(Git_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  # A checkout that belongs to another user (a container's mount) is still read, never written.
  set(git ${GIT_EXECUTABLE} -c safe.directory=${PROJECT_SOURCE_DIR} -C ${PROJECT_SOURCE_DIR})
  execute_process(COMMAND ${git} rev-parse --short=12 HEAD OUTPUT_VARIABLE commit ERROR_QUIET
    OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(NOT failed)
    set(WEIR_COMMIT ${commit})
  endif()
endif()

set_source_files_properties(${PROJECT_SOURCE_DIR}/proxy/core/version.cpp PROPERTIES
  COMPILE_DEFINITIONS "WEIR_VERSION=\"${PROJECT_VERSION}\";WEIR_COMMIT=\"${WEIR_COMMIT}\"")
