#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "quasio/base/byte_writer.hpp"
#include "quasio/quic/settings.hpp"
#include "quic/address_token.hpp"
#include "quic/event_queue.hpp"
#include "quic/sent_frame.hpp"

namespace quasio::quic {

/// What fits into an Initial packet beside the handshake.
std::size_t largest_token(const settings& settings) noexcept;

/// What a server's connections need to give tokens.
struct token_issuer {
  std::shared_ptr<address_tokens> tokens;  ///< Shared with the acceptor, whose thread is the connections' own.
  unsigned count = 0;                      ///< Tokens for each address that a client proves.
};

/// Tokens for connections yet to come (RFC 9000, section 8.1.3). A server gives them to a client whose address is
/// proved and sends each until it is acknowledged (section 13.3). A client hands them to its application.
class token_exchange {
public:
  token_exchange(token_issuer issuer, const settings& settings, random_source& random, event_queue& events) noexcept
      : issuer_(std::move(issuer)), settings_(settings), random_(random), events_(events) {}

  // --- A server's ---

  /// The client was proved to be there. It gets tokens for the address unless it got them for the same one before.
  void on_address_validated(const ip_endpoint& client, quic_version version, time_point now);

  bool has_frames_to_send() const noexcept;
  void write_frames(byte_writer& packet, sent_frames& record);
  void on_lost(const sent_frame& frame);
  void on_acked(const sent_frame& frame);

  // --- A client's ---

  /// A NEW_TOKEN frame. Beyond the settings' limits it is ignored, and so is a repetition (section 19.7).
  void on_token(byte_view token, quic_version version);

  std::uint64_t given() const noexcept { return given_; }
  std::uint64_t taken() const noexcept { return seen_.size(); }
  std::uint64_t ignored() const noexcept { return ignored_; }

private:
  struct unacknowledged {
    std::uint64_t number;
    std::vector<std::uint8_t> token;
    bool is_due;
  };

  token_issuer issuer_;
  const settings& settings_;
  random_source& random_;
  event_queue& events_;
  std::optional<std::array<std::uint8_t, 16>> given_to_;
  std::vector<unacknowledged> unacknowledged_;
  std::vector<std::size_t> seen_;  // Hashes of the tokens that were taken.
  std::uint64_t given_ = 0;
  std::uint64_t ignored_ = 0;
};

}  // namespace quasio::quic
