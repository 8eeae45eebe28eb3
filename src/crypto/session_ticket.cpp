#include "crypto/session_ticket.hpp"

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"

namespace quasio::crypto {

std::vector<std::uint8_t> encode_ticket(SSL_SESSION* session, std::string_view server_name) {
  const int session_size = i2d_SSL_SESSION(session, nullptr);
  if (session_size <= 0) return {};
  const std::size_t name_size = varint_size(server_name.size()) + server_name.size();
  std::vector<std::uint8_t> ticket(name_size + static_cast<std::size_t>(session_size));
  byte_writer writer(ticket);
  writer.write_varint_prefixed(as_bytes(server_name));
  unsigned char* out = ticket.data() + name_size;
  if (i2d_SSL_SESSION(session, &out) != session_size) return {};
  return ticket;
}

session_pointer decode_ticket(byte_view ticket, std::string_view server_name) {
  byte_reader reader(ticket);
  const auto name = reader.read_varint_prefixed();
  if (!name || as_text(*name) != server_name) return nullptr;
  const unsigned char* in = reader.rest().data();
  session_pointer session(d2i_SSL_SESSION(nullptr, &in, static_cast<long>(reader.remaining())));
  if (!session || SSL_SESSION_is_resumable(session.get()) != 1) return nullptr;
  if (SSL_SESSION_get_protocol_version(session.get()) != TLS1_3_VERSION) return nullptr;
  return session;
}

}  // namespace quasio::crypto
