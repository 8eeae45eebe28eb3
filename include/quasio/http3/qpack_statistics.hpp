#pragma once

#include <cstddef>
#include <cstdint>

namespace quasio::http3 {

/// What became of one dynamic table of QPACK (RFC 9204).
struct qpack_table_statistics {
  std::size_t capacity = 0;        ///< In use, in bytes; 0 when there is no table.
  std::size_t size = 0;            ///< Of its entries, as RFC 9204 section 3.2.1 counts them.
  std::uint64_t entries = 0;       ///< Held now.
  std::uint64_t inserted = 0;      ///< Ever.
  std::size_t memory = 0;          ///< Bytes that the whole encoder or decoder takes.
  std::size_t outstanding = 0;     ///< Encoder: sections without acknowledgment. Decoder: streams that are blocked.
  std::size_t unacknowledged = 0;  ///< Entries that the other side is not known to have, or has not been told we have.
};

/// Both tables of a connection.
struct qpack_statistics {
  qpack_table_statistics encoder;  ///< For what we send.
  qpack_table_statistics decoder;  ///< For what we receive.
};

}  // namespace quasio::http3
