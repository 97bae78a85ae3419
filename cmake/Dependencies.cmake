# Every library that the project takes from outside, in one place.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(SQLite3 REQUIRED)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(VIPS REQUIRED IMPORTED_TARGET vips)
find_package(ZLIB REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(pugixml REQUIRED)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpmux libwebpdemux)
pkg_check_modules(JXL REQUIRED IMPORTED_TARGET libjxl)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(RHONABWY REQUIRED IMPORTED_TARGET librhonabwy)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
if(SAFELIGHT_TESTS)
  # The program can be built where the tests cannot; ./test installs what they need.
  find_package(GTest QUIET)
  if(NOT TARGET GTest::gmock)
    message(STATUS "GoogleTest with gmock is not there: the tests are not built")
    set(SAFELIGHT_TESTS OFF)
  endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Files that use precompiled headers are kept, and found again from whatever folder.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=1
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)

# Flags of our own code; linked privately by every room.
add_library(safelight_flags INTERFACE)
target_compile_options(safelight_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Woverloaded-virtual
  -Wimplicit-fallthrough -Wextra-semi -Wno-unused-command-line-argument)
if(SAFELIGHT_WERROR)
  target_compile_options(safelight_flags INTERFACE -Werror)
endif()
if(MOLD_PROGRAM)
  target_link_options(safelight_flags INTERFACE -fuse-ld=mold)
endif()
if(SAFELIGHT_SANITIZE)
  target_compile_options(safelight_flags INTERFACE
    -fsanitize=${SAFELIGHT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  target_link_options(safelight_flags INTERFACE -fsanitize=${SAFELIGHT_SANITIZE})
endif()
# What tests add, linked after safelight_flags. A test is run once for each time that it is compiled, and optimising it
# takes longer than that. (Of inline functions that a test uses as well, the linker may take the copy that is not optimised
# for what is tested, too: these programs are for no measurements.)
add_library(safelight_test_flags INTERFACE)
target_compile_options(safelight_test_flags INTERFACE -O0 -Wno-extra-semi)
# As in libraries, so that all of them can use the same precompiled headers.
target_compile_options(safelight_test_flags INTERFACE -fPIC)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(safelight_test_flags INTERFACE
    -fno-sanitize=fuzzer-no-link -Wno-gnu-zero-variadic-macro-arguments)
endif()
target_compile_definitions(safelight_flags INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
