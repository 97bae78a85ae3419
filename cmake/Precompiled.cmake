# The headers that most files include, parsed once: a third of the time that a build takes. Files still include what they
# need; built with -DSAFELIGHT_PRECOMPILE=OFF, one that does not is found.
#
#   safelight_precompile(TARGET [TEST])
option(SAFELIGHT_PRECOMPILE "Parse the standard headers once for all files" ON)

set(safelight_common_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstddef> <cstdint> <expected> <filesystem>
  <functional> <map> <memory> <mutex> <optional> <set> <span> <sstream> <stop_token> <string> <string_view> <thread>
  <unordered_map> <utility> <variant> <vector>)

# libvips asks for -pthread, which means nothing any more, except that headers parsed without it do not fit.
get_target_property(vips_options PkgConfig::VIPS INTERFACE_COMPILE_OPTIONS)
if(vips_options)
  list(REMOVE_ITEM vips_options -pthread)
  set_target_properties(PkgConfig::VIPS PROPERTIES INTERFACE_COMPILE_OPTIONS "${vips_options}")
endif()

if(SAFELIGHT_PRECOMPILE AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cc "")
  add_library(safelight_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_link_libraries(safelight_precompiled PRIVATE safelight_flags)
  target_precompile_headers(safelight_precompiled PRIVATE ${safelight_common_headers})
  # Without it, a cache of compilations would never meet the same header again.
  target_compile_options(safelight_precompiled PRIVATE -Xclang -fno-pch-timestamp)
  if(SAFELIGHT_TESTS)
    add_library(safelight_test_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
    target_link_libraries(safelight_test_precompiled PRIVATE safelight_flags safelight_test_flags GTest::gmock)
    target_precompile_headers(safelight_test_precompiled PRIVATE ${safelight_common_headers}
      <gmock/gmock.h> <gtest/gtest.h>)
    target_compile_options(safelight_test_precompiled PRIVATE -Xclang -fno-pch-timestamp)
  endif()
endif()

function(safelight_precompile target)
  cmake_parse_arguments(ARG "TEST" "" "" ${ARGN})
  set(headers safelight_precompiled)
  if(ARG_TEST)
    set(headers safelight_test_precompiled)
  endif()
  if(TARGET ${headers})
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()
