# Profile-guided optimisation of Weir itself: the layers and the executable, not what measures or tests them.
# bench/train builds an instrumented weir (preset train), puts it to work and writes deploy/weir.profdata; release
# builds with Clang read it. ARCHITECTURE.md says what that gives and what an old profile does.

option(WEIR_TRAIN "Instrument weir, so that it writes a profile when it ends (bench/train)" OFF)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 16)
  set(reads_profiles ON)
else()
  set(reads_profiles OFF)
endif()
# weir_can_read(file problem): sets `problem` to what the compiler says of that profile, "" if it reads it.
function(weir_can_read file problem)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -fprofile-use=${file} -fsyntax-only -x c++ /dev/null
    RESULT_VARIABLE failed ERROR_VARIABLE said)
  if(NOT failed)
    set(said "")
  endif()
  set(${problem} "${said}" PARENT_SCOPE)
endfunction()

# By default a compiler that cannot read the profile builds without it; one that was asked to use it fails.
set(default OFF)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT DEFINED CACHE{WEIR_PROFILE}
    AND NOT (WEIR_TRAIN OR WEIR_SANITIZE OR WEIR_COVERAGE OR WEIR_FUZZ))
  set(committed ${PROJECT_SOURCE_DIR}/deploy/weir.profdata)
  set(problem "it is not Clang 16 or newer")
  if(reads_profiles)
    weir_can_read(${committed} problem)
  endif()
  if(problem STREQUAL "")
    set(default ${committed})
  else()
    message(STATUS "Built without deploy/weir.profdata, which ${CMAKE_CXX_COMPILER} cannot read: ${problem}")
  endif()
endif()
set(WEIR_PROFILE ${default} CACHE STRING "Profile that weir is optimised by, of bench/train; OFF: none")

if((WEIR_TRAIN OR WEIR_PROFILE) AND NOT reads_profiles)
  message(FATAL_ERROR "WEIR_TRAIN and WEIR_PROFILE need Clang 16 or newer, this is ${CMAKE_CXX_COMPILER_ID} "
    "${CMAKE_CXX_COMPILER_VERSION}: configure with -DWEIR_TRAIN=OFF -DWEIR_PROFILE=OFF")
endif()
if(WEIR_TRAIN AND WEIR_PROFILE)
  message(FATAL_ERROR "WEIR_TRAIN makes a profile and WEIR_PROFILE uses one: configure with one of them OFF")
endif()
if(WEIR_COVERAGE AND (WEIR_TRAIN OR WEIR_PROFILE))
  message(FATAL_ERROR "WEIR_COVERAGE counts in a way of its own, beside which Clang takes no profile: configure with "
    "-DWEIR_COVERAGE=OFF, or with -DWEIR_TRAIN=OFF -DWEIR_PROFILE=OFF")
endif()

# Functions of one file carry that file's name in a profile. Without this it is the whole path, and a profile would fit
# only the folder that it was made in.
set(profile_names "SHELL:-mllvm -static-func-full-module-prefix=0")

if(WEIR_PROFILE)
  cmake_path(ABSOLUTE_PATH WEIR_PROFILE BASE_DIRECTORY ${PROJECT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE profile)
  # A new profile is checked, too; and without this line ninja would not know how to make one that is gone.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
  if(NOT EXISTS ${profile} OR IS_DIRECTORY ${profile})
    message(FATAL_ERROR "WEIR_PROFILE: there is no file ${profile}: bench/train makes deploy/weir.profdata; "
      "-DWEIR_PROFILE=OFF builds without one")
  endif()
  weir_can_read(${profile} problem)
  if(problem)
    message(FATAL_ERROR "WEIR_PROFILE: ${CMAKE_CXX_COMPILER} cannot read ${profile}:\n${problem}"
      "bench/train makes deploy/weir.profdata; -DWEIR_PROFILE=OFF builds without one")
  endif()
endif()

# weir_profiled(target): instruments the target, or optimises it by the profile, or does nothing.
function(weir_profiled target)
  if(WEIR_TRAIN)
    target_compile_options(${target} PRIVATE -fprofile-generate ${profile_names})
    target_link_options(${target} PUBLIC -fprofile-generate)  # whatever links the target needs the runtime
  elseif(WEIR_PROFILE)
    # What changed since the training, or was not reached by it, is compiled as without a profile: nothing to warn of.
    target_compile_options(${target} PRIVATE -fprofile-use=${profile} ${profile_names}
      -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
    get_target_property(sources ${target} SOURCES)
    set_property(SOURCE ${sources} APPEND PROPERTY OBJECT_DEPENDS ${profile})  # no depfile names it
  endif()
endfunction()
