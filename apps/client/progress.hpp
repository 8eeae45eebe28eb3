#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace quasio::apps {

/// How far all transfers together have come, and how it looks on a terminal.
class progress {
public:
  explicit progress(std::size_t transfers) noexcept : transfers_(transfers) {}

  /// A response has begun; its size, where it is known.
  void expect(std::optional<std::uint64_t> size) noexcept;

  void advance(std::uint64_t bytes) noexcept { bytes_ += bytes; }
  void complete_one() noexcept { ++completed_; }

  /// One line of at most `width` characters: "[####    ] 52 %  520 MB of 1.00 GB  98.1 MB/s  5 s left". `elapsed` since
  /// the first call is what the rate is made of: the mean of the last seconds.
  std::string render(std::chrono::duration<double> elapsed, std::size_t width);

private:
  bool total_is_known() const noexcept { return sized_ == transfers_; }
  void update_rate(std::chrono::duration<double> elapsed) noexcept;
  std::string describe() const;

  std::size_t transfers_;
  std::size_t completed_ = 0;
  std::size_t sized_ = 0;  // transfers whose size is known
  std::uint64_t bytes_ = 0;
  std::uint64_t expected_ = 0;
  double rate_ = 0;  // bytes a second
  double seen_at_ = 0;
  std::uint64_t seen_bytes_ = 0;
};

}  // namespace quasio::apps
