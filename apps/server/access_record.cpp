#include "server/access_record.hpp"

#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/readable.hpp"

namespace quasio::apps {

access_record::access_record(std::string_view method, std::string_view target, std::string_view protocol,
                             std::string peer)
    : protocol_(protocol), peer_(std::move(peer)), begun_(std::chrono::steady_clock::now()) {
  if (!spdlog::should_log(spdlog::level::info)) return;
  method_ = printable(method, 32);
  target_ = printable(target);
}

access_record::~access_record() {
  if (!spdlog::should_log(spdlog::level::info)) return;
  try {
    const auto elapsed = std::chrono::steady_clock::now() - begun_;
    spdlog::info("{} {} {} {} {} {} {}{}", method_, target_, status_, bytes_, readable_duration(elapsed), protocol_,
                 peer_, note_.empty() ? "" : " (" + note_ + ")");
  } catch (const std::exception&) {
    // No memory for a line of the log: the request is served all the same.
  }
}

}  // namespace quasio::apps
