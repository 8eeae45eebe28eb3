#include "quic/local_connection_ids.hpp"

#include <algorithm>

#include "crypto/stateless_reset.hpp"
#include "wire/frame_writer.hpp"

namespace quasio::quic {

local_connection_ids::local_connection_ids(std::shared_ptr<connection_id_generator> generator,
                                           const std::array<std::uint8_t, 32>& reset_token_key, random_source& random,
                                           event_queue& events, const connection_id& first, std::uint64_t most)
    : generator_(std::move(generator)),
      reset_token_key_(reset_token_key),
      random_(random),
      events_(events),
      first_(first),
      most_(most) {
  active_.push_back({.sequence = 0, .id = first, .is_known = true, .is_used = true});
  events_.push(connection_id_issued{first});
}

stateless_reset_token local_connection_ids::first_reset_token() const {
  return crypto::derive_stateless_reset_token(reset_token_key_, first_.bytes());
}

void local_connection_ids::add_temporary(const connection_id& id) {
  temporary_ = id;
  events_.push(connection_id_issued{id});
}

void local_connection_ids::retire_temporary() {
  if (!temporary_) return;
  events_.push(connection_id_retired{*temporary_});
  temporary_.reset();
}

std::optional<local_connection_ids::spare_id> local_connection_ids::issue_with_preferred_address() {
  if (generator_->size() == 0) return std::nullopt;
  const connection_id id = unused_id();
  active_.push_back({.sequence = next_sequence_, .id = id, .is_known = true});
  events_.push(connection_id_issued{id});
  announced_below_ = ++next_sequence_;
  return spare_id{id, crypto::derive_stateless_reset_token(reset_token_key_, id.bytes())};
}

void local_connection_ids::issue(std::uint64_t peer_active_connection_id_limit) {
  // An endpoint that is addressed without connection IDs has none to issue (section 5.1.1).
  if (generator_->size() == 0) return;
  wanted_ = std::min(peer_active_connection_id_limit, most_);
  while (active_.size() < wanted_) {
    const connection_id id = unused_id();
    active_.push_back({.sequence = next_sequence_, .id = id});
    unannounced_.push_back(next_sequence_);
    events_.push(connection_id_issued{id});
    ++next_sequence_;
  }
}

// Of very short IDs the same one comes twice now and then.
connection_id local_connection_ids::unused_id() {
  constexpr int max_tries = 64;
  connection_id id = generator_->generate(random_);
  for (int tries = 1; tries < max_tries && owns(id.bytes()); ++tries) id = generator_->generate(random_);
  return id;
}

bool local_connection_ids::owns(byte_view id) const noexcept {
  const auto equals = [id](const connection_id& own) { return std::ranges::equal(own.bytes(), id); };
  return std::ranges::any_of(active_, equals, &issued_id::id) || (temporary_ && equals(*temporary_));
}

transport_result<void> local_connection_ids::retire(std::uint64_t sequence, const connection_id& used) {
  constexpr std::uint64_t frame_type = 0x19;
  // Section 19.16: what was issued but not sent yet, the peer cannot know.
  if (sequence >= announced_below_) {
    return unexpected(transport_error{transport_error_code::protocol_violation, frame_type,
                                      "retires a connection ID that was never issued"});
  }
  const auto retired = std::ranges::find(active_, sequence, &issued_id::sequence);
  if (retired == active_.end()) return {};
  if (retired->id == used) {
    return unexpected(transport_error{transport_error_code::protocol_violation, frame_type,
                                      "retires the connection ID of the packet that says so"});
  }
  events_.push(connection_id_retired{retired->id});
  active_.erase(retired);
  std::erase(unannounced_, sequence);
  issue(wanted_);
  return {};
}

void local_connection_ids::retire_all() {
  retire_temporary();
  for (const issued_id& issued : active_) events_.push(connection_id_retired{issued.id});
  active_.clear();
  unannounced_.clear();
}

void local_connection_ids::write_frames(byte_writer& packet, sent_frames& record) {
  while (!unannounced_.empty()) {
    const std::uint64_t sequence = unannounced_.front();
    const connection_id& id = find(sequence)->id;
    const wire::new_connection_id_frame frame{
        .sequence = sequence,
        .retire_prior_to = 0,
        .id = id,
        .reset_token = crypto::derive_stateless_reset_token(reset_token_key_, id.bytes()),
    };
    if (packet.remaining() < wire::encoded_size(frame)) return;
    wire::write(packet, frame);
    record.push_back({.kind = sent_frame_kind::new_connection_id, .id = sequence});
    unannounced_.erase(unannounced_.begin());
    announced_below_ = std::max(announced_below_, sequence + 1);
  }
}

void local_connection_ids::note_used(const connection_id& id) noexcept {
  if (id == last_used_) return;
  last_used_ = id;
  const auto used = std::ranges::find(active_, id, &issued_id::id);
  if (used != active_.end()) used->is_used = used->is_known = true;
}

bool local_connection_ids::peer_has_unused() const noexcept {
  return generator_->size() == 0 ||
         std::ranges::any_of(active_, [](const issued_id& each) { return each.is_known && !each.is_used; });
}

void local_connection_ids::on_acked(const sent_frame& frame) noexcept {
  const auto known = std::ranges::find(active_, frame.id, &issued_id::sequence);
  if (known != active_.end()) known->is_known = true;
}

void local_connection_ids::on_lost(const sent_frame& frame) {
  // A probe repeats what may be found lost once more later.
  const bool is_waiting = std::ranges::find(unannounced_, frame.id) != unannounced_.end();
  if (!is_waiting && find(frame.id)) unannounced_.push_back(frame.id);
}

const local_connection_ids::issued_id* local_connection_ids::find(std::uint64_t sequence) const noexcept {
  const auto found = std::ranges::find(active_, sequence, &issued_id::sequence);
  return found == active_.end() ? nullptr : &*found;
}

}  // namespace quasio::quic
