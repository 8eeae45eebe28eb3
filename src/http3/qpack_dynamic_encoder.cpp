#include "http3/qpack_dynamic_encoder.hpp"

#include <algorithm>
#include <limits>

#include "http3/prefixed_integer.hpp"
#include "http3/qpack_section_reader.hpp"
#include "http3/qpack_section_writer.hpp"
#include "http3/qpack_string.hpp"

namespace quasio::http3 {
namespace {

// The figures were found by trial on the lists of docs/qpack.md; a factor of two either way costs a few per cent.

/// Bytes of a reference or of a Duplicate instruction, on average.
constexpr float reference_cost = 1.5f;

/// For how many sections to come an entry's worth is counted.
constexpr float foresight = 32;

/// An insertion must bring more than its cost, and this many times its cost on top.
constexpr float least_gain = 2;

/// This part of the table is kept free for duplicates while sections are outstanding: those refer to the oldest entries
/// whenever these are popular, so that the copy must find room before the original can go.
constexpr std::size_t reserved_part = 6;

/// This part of the table holds the entries that are about to go.
constexpr std::size_t draining_part = 8;

/// No insertion is worth more duplicates than this.
constexpr std::size_t max_duplicates = 8;

/// The usual saving is an average over about so many sections.
constexpr float saving_memory = 16;

/// How many times the usual saving the last stream at risk must bring.
constexpr float risk_price = 2;

constexpr std::size_t longest_integer = 10;

/// Indices below these take one byte with the name of a literal line (RFC 9204, section 4.5.4), and with that of an
/// insertion (section 4.3.2).
constexpr std::uint64_t short_literal_index = 15;
constexpr std::uint64_t short_insertion_index = 63;

/// Names whose values seldom come twice: known from the start, so that not every new connection has to learn it.
bool is_changeable(std::string_view name) noexcept {
  static constexpr std::string_view names[] = {
      ":path",         "age",           "content-length", "date",      "etag", "if-modified-since",
      "if-none-match", "last-modified", "location",       "set-cookie"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

qpack_dynamic_encoder::qpack_dynamic_encoder(const qpack_encoder_limits& limits)
    : limits_(limits), history_(limits.capacity) {
  table_.set_capacity(limits.capacity);
  eviction_.to_duplicate.reserve(max_duplicates);
}

void qpack_dynamic_encoder::encode(stream_id id, const field_list& fields, std::size_t room,
                                   std::vector<std::uint8_t>& instructions, std::vector<std::uint8_t>& out) {
  if (unacknowledged_.size() == limits_.max_unacknowledged_sections) return append_static_section(out, fields);
  instructions_ = &instructions;
  instructions_end_ = instructions.size() + std::min(room, std::numeric_limits<std::size_t>::max() / 2);
  const std::uint64_t known = table_.known_received_count();
  streams_at_risk_ = unacknowledged_.streams_at_risk(known);
  is_at_risk_ = unacknowledged_.is_at_risk(id, known);
  may_risk_blocking_ = is_at_risk_ || streams_at_risk_ < limits_.max_blocked_streams;
  history_.advance();
  find_matches(fields);
  refresh_draining_entries();
  insert_new_lines(fields);
  find_names(fields);
  weigh_risk(fields);
  write(id, fields, out);
}

// --- What each line becomes ----------------------------------------------------------------------------------------

void qpack_dynamic_encoder::find_matches(const field_list& fields) {
  plans_.clear();
  for (const field& line : fields) {
    line_plan& plan = plans_.emplace_back();
    plan.in_static = find_qpack_static(line.name, line.value);
    plan.never_indexed = must_not_be_indexed(line);
    plan.is_settled = plan.never_indexed || (plan.in_static && plan.in_static->whole);
    if (plan.is_settled) continue;
    plan.hashes = hash_line(line.name, line.value);
    plan.whole = table_.find(plan.hashes, line.name, line.value, reference_limit());
    if (!plan.whole) continue;
    table_.at(*plan.whole).uses = history_.observe(plan.hashes, false);
    plan.is_settled = true;
  }
}

std::uint64_t qpack_dynamic_encoder::reference_limit() const noexcept {
  return may_risk_blocking_ ? table_.lines().insert_count() : table_.known_received_count();
}

float qpack_dynamic_encoder::worth(const line_hashes& hashes, const line_uses& uses,
                                   std::size_t saving) const noexcept {
  return history_.expected_rate(hashes, uses) * static_cast<float>(saving) * foresight;
}

float qpack_dynamic_encoder::worth(std::uint64_t index) const noexcept {
  const qpack_encoder_table::record& one = table_.at(index);
  if (one.superseded) return 0;
  return worth(one.hashes, one.uses, one.saving);
}

/// RFC 9204, section 2.1.1.1: what is about to be evicted and in use again moves to the front.
void qpack_dynamic_encoder::refresh_draining_entries() {
  const std::uint64_t limit = std::max(draining_until_, end_of_oldest(table_.lines().capacity() / draining_part));
  for (line_plan& plan : plans_) {
    if (!plan.whole || *plan.whole >= limit || table_.at(*plan.whole).superseded) continue;
    if (can_duplicate(*plan.whole)) duplicate(*plan.whole);
  }
}

/// The index of the first entry that is not among the oldest, which with what is unused make up `size` bytes.
std::uint64_t qpack_dynamic_encoder::end_of_oldest(std::size_t size) const noexcept {
  const auto& lines = table_.lines();
  std::size_t sum = lines.unused();
  std::uint64_t end = lines.oldest();
  for (; end < lines.insert_count() && sum < size; ++end) sum += lines.at(end).size();
  return end;
}

/// Whether the entry can be duplicated at the cost of nothing but its own place and those of older and lesser ones.
bool qpack_dynamic_encoder::can_duplicate(std::uint64_t index) const noexcept {
  const auto& lines = table_.lines();
  const std::size_t size = lines.at(index).size();
  std::size_t unused = lines.unused();
  for (std::uint64_t oldest = lines.oldest(); unused < size; ++oldest) {
    if (oldest > index || !table_.is_evictable(oldest)) return false;
    if (oldest == index && !may_risk_blocking_) return false;
    if (oldest != index && (is_in_use(oldest) || !is_lesser(oldest, index))) return false;
    unused += lines.at(oldest).size();
  }
  return has_room_for(longest_integer);
}

/// While nothing is outstanding there is no hurry: insertions will find room themselves.
bool qpack_dynamic_encoder::is_lesser(std::uint64_t index, std::uint64_t than) const noexcept {
  return table_.at(index).superseded || (unacknowledged_.size() > 0 && worth(index) < worth(than));
}

bool qpack_dynamic_encoder::is_in_use(std::uint64_t index) const noexcept {
  return std::any_of(plans_.begin(), plans_.end(), [&](const line_plan& plan) { return plan.whole == index; });
}

void qpack_dynamic_encoder::insert_new_lines(const field_list& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!plans_[i].is_settled) consider(fields[i], plans_[i]);
  }
}

void qpack_dynamic_encoder::consider(const field& line, line_plan& plan) {
  const line_uses uses = history_.observe(plan.hashes, is_changeable(line.name));
  // It may stand in this section twice, or be on its way to the peer.
  if (const auto known = table_.find(plan.hashes, line.name, line.value, table_.lines().insert_count())) {
    table_.at(*known).uses = uses;
    if (may_risk_blocking_) plan.whole = known;
    return;
  }
  const std::size_t size = line.name.size() + line.value.size() + qpack_dynamic_table::entry_overhead;
  if (!table_.lines().can_hold(size)) return;
  const std::size_t literal = literal_size(line, plan);
  // Without the reference at once, the line goes on both streams.
  const float cost = may_risk_blocking_ ? reference_cost : static_cast<float>(literal);
  const float gain = worth(plan.hashes, uses, literal) - cost;
  if (gain <= least_gain * cost || !plan_eviction(size, gain)) return;
  const std::size_t longest_insertion = line.name.size() + line.value.size() + 2 * longest_integer;
  if (!has_room_for(longest_insertion + eviction_.to_duplicate.size() * longest_integer)) return;
  for (const std::uint64_t index : eviction_.to_duplicate) duplicate(index);
  send_insert(line, plan);
  const std::uint64_t added = table_.insert(plan.hashes, line.name, line.value);
  qpack_encoder_table::record& one = table_.at(added);
  one.saving = static_cast<std::uint16_t>(std::min<std::size_t>(literal, UINT16_MAX));
  one.uses = uses;
  forget_evicted();
  if (may_risk_blocking_) plan.whole = added;
}

std::size_t qpack_dynamic_encoder::literal_size(const field& line, const line_plan& plan) const noexcept {
  const std::size_t value = qpack_string_size(line.value);
  if (plan.in_static || table_.find_name(plan.hashes, line.name, reference_limit())) return 1 + value;
  return qpack_string_size(line.name) + value;
}

// --- Making room ---------------------------------------------------------------------------------------------------

/// Walks from the oldest entry until enough would be free. False when that is impossible, or costs more than it brings.
bool qpack_dynamic_encoder::plan_eviction(std::size_t size, float worth_of_new) {
  eviction_.to_duplicate.clear();
  eviction_.loss = 0;
  const auto& lines = table_.lines();
  std::size_t unused = lines.unused();
  const std::size_t reserve = unacknowledged_.size() > 0 ? lines.capacity() / reserved_part : 0;
  const std::size_t wanted = std::min(size + reserve, lines.capacity());
  for (std::uint64_t index = lines.oldest(); unused < wanted; ++index) {
    if (index == lines.insert_count()) return false;
    if (!table_.is_evictable(index)) {
      draining_until_ = std::max(draining_until_, end_of_oldest(wanted));
      return false;
    }
    const std::size_t freed = lines.at(index).size();
    const bool in_use = is_in_use(index);
    const bool is_denser = worth(index) * static_cast<float>(size) > worth_of_new * static_cast<float>(freed);
    if (in_use || is_denser) {
      if (eviction_.to_duplicate.size() == max_duplicates) return false;
      eviction_.to_duplicate.push_back(index);
      eviction_.loss += reference_cost;
      if (in_use && !may_risk_blocking_) eviction_.loss += static_cast<float>(table_.at(index).saving);
    } else {
      eviction_.loss += worth(index);
      unused += freed;
    }
    if (eviction_.loss >= worth_of_new) return false;
  }
  return true;
}

/// Streams that may block are few: the more of them are taken, the more a section must save to take another.
void qpack_dynamic_encoder::weigh_risk(const field_list& fields) {
  if (!may_risk_blocking_ || is_at_risk_) return;
  const std::uint64_t known = table_.known_received_count();
  float saved = 0;
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    if (plans_[i].whole && *plans_[i].whole >= known) saved += static_cast<float>(table_.at(*plans_[i].whole).saving);
    if (plans_[i].name && *plans_[i].name >= known)
      saved += plans_[i].in_static ? 1.0f : static_cast<float>(fields[i].name.size());
  }
  if (saved == 0) return;
  usual_saving_ += (saved - usual_saving_) / saving_memory;
  const float taken = static_cast<float>(streams_at_risk_) / static_cast<float>(limits_.max_blocked_streams);
  if (saved >= usual_saving_ * risk_price * taken) return;
  for (line_plan& plan : plans_) {
    if (plan.whole && *plan.whole >= known) plan.whole.reset();
    if (plan.name && *plan.name >= known) plan.name.reset();
  }
}

/// RFC 9204, section 4.3.4.
void qpack_dynamic_encoder::duplicate(std::uint64_t index) {
  begin_instructions();
  append_prefixed_integer(*instructions_, 0x00, 5, table_.lines().insert_count() - index - 1);
  const std::uint64_t copy = table_.duplicate(index);
  for (line_plan& plan : plans_) {
    if (plan.whole == index && may_risk_blocking_) plan.whole = copy;
  }
  forget_evicted();
}

void qpack_dynamic_encoder::forget_evicted() noexcept {
  for (line_plan& plan : plans_) {
    if (plan.whole && !table_.lines().holds(*plan.whole)) plan.whole.reset();
  }
}

/// Besides what tells the capacity.
bool qpack_dynamic_encoder::has_room_for(std::size_t instruction_size) const noexcept {
  return instructions_->size() + instruction_size + longest_integer <= instructions_end_;
}

/// RFC 9204, section 4.3.1.
void qpack_dynamic_encoder::begin_instructions() {
  if (capacity_told_) return;
  capacity_told_ = true;
  append_prefixed_integer(*instructions_, 0x20, 5, limits_.capacity);
}

/// RFC 9204, sections 4.3.2 and 4.3.3.
void qpack_dynamic_encoder::send_insert(const field& line, const line_plan& plan) {
  begin_instructions();
  const std::uint64_t count = table_.lines().insert_count();
  const bool is_short = plan.in_static && plan.in_static->index < short_insertion_index;
  const auto name = is_short ? std::nullopt : table_.find_name(plan.hashes, line.name, count);
  if (name && (!plan.in_static || count - *name <= short_insertion_index)) {
    append_prefixed_integer(*instructions_, 0x80, 6, count - *name - 1);
  } else if (plan.in_static) {
    append_prefixed_integer(*instructions_, 0xc0, 6, plan.in_static->index);
  } else {
    append_qpack_string(*instructions_, 0x40, 6, line.name);
  }
  append_qpack_string(*instructions_, 0x00, 8, line.value);
}

// --- Writing -------------------------------------------------------------------------------------------------------

/// Of lines that have no entry. A name of the static table is looked for only where its index is long and the section
/// refers to the dynamic table anyway.
void qpack_dynamic_encoder::find_names(const field_list& fields) {
  const bool refers = std::any_of(plans_.begin(), plans_.end(), [](const line_plan& plan) { return plan.whole; });
  const std::uint64_t recent =
      table_.lines().insert_count() - std::min(table_.lines().insert_count(), short_literal_index);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    line_plan& plan = plans_[i];
    const bool is_short = plan.in_static && ((plan.in_static->whole && !plan.never_indexed) ||
                                             plan.in_static->index < short_literal_index);
    if (plan.whole || is_short || (plan.in_static && !refers)) continue;
    if (plan.never_indexed) plan.hashes = hash_line(fields[i].name, {});
    plan.name = table_.find_name(plan.hashes, fields[i].name, reference_limit());
    if (plan.in_static && plan.name && *plan.name < recent) plan.name.reset();
  }
}

