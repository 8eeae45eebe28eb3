#include "quasio/runtime/error.hpp"

#include <limits>

// Boost's categories are never deleted by their base.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace quasio::runtime {
namespace {

class runtime_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.runtime"; }
  std::string message(int value) const override {
    switch (static_cast<error>(value)) {
      case error::connection_closed:
        return "the connection is closed";
      case error::idle_timeout:
        return "nothing was heard of the peer for too long";
      case error::handshake_timeout:
        return "the peer did not complete the handshake in time";
      case error::key_update_refused:
        return "the keys cannot be updated yet";
      case error::version_negotiation:
        return "the server speaks no QUIC version in common";
      case error::already_started:
        return "an operation of this kind is pending already";
      case error::too_many_waiting:
        return "too many operations are waiting";
      case error::listener_closed:
        return "the listener is closed";
      case error::stateless_reset:
        return "the peer has lost the state of the connection";
      case error::not_delivered:
        return "the connection ended before everything was delivered";
      case error::peer_lost:
        return "nobody listens at the peer's address any more";
      case error::path_failed:
        return "the new path does not lead to the peer";
      case error::no_viable_path:
        return "no path to the peer is left";
    }
    return "unknown error";
  }
};

class transport_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.transport"; }
  std::string message(int value) const override { return to_string(static_cast<transport_error_code>(value)); }
};

class numbered_errors final : public error_category {
public:
  constexpr numbered_errors(const char* name, const char* text) noexcept : name_(name), text_(text) {}
  const char* name() const noexcept override { return name_; }
  std::string message(int value) const override { return text_ + std::to_string(value); }

  // Code 0 is a code like any other here, and whoever was still reading or writing did not succeed.
  bool failed(int) const noexcept override { return true; }

private:
  const char* name_;
  const char* text_;
};

class stream_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.stream"; }
  std::string message(int value) const override {
    return std::string(to_string(static_cast<quic::stream_error>(value - 1)));
  }
};

class datagram_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.datagram"; }
  std::string message(int value) const override {
    return std::string(to_string(static_cast<quic::datagram_error>(value - 1)));
  }
};

class path_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.path"; }
  std::string message(int value) const override {
    return std::string(to_string(static_cast<quic::path_error>(value - 1)));
  }
};

error_code code_of(const quic::close_reason& reason) noexcept {
  switch (reason.cause) {
    case quic::close_cause::local_application:
      return error::connection_closed;
    case quic::close_cause::local_transport:
    case quic::close_cause::peer_transport:
      // A peer may close with NO_ERROR; for whoever was using the connection that is no success.
      return reason.code == 0 ? make_error_code(error::connection_closed)
                              : make_wire_error(reason.code, transport_category());
    case quic::close_cause::peer_application:
      return make_wire_error(reason.code, application_category());
    case quic::close_cause::idle_timeout:
      return error::idle_timeout;
    case quic::close_cause::handshake_timeout:
      return error::handshake_timeout;
    case quic::close_cause::stateless_reset:
      return error::stateless_reset;
    case quic::close_cause::version_negotiation:
      return error::version_negotiation;
    case quic::close_cause::no_viable_path:
      return error::no_viable_path;
  }
  return error::connection_closed;
}

}  // namespace

const error_category& runtime_category() noexcept {
  static const runtime_errors category;
  return category;
}

const error_category& transport_category() noexcept {
  static const transport_errors category;
  return category;
}

const error_category& application_category() noexcept {
  static const numbered_errors category("quasio.application", "the peer closed the connection with application code ");
  return category;
}

const error_category& stream_abandoned_category() noexcept {
  static const numbered_errors category("quasio.stream_abandoned", "the peer abandoned the stream with code ");
  return category;
}

const error_category& datagram_category() noexcept {
  static const datagram_errors category;
  return category;
}

const error_category& stream_category() noexcept {
  static const stream_errors category;
  return category;
}

const error_category& path_category() noexcept {
  static const path_errors category;
  return category;
}

error_code make_error_code(error value) noexcept { return {static_cast<int>(value), runtime_category()}; }

error_code make_wire_error(std::uint64_t code, const error_category& category) noexcept {
  constexpr std::uint64_t largest = std::numeric_limits<int>::max();
  return {static_cast<int>(code < largest ? code : largest), category};
}

connection_end describe(const quic::close_reason& reason) { return {code_of(reason), reason.to_string(), reason}; }

connection_end describe(const error_code& code) {
  std::string message = code.message();
  if (code == asio::error::connection_refused) message = "nobody listens there (" + message + ")";
  return {code, std::move(message), std::nullopt};
}

}  // namespace quasio::runtime

namespace quasio::quic {

error_code make_error_code(stream_error value) noexcept {
  return {static_cast<int>(value) + 1, runtime::stream_category()};
}

error_code make_error_code(datagram_error value) noexcept {
  return {static_cast<int>(value) + 1, runtime::datagram_category()};
}

error_code make_error_code(path_error value) noexcept {
  return {static_cast<int>(value) + 1, runtime::path_category()};
}

}  // namespace quasio::quic
