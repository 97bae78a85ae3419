# The headers that most files include, parsed once: a third of the time that a build takes. Files still include what they
# need; built with -DSAFELIGHT_PRECOMPILE=OFF, one that does not is found.
#
#   safelight_precompile(TARGET [TEST] LINKS room...)
#     LINKS   the rooms that it is or knows of
option(SAFELIGHT_PRECOMPILE "Parse the standard headers once for all files" ON)

set(safelight_common_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstddef> <cstdint> <expected> <filesystem>
  <functional> <map> <memory> <mutex> <optional> <set> <span> <sstream> <stop_token> <string> <string_view> <thread>
  <unordered_map> <utility> <variant> <vector>
  <boost/json.hpp> <fmt/format.h>)
# What those include as well that speak HTTP. (It has variables that want Boost.Asio to be linked.)
set(safelight_network_headers <boost/asio/awaitable.hpp>)

# libvips asks for -pthread, which means nothing any more, except that headers parsed without it do not fit.
get_target_property(vips_options PkgConfig::VIPS INTERFACE_COMPILE_OPTIONS)
if(vips_options)
  list(REMOVE_ITEM vips_options -pthread)
  set_target_properties(PkgConfig::VIPS PROPERTIES INTERFACE_COMPILE_OPTIONS "${vips_options}")
endif()

# A cache of compilations takes this for the content of the precompiled headers, which are not the same in two folders. It is
# told by the state of the system's packages: the lists above are of their headers only.
set(safelight_precompiled_content "")
if(SAFELIGHT_PRECOMPILE AND CCACHE_PROGRAM AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  set(includes ${safelight_common_headers} ${safelight_network_headers})
  if(SAFELIGHT_TESTS)
    list(APPEND includes <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  list(TRANSFORM includes PREPEND "#include ")
  string(JOIN "\n" includes ${includes})
  file(WRITE ${PROJECT_BINARY_DIR}/everything_precompiled.cc "${includes}\n")
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} -std=c++23 -E -P -dD ${PROJECT_BINARY_DIR}/everything_precompiled.cc
    OUTPUT_VARIABLE preprocessed COMMAND_ERROR_IS_FATAL ANY)
  string(SHA256 safelight_precompiled_content "${preprocessed}")
  if(EXISTS /var/lib/dpkg/status)  # other packages, other headers
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS /var/lib/dpkg/status)
  endif()
endif()

# As CMake has it, without including the header as well, by a path that a cache would take for another text in each folder.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)

function(safelight_precompiled name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINKS" ${ARGN})
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_link_libraries(${name} PRIVATE safelight_flags Boost::json fmt::fmt ${ARG_LINKS})
  target_precompile_headers(${name} PRIVATE ${safelight_common_headers} ${ARG_HEADERS})
  target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
  if(safelight_precompiled_content)
    file(WRITE ${PROJECT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch.sum "${safelight_precompiled_content}\n")
  endif()
endfunction()

if(SAFELIGHT_PRECOMPILE AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cc "")
  safelight_precompiled(safelight_precompiled)
  safelight_precompiled(safelight_network_precompiled HEADERS ${safelight_network_headers})
  if(SAFELIGHT_TESTS)
    set(test_headers <gmock/gmock.h> <gtest/gtest.h>)
    safelight_precompiled(safelight_test_precompiled HEADERS ${test_headers} LINKS safelight_test_flags GTest::gmock)
    safelight_precompiled(safelight_network_test_precompiled
      HEADERS ${test_headers} ${safelight_network_headers} LINKS safelight_test_flags GTest::gmock)
  endif()
endif()

function(safelight_precompile target)
  cmake_parse_arguments(ARG "TEST" "" "LINKS" ${ARGN})
  set(headers safelight)
  if("${ARG_LINKS}" MATCHES "(^|;)(http|api|app)(;|$)")
    string(APPEND headers _network)
  endif()
  if(ARG_TEST)
    string(APPEND headers _test)
  endif()
  if(TARGET ${headers}_precompiled)
    target_precompile_headers(${target} REUSE_FROM ${headers}_precompiled)
  endif()
endfunction()
