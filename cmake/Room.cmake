# A room: one folder of src/ as one static library, with its tests beside it.
#
#   safelight_room(NAME SOURCES a.cc b.cc LINKS room... EXTERNAL lib...)
#     NAME      the target is safelight_NAME ('/' in a room's path becomes '_')
#     LINKS     the rooms that it may include (the table of ARCHITECTURE.md; tests/test_architecture.py checks it)
#     EXTERNAL  libraries from outside, private to the room
#     EXTERNAL_PUBLIC  libraries that the room's headers need
#
#   safelight_room_test(NAME [SHARDS n] SOURCES a_test.cc LINKS room... EXTERNAL lib...)
#     one GoogleTest program NAME_test, and one test of ctest by the room's name: starting a process for each of thousands of
#     cases takes longer than they do. One case alone: build/…/NAME_test --gtest_filter=…
#     SHARDS   so many processes share the cases, for those that take minutes: NAME.1, NAME.2 …, which begin first
function(safelight_targets out)
  set(targets ${ARGN})
  if(targets)
    list(TRANSFORM targets REPLACE "/" "_")
    list(TRANSFORM targets PREPEND safelight_)
  endif()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

function(safelight_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;EXTERNAL;EXTERNAL_PUBLIC" ${ARGN})
  string(REPLACE "/" "_" target "${name}")
  add_library(safelight_${target} STATIC ${ARG_SOURCES})
  target_include_directories(safelight_${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  safelight_targets(links ${ARG_LINKS})
  target_link_libraries(safelight_${target} PUBLIC ${links} ${ARG_EXTERNAL_PUBLIC}
    PRIVATE safelight_flags ${ARG_EXTERNAL})
  if("safelight_test_flags" IN_LIST ARG_EXTERNAL)
    safelight_precompile(safelight_${target} TEST LINKS ${name} ${ARG_LINKS})
  else()
    safelight_precompile(safelight_${target} LINKS ${name} ${ARG_LINKS})
  endif()
endfunction()

function(safelight_room_test name)
  if(NOT SAFELIGHT_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;LINKS;EXTERNAL" ${ARGN})
  string(REPLACE "/" "_" target "${name}")
  add_executable(${target}_test ${ARG_SOURCES})
  safelight_targets(links ${ARG_LINKS})
  target_link_libraries(${target}_test PRIVATE safelight_flags safelight_test_flags ${links} ${ARG_EXTERNAL} GTest::gmock
    GTest::gtest_main)
  safelight_precompile(${target}_test TEST LINKS ${ARG_LINKS})
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${target}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 900)
    return()
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}.${shard} COMMAND ${target}_test)
    set_tests_properties(${name}.${shard} PROPERTIES TIMEOUT 900 COST 100
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
