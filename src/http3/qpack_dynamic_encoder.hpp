#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "http3/qpack_encoder_table.hpp"
#include "http3/qpack_field_history.hpp"
#include "http3/qpack_static_table.hpp"
#include "http3/qpack_unacknowledged.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// What the peer's settings allow our encoder, and what it makes of them.
struct qpack_encoder_limits {
  std::size_t capacity = 0;        ///< That the encoder uses, at most `max_capacity`.
  std::uint64_t max_capacity = 0;  ///< That the peer allows; the arithmetic of sections goes by it.
  std::uint64_t max_blocked_streams = 0;
  std::size_t max_unacknowledged_sections = 0;
};

/// The encoder where there is a dynamic table.
///
/// What it puts there must pay: of each line it estimates how often it will come again (qpack_field_history), and so
/// how many bytes a place in the table saves. A line gets a place when that is more than what inserting it costs, and
/// more than what the entries save that must go for it. Entries that are worth more than the newcomer are not let go,
/// but duplicated, when they are the oldest.
///
/// A section refers to what the peer is known to have. It refers to more only while fewer streams are at risk of
/// blocking than the peer allows (RFC 9204, section 2.1.2).
class qpack_dynamic_encoder {
public:
  explicit qpack_dynamic_encoder(const qpack_encoder_limits& limits);

  /// As qpack_encoder::encode(), with the instructions appended to `instructions`.
  void encode(stream_id id, const field_list& fields, std::size_t room, std::vector<std::uint8_t>& instructions,
              std::vector<std::uint8_t>& out);

  // --- What the peer's decoder says (section 4.4). False for what is an error.
  // -----------------------------------------

  bool on_section_acknowledged(stream_id id);
  void on_stream_cancelled(stream_id id);
  bool on_inserts_received(std::uint64_t increment);

  const qpack_encoder_table& table() const noexcept { return table_; }
  const qpack_unacknowledged& unacknowledged() const noexcept { return unacknowledged_; }

  /// What this takes beyond itself, in bytes.
  std::size_t memory() const noexcept;

private:
  /// How a line of the section at hand is going to be written.
  struct line_plan {
    line_hashes hashes;
    std::optional<static_match> in_static;
    std::optional<std::uint64_t> whole;  ///< The entry that is the line.
    std::optional<std::uint64_t> name;   ///< The entry that has the name.
    bool never_indexed = false;
    bool is_settled = false;  ///< Needs no look at the dynamic table.
  };

  /// What making room for an entry takes.
  struct eviction_plan {
    std::vector<std::uint64_t> to_duplicate;
    float loss = 0;  ///< Bytes that would have been saved by what goes.
  };

  void find_matches(const field_list& fields);
  void refresh_draining_entries();
  void insert_new_lines(const field_list& fields);
  void consider(const field& line, line_plan& plan);
  void find_names(const field_list& fields);
  void write(stream_id id, const field_list& fields, std::vector<std::uint8_t>& out);
  void write_line(std::vector<std::uint8_t>& out, const field& line, const line_plan& plan, std::uint64_t base) const;

  std::uint64_t reference_limit() const noexcept;
  float worth(const line_hashes& hashes, const line_uses& uses, std::size_t saving) const noexcept;
  float worth(std::uint64_t index) const noexcept;
  std::uint64_t end_of_oldest(std::size_t size) const noexcept;
  bool can_duplicate(std::uint64_t index) const noexcept;
  bool is_lesser(std::uint64_t index, std::uint64_t than) const noexcept;
  bool is_in_use(std::uint64_t index) const noexcept;
  void forget_evicted() noexcept;
  bool plan_eviction(std::size_t size, float worth_of_new);
  void weigh_risk(const field_list& fields);
  void duplicate(std::uint64_t index);
  std::size_t literal_size(const field& line, const line_plan& plan) const noexcept;
  void send_insert(const field& line, const line_plan& plan);
  bool has_room_for(std::size_t instruction_size) const noexcept;
  void begin_instructions();

  qpack_encoder_limits limits_;
  qpack_encoder_table table_;
  qpack_unacknowledged unacknowledged_;
  qpack_field_history history_;
  bool capacity_told_ = false;

  std::uint64_t draining_until_ = 0;  ///< Older entries stand in the way of insertions (section 2.1.1.1).

  // Of the section at hand.
  std::vector<line_plan> plans_;
  eviction_plan eviction_;
  std::vector<std::uint8_t>* instructions_ = nullptr;
  std::size_t instructions_end_ = 0;  ///< Their size at the most.
  std::size_t streams_at_risk_ = 0;
  bool is_at_risk_ = false;
  bool may_risk_blocking_ = false;
  float usual_saving_ = 0;
};

}  // namespace quasio::http3
