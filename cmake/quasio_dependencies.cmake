# What quasio stands on; all of it from the distribution's packages. tools/setup installs what is missing.
find_package(Threads REQUIRED)
include(quasio_openssl)

# std::expected where the compiler has it, else the tl::expected of the distribution.
find_package(tl-expected REQUIRED)

if(QUASIO_ASIO)
  find_package(Boost 1.81 CONFIG REQUIRED)
endif()
if(QUASIO_TESTS)
  find_package(GTest REQUIRED)
endif()
if(QUASIO_APPS)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(nlohmann_json REQUIRED)
endif()
