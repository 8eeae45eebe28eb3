# OpenSSL >= 3.5.1 by the first of three routes that works (docs/building.md). QUASIO_OPENSSL fixes one by name.
#
#   system   the system's own
#   debian   a newer Debian's package, unpacked into the build tree and linked statically
#   source   built from source into the build tree and linked statically
#
# Gives the target quasio_openssl, and QUASIO_OPENSSL_PRIVATE (whether an installation must carry it along).
set(QUASIO_OPENSSL auto CACHE STRING "Where OpenSSL comes from: auto, system, debian or source")
set_property(CACHE QUASIO_OPENSSL PROPERTY STRINGS auto system debian source)
set(quasio_openssl_minimum 3.5.1) # 3.5.0 loses the transport parameters when a server name callback changes the SSL_CTX

if(PROJECT_IS_TOP_LEVEL)
  set(quasio_openssl_default ${PROJECT_SOURCE_DIR}/build/deps/openssl) # shared by all presets
else()
  set(quasio_openssl_default ${PROJECT_BINARY_DIR}/deps/openssl)
endif()
set(QUASIO_OPENSSL_DIR ${quasio_openssl_default} CACHE PATH "Where a private OpenSSL is, or is to be, put")
set(QUASIO_OPENSSL_PRIVATE FALSE)

# Runs one of the tools that make a private OpenSSL; `worked` says how it went.
function(quasio_make_openssl tool worked)
  message(STATUS "quasio: OpenSSL by ${tool}")
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/${tool} ${QUASIO_OPENSSL_DIR} RESULT_VARIABLE code)
  if(code STREQUAL "0" AND EXISTS ${QUASIO_OPENSSL_DIR}/lib/libssl.a)
    set(${worked} TRUE PARENT_SCOPE)
  else()
    message(STATUS "quasio: ${tool} did not work")
    set(${worked} FALSE PARENT_SCOPE)
  endif()
endfunction()

function(quasio_private_openssl)
  file(READ ${QUASIO_OPENSSL_DIR}/version version)
  string(STRIP "${version}" version)
  message(STATUS "quasio: OpenSSL ${version}, private, in ${QUASIO_OPENSSL_DIR}")
  file(STRINGS ${QUASIO_OPENSSL_DIR}/link extra)
  separate_arguments(extra)
  set(extra ${extra} Threads::Threads ${CMAKE_DL_LIBS})
  set(installed $<INSTALL_PREFIX>/${CMAKE_INSTALL_LIBDIR}/quasio)
  target_include_directories(quasio_openssl SYSTEM INTERFACE
    $<BUILD_INTERFACE:${QUASIO_OPENSSL_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_LIBDIR}/quasio/include>)
  target_link_libraries(quasio_openssl INTERFACE
    $<BUILD_INTERFACE:${QUASIO_OPENSSL_DIR}/lib/libssl.a> $<BUILD_INTERFACE:${QUASIO_OPENSSL_DIR}/lib/libcrypto.a>
    $<INSTALL_INTERFACE:${installed}/libssl.a> $<INSTALL_INTERFACE:${installed}/libcrypto.a>
    ${extra})
  set(QUASIO_OPENSSL_PRIVATE TRUE PARENT_SCOPE)
  set(QUASIO_OPENSSL_LINK ${extra} PARENT_SCOPE)
endfunction()

add_library(quasio_openssl INTERFACE)
set_target_properties(quasio_openssl PROPERTIES EXPORT_NAME openssl)

if(QUASIO_OPENSSL MATCHES "^(auto|system)$")
  find_package(OpenSSL ${quasio_openssl_minimum} QUIET)
endif()
if(OpenSSL_FOUND)
  message(STATUS "quasio: OpenSSL ${OPENSSL_VERSION}, the system's")
  target_link_libraries(quasio_openssl INTERFACE OpenSSL::SSL OpenSSL::Crypto)
elseif(QUASIO_OPENSSL STREQUAL "system")
  message(FATAL_ERROR "quasio: the system has no OpenSSL >= ${quasio_openssl_minimum}; QUASIO_OPENSSL=auto fetches one")
else()
  set(quasio_openssl_there FALSE)
  if(EXISTS ${QUASIO_OPENSSL_DIR}/lib/libssl.a AND EXISTS ${QUASIO_OPENSSL_DIR}/link)
    set(quasio_openssl_there TRUE)
  endif()
  if(NOT quasio_openssl_there AND QUASIO_OPENSSL MATCHES "^(auto|debian)$")
    quasio_make_openssl(openssl-from-debian quasio_openssl_there)
  endif()
  if(NOT quasio_openssl_there AND QUASIO_OPENSSL MATCHES "^(auto|source)$")
    quasio_make_openssl(openssl-from-source quasio_openssl_there)
  endif()
  if(NOT quasio_openssl_there)
    message(FATAL_ERROR "quasio: no OpenSSL >= ${quasio_openssl_minimum} could be had: see docs/building.md")
  endif()
  quasio_private_openssl()
endif()
