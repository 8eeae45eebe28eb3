#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "wire/frame.hpp"

namespace quasio::quic {

/// Finds out whether a path carries datagrams both ways (RFC 9000, section 8.2): sends challenges, each with data of
/// its own, until one is answered or enough were not.
class path_validation {
public:
  /// `max_challenges` are sent in one attempt: 1 to 8.
  explicit path_validation(unsigned max_challenges) noexcept;

  /// A PATH_CHALLENGE is to be sent, and another at each deadline. Each waits twice as long as the one before it, as
  /// the probes of a connection that hears nothing do (section 9.4).
  void begin(random_source& random, time_point now, duration probe_timeout);
  void abandon() noexcept;

  bool is_under_way() const noexcept { return deadline_.has_value(); }
  std::optional<time_point> deadline() const noexcept { return deadline_; }

  /// Asks for another challenge, or gives up: then false.
  bool on_timeout(random_source& random, time_point now);

  bool wants_to_send() const noexcept { return due_; }

  /// Writes the challenge that is due; false when there is no room. `full_size`: the datagram will have 1200 bytes.
  bool write(byte_writer& packet, bool full_size);

  enum class answer : std::uint8_t {
    none,     ///< Answers nothing that was asked.
    address,  ///< The peer is there, but the challenge was in a small datagram: a large one must follow (8.2.1).
    path,     ///< The path carries datagrams of 1200 bytes.
  };

  /// Any of the challenges may be answered, since the response to an earlier one may be late.
  answer on_response(const wire::path_data& data) noexcept;

private:
  struct challenge {
    wire::path_data data{};
    bool full_size = false;
  };

  void prepare(random_source& random);

  unsigned max_challenges_;
  unsigned challenges_left_ = 0;
  duration patience_{};
  std::optional<time_point> deadline_;
  wire::path_data next_{};
  bool due_ = false;
  std::vector<challenge> sent_;  // The newest ones of this attempt, and large ones of the one before.
};

}  // namespace quasio::quic