void qpack_dynamic_encoder::write(stream_id id, const field_list& fields, std::vector<std::uint8_t>& out) {
  std::uint64_t required = 0;
  std::uint64_t oldest = UINT64_MAX;
  for (const line_plan& plan : plans_) {
    const auto reference = plan.whole ? plan.whole : plan.name;
    if (!reference) continue;
    required = std::max(required, *reference + 1);
    oldest = std::min(oldest, *reference);
  }
  append_prefixed_integer(out, 0x00, 8, wrap_insert_count(required, limits_.max_capacity));
  out.push_back(0);  // The Base is the Required Insert Count.
  for (std::size_t i = 0; i < fields.size(); ++i) write_line(out, fields[i], plans_[i], required);
  if (required == 0) return;
  unacknowledged_.add(id, required, oldest);
  table_.pin(oldest);
}

void qpack_dynamic_encoder::write_line(std::vector<std::uint8_t>& out, const field& line, const line_plan& plan,
                                       std::uint64_t base) const {
  if (plan.whole) {
    append_prefixed_integer(out, 0x80, 6, base - *plan.whole - 1);  // RFC 9204, section 4.5.2.
  } else if (plan.name) {
    append_prefixed_integer(out, plan.never_indexed ? 0x60 : 0x40, 4, base - *plan.name - 1);  // Section 4.5.4.
    append_qpack_string(out, 0x00, 8, line.value);
  } else {
    append_static_line(out, line, plan.never_indexed, plan.in_static);
  }
}

// --- What the peer's decoder says ----------------------------------------------------------------------------------

bool qpack_dynamic_encoder::on_section_acknowledged(stream_id id) {
  const auto section = unacknowledged_.take_earliest(id);
  if (!section) return false;
  table_.unpin(section->oldest_reference);
  table_.set_known_received_count(std::max(table_.known_received_count(), section->required_insert_count));
  return true;
}

void qpack_dynamic_encoder::on_stream_cancelled(stream_id id) {
  while (const auto section = unacknowledged_.take_earliest(id)) table_.unpin(section->oldest_reference);
}

bool qpack_dynamic_encoder::on_inserts_received(std::uint64_t increment) {
  const std::uint64_t outstanding = table_.lines().insert_count() - table_.known_received_count();
  if (increment == 0 || increment > outstanding) return false;
  table_.set_known_received_count(table_.known_received_count() + increment);
  return true;
}

std::size_t qpack_dynamic_encoder::memory() const noexcept {
  return table_.memory() + unacknowledged_.memory() + history_.memory() + plans_.capacity() * sizeof(line_plan);
}

}  // namespace quasio::http3
