# OpenSSL >= 3.5 by the first route that works (see docs/building.md):
#   1. the system's own; 2. Debian 13's package unpacked into the build tree and linked statically.
find_package(OpenSSL 3.5.1 QUIET)
if(OpenSSL_FOUND)
  add_library(quasio_openssl INTERFACE)
  target_link_libraries(quasio_openssl INTERFACE OpenSSL::SSL OpenSSL::Crypto)
else()
  set(QUASIO_OPENSSL_DIR ${CMAKE_SOURCE_DIR}/build/deps/openssl CACHE PATH "Where the private OpenSSL is unpacked")
  if(NOT EXISTS ${QUASIO_OPENSSL_DIR}/lib/libssl.a)
    execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/openssl-from-debian ${QUASIO_OPENSSL_DIR} COMMAND_ERROR_IS_FATAL ANY)
  endif()
  add_library(quasio_openssl INTERFACE)
  target_include_directories(quasio_openssl SYSTEM INTERFACE $<BUILD_INTERFACE:${QUASIO_OPENSSL_DIR}/include>)
  target_link_libraries(quasio_openssl INTERFACE
    $<BUILD_INTERFACE:${QUASIO_OPENSSL_DIR}/lib/libssl.a> $<BUILD_INTERFACE:${QUASIO_OPENSSL_DIR}/lib/libcrypto.a>
    -l:libz.so.1 -l:libzstd.so.1 Threads::Threads ${CMAKE_DL_LIBS})
  # Debian 13's objects want one symbol that an older C library names otherwise.
  include(CheckFunctionExists)
  check_function_exists(__isoc23_strtol QUASIO_HAVE_ISOC23)
  if(NOT QUASIO_HAVE_ISOC23)
    target_link_options(quasio_openssl INTERFACE -Wl,--defsym=__isoc23_strtol=strtol)
  endif()
endif()
