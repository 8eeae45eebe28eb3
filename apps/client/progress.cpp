#include "client/progress.hpp"

#include <algorithm>
#include <cmath>

#include "common/readable.hpp"

namespace quasio::apps {

namespace {

constexpr double rate_memory = 2.0;  // seconds after which an old rate counts for little
constexpr std::size_t smallest_bar = 10;
constexpr std::size_t largest_bar = 40;

std::string bar(double share, std::size_t width) {
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
  return "[" + std::string(filled, '#') + std::string(width - filled, ' ') + "] ";
}

}  // namespace

void progress::expect(std::optional<std::uint64_t> size) noexcept {
  if (!size) return;
  ++sized_;
  expected_ += *size;
}

std::string progress::render(std::chrono::duration<double> elapsed, std::size_t width) {
  update_rate(elapsed);
  const std::string text = describe();
  if (!total_is_known() || expected_ == 0 || text.size() + smallest_bar + 3 > width) return text.substr(0, width);
  const double share = std::min(1.0, static_cast<double>(bytes_) / static_cast<double>(expected_));
  return bar(share, std::min(largest_bar, width - text.size() - 3)) + text;
}

void progress::update_rate(std::chrono::duration<double> elapsed) noexcept {
  const double since = elapsed.count() - seen_at_;
  if (since <= 0) return;
  const double latest = static_cast<double>(bytes_ - seen_bytes_) / since;
  const double weight = seen_at_ == 0 ? 1 : 1 - std::exp(-since / rate_memory);
  rate_ += (latest - rate_) * weight;
  seen_at_ = elapsed.count();
  seen_bytes_ = bytes_;
}

std::string progress::describe() const {
  std::string text;
  const auto bytes = static_cast<double>(bytes_);
  if (transfers_ > 1) text += std::to_string(completed_) + "/" + std::to_string(transfers_) + "  ";
  if (total_is_known() && expected_ > 0) {
    const auto expected = static_cast<double>(expected_);
    text += std::to_string(static_cast<int>(std::min(100.0, 100 * bytes / expected))) + " %  " + readable_size(bytes) +
            " of " + readable_size(expected);
  } else {
    text += readable_size(bytes);
  }
  text += "  " + readable_size(rate_) + "/s";
  if (total_is_known() && rate_ >= 1 && expected_ > bytes_) {
    const std::chrono::duration<double> left(std::ceil((static_cast<double>(expected_) - bytes) / rate_));
    text += "  " +
            (left.count() < 60 ? std::to_string(static_cast<int>(left.count())) + " s" : readable_duration(left)) +
            " left";
  }
  return text;
}

}  // namespace quasio::apps
