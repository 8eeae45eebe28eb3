#include <algorithm>
#include <bit>

#include "quic/stream_set.hpp"
#include "wire/data_frame_header.hpp"
#include "wire/frame_writer.hpp"

/// What the streams send, and what becomes of it (RFC 9000, sections 13.3 and 19.4 to 19.14).
namespace quasio::quic {
namespace {

// A type and three varints, as in RESET_STREAM.
constexpr std::size_t largest_control_frame = 1 + 3 * 8;

// Less data than this is not worth a frame at the end of a packet when more is at hand.
constexpr std::size_t smallest_piece = 32;

constexpr stream_notice all_notices[] = {stream_notice::reset_stream, stream_notice::stop_sending,
                                         stream_notice::max_stream_data, stream_notice::stream_data_blocked};

/// How a STREAM frame is laid into the space that a packet has left.
struct frame_fit {
  std::size_t padding = 0;  // Before the frame.
  std::size_t length = 0;   // Of the data.
  bool has_length = true;
};

std::optional<frame_fit> fit(const send_piece& piece, stream_id id, std::size_t space, bool last_in_packet) {
  const auto with_length = wire::stream_frame_capacity(space, id, piece.offset, true);
  if (with_length && piece.length <= *with_length) return frame_fit{0, static_cast<std::size_t>(piece.length), true};
  if (!last_in_packet) {
    if (!with_length || *with_length < smallest_piece) return std::nullopt;
    return frame_fit{0, *with_length, true};
  }
  const auto without_length = wire::stream_frame_capacity(space, id, piece.offset, false);
  if (!without_length || *without_length < std::min<std::uint64_t>(piece.length, smallest_piece)) return std::nullopt;
  const std::size_t length = std::min<std::uint64_t>(piece.length, *without_length);
  // The frame reaches to the end. Where only its Length field was too much, a byte or two of padding come before it.
  return frame_fit{*without_length - length, length, false};
}

sent_frame record_of(sent_frame_kind kind, std::uint64_t id, std::uint64_t offset) noexcept {
  return {.kind = kind, .id = id, .offset = offset};
}

constexpr bool is_bidirectional(stream_direction direction) noexcept {
  return direction == stream_direction::bidirectional;
}

}  // namespace

bool stream_set::has_frames_to_send() const noexcept {
  if (!repairs_.empty() || !noticed_.empty()) return true;
  if (!fresh_.empty() && connection_out_.available() > 0) return true;
  if (connection_in_.update_due() || connection_blocked_frame_due()) return true;
  return std::any_of(incoming_.begin(), incoming_.end(), [](const auto& kind) { return kind.update_due(); }) ||
         std::any_of(outgoing_.begin(), outgoing_.end(), [](const auto& kind) { return kind.blocked_frame_due(); });
}

bool stream_set::is_blocked_by_peer() const noexcept {
  return out_of_credit_ > 0 || (!fresh_.empty() && connection_out_.available() == 0);
}

void stream_set::write_frames(byte_writer& packet, sent_frames& record, bool last_in_packet) {
  if (!write_control_frames(packet, record)) return;
  while (const std::uint8_t urgencies = urgencies_with_data()) {
    const auto most_urgent = static_cast<std::size_t>(std::countr_zero(urgencies));
    if (!write_data_frame(most_urgent, packet, record, last_in_packet)) return;
  }
  // The last new data may have used up the credit.
  write_control_frames(packet, record);
}

bool stream_set::is_everything_delivered() const noexcept {
  return streams_.find_if([](const stream& each) { return each.sends && !each.sending.is_delivered(); }) == nullptr;
}

void stream_set::say_blocked_again() {
  if (connection_out_.available() == 0 && !fresh_.empty())
    return connection_out_.on_blocked_lost(connection_out_.limit());
  // One stream's word is as good as all of theirs.
  stream* const blocked = streams_.find_if([](const stream& each) { return each.sends && each.sending.is_blocked(); });
  if (blocked == nullptr) return;
  blocked->sending.on_blocked_lost(blocked->sending.limit());
  add_notice(*blocked, stream_notice::stream_data_blocked);
}

bool stream_set::write_control_frames(byte_writer& packet, sent_frames& record) {
  return write_connection_frames(packet, record) && write_notices(packet, record);
}

bool stream_set::write_data_frame(std::size_t urgency, byte_writer& packet, sent_frames& record, bool last_in_packet) {
  return write_stream_frame(*next_to_send(urgency), packet, record, last_in_packet);
}

std::uint8_t stream_set::urgencies_with_data() const noexcept {
  return connection_out_.available() > 0 ? repairs_.urgencies() | fresh_.urgencies() : repairs_.urgencies();
}

// --- Control frames ----------------------------------------------------------------------------------------------

bool stream_set::connection_blocked_frame_due() const noexcept {
  return !fresh_.empty() && connection_out_.blocked_frame_due();
}

bool stream_set::write_connection_frames(byte_writer& packet, sent_frames& record) {
  if (connection_in_.update_due()) {
    if (packet.remaining() < largest_control_frame) return false;
    const std::uint64_t limit = connection_in_.announce();
    wire::write(packet, wire::max_data_frame{limit});
    record.push_back(record_of(sent_frame_kind::max_data, 0, limit));
  }
  if (connection_blocked_frame_due()) {
    if (packet.remaining() < largest_control_frame) return false;
    connection_out_.on_blocked_told();
    wire::write(packet, wire::data_blocked_frame{connection_out_.limit()});
    record.push_back(record_of(sent_frame_kind::data_blocked, 0, connection_out_.limit()));
  }
  return write_limits_of_streams(stream_direction::bidirectional, packet, record) &&
         write_limits_of_streams(stream_direction::unidirectional, packet, record);
}

bool stream_set::write_limits_of_streams(stream_direction direction, byte_writer& packet, sent_frames& record) {
  if (incoming_streams& kind = incoming(direction); kind.update_due()) {
    if (packet.remaining() < largest_control_frame) return false;
    const std::uint64_t limit = kind.announce();
    wire::write(packet, wire::max_streams_frame{direction, limit});
    record.push_back(record_of(is_bidirectional(direction) ? sent_frame_kind::max_streams_bidirectional
                                                           : sent_frame_kind::max_streams_unidirectional,
                               0, limit));
  }
  if (outgoing_streams& kind = outgoing(direction); kind.blocked_frame_due()) {
    if (packet.remaining() < largest_control_frame) return false;
    kind.on_blocked_told();
    wire::write(packet, wire::streams_blocked_frame{direction, kind.limit()});
    record.push_back(record_of(is_bidirectional(direction) ? sent_frame_kind::streams_blocked_bidirectional
                                                           : sent_frame_kind::streams_blocked_unidirectional,
                               0, kind.limit()));
  }
  return true;
}

bool stream_set::write_notices(byte_writer& packet, sent_frames& record) {
  while (!noticed_.empty()) {
    stream& about = *noticed_.back();
    for (const stream_notice notice : all_notices) {
      if (!about.has_notice(notice)) continue;
      if (packet.remaining() < largest_control_frame) return false;
      write_notice(about, notice, packet, record);
      drop_notice(about, notice);
    }
  }
  return true;
}

void stream_set::write_notice(stream& about, stream_notice notice, byte_writer& packet, sent_frames& record) {
  const stream_id id = about.id;
  switch (notice) {
    case stream_notice::reset_stream:
      wire::write(packet, wire::reset_stream_frame{id, about.sending.reset_code(), about.sending.final_size()});
      record.push_back(record_of(sent_frame_kind::reset_stream, id, about.sending.final_size()));
      return;
    case stream_notice::stop_sending:
      wire::write(packet, wire::stop_sending_frame{id, about.stop_code});
      record.push_back(record_of(sent_frame_kind::stop_sending, id, 0));
      return;
    case stream_notice::max_stream_data: {
      const std::uint64_t limit = about.receiving.announce();
      wire::write(packet, wire::max_stream_data_frame{id, limit});
      record.push_back(record_of(sent_frame_kind::max_stream_data, id, limit));
      return;
    }
    case stream_notice::stream_data_blocked:
      about.sending.on_blocked_told();
      wire::write(packet, wire::stream_data_blocked_frame{id, about.sending.limit()});
      record.push_back(record_of(sent_frame_kind::stream_data_blocked, id, about.sending.limit()));
      return;
  }
}

bool stream_set::is_needed(const stream& about, stream_notice notice) noexcept {
  switch (notice) {
    case stream_notice::reset_stream:
      return about.sends && about.sending.state() == send_state::reset_sent;
    case stream_notice::stop_sending:
      return about.receives && about.receiving.state() == receive_state::receive;
    case stream_notice::max_stream_data:
      return about.receives && about.receiving.update_due();
    case stream_notice::stream_data_blocked:
      return about.sends && about.sending.blocked_frame_due();
  }
  return false;
}

void stream_set::add_notice(stream& about, stream_notice notice) {
  if (about.has_notice(notice) || !is_needed(about, notice) || !is_admitted(about.id)) return;
  if (about.notices == 0) {
    about.notice_slot = noticed_.size();
    noticed_.push_back(&about);
  }
  about.notices = static_cast<std::uint8_t>(about.notices | static_cast<unsigned>(notice));
}

void stream_set::drop_notice(stream& about, stream_notice notice) noexcept {
  about.notices = static_cast<std::uint8_t>(about.notices & ~static_cast<unsigned>(notice));
  if (about.notices != 0) return;
  noticed_[about.notice_slot] = noticed_.back();
  noticed_[about.notice_slot]->notice_slot = about.notice_slot;
  noticed_.pop_back();
}

void stream_set::drop_notices_not_needed(stream& about) noexcept {
  if (about.notices == 0) return;
  for (const stream_notice notice : all_notices) {
    if (about.has_notice(notice) && !is_needed(about, notice)) drop_notice(about, notice);
  }
}

// --- Data --------------------------------------------------------------------------------------------------------

void stream_set::reschedule(stream& changed) {
  const bool admitted = is_admitted(changed.id);
  schedule(repairs_, changed.repairs, admitted && changed.sending.has_repairs());
  schedule(fresh_, changed.fresh, admitted && changed.sending.has_fresh());
  note_credit(changed, changed.sending.is_out_of_credit());
  add_notice(changed, stream_notice::stream_data_blocked);
}

void stream_set::note_credit(stream& of, bool lacking) noexcept {
  if (of.out_of_credit == lacking) return;
  of.out_of_credit = lacking;
  lacking ? ++out_of_credit_ : --out_of_credit_;
}

void stream_set::schedule(stream_scheduler& scheduler, schedule_entry& entry, bool wanted) {
  if (wanted == entry.queued) return;
  if (wanted) {
    scheduler.add(entry);
  } else {
    scheduler.remove(entry);
  }
}

// Lost data goes before new data of the same urgency (section 13.3), and needs no new credit.
schedule_entry* stream_set::next_to_send(std::size_t urgency) const noexcept {
  schedule_entry* const repair = repairs_.pick_at(urgency);
  return repair != nullptr ? repair : fresh_.pick_at(urgency);
}

bool stream_set::write_stream_frame(schedule_entry& turn, byte_writer& packet, sent_frames& record,
                                    bool last_in_packet) {
  const stream& sender = *turn.owner;
  const send_stream& sending = sender.sending;
  const bool is_repair = &turn == &sender.repairs;
  const send_piece piece = is_repair ? sending.next_repair() : sending.next_fresh(connection_out_.available());
  const auto plan = fit(piece, sender.id, packet.remaining(), last_in_packet);
  if (!plan) return false;

  const send_piece sent{piece.offset, plan->length, piece.fin && plan->length == piece.length};
  packet.write_zeros(plan->padding);
  wire::write_stream_frame_header(packet, sender.id, sent.offset, plan->length, sent.fin, plan->has_length);
  sending.copy_out(sent.offset, packet.reserve(plan->length));
  record.push_back({.kind = sent_frame_kind::stream,
                    .fin = sent.fin,
                    .length = static_cast<std::uint32_t>(sent.length),
                    .id = sender.id,
                    .offset = sent.offset});
  on_data_sent(turn, sent);
  return true;
}

void stream_set::on_data_sent(schedule_entry& turn, const send_piece& sent) {
  stream& sender = *turn.owner;
  sender.sending.on_sent(sent.offset, sent.length, sent.fin);
  if (&turn == &sender.repairs) {
    counters_.bytes_resent += sent.length;
    repairs_.yield_turn(turn);
  } else {
    counters_.bytes_sent += sent.length;
    unsent_ -= sent.length;
    connection_out_.use(sent.length);
    fresh_.yield_turn(turn);
  }
  reschedule(sender);
  // Half of the buffer is worth a wake-up; a packet's worth is not.
  if (sender.waits_to_write && sender.sending.unsent() <= allowance(sender.sending) / 2) {
    sender.waits_to_write = false;
    events_->push(stream_writable{sender.id});
  }
}

// --- What became of it -------------------------------------------------------------------------------------------

void stream_set::on_acked(const sent_frame& frame) {
  if (frame.kind != sent_frame_kind::stream && frame.kind != sent_frame_kind::reset_stream) return;
  stream* const found = streams_.find(frame.id);
  if (found == nullptr) return;
  if (frame.kind == sent_frame_kind::stream) {
    found->sending.on_acked(frame.offset, frame.length, frame.fin);
    reschedule(*found);
  } else {
    found->sending.on_reset_acked();
    drop_notices_not_needed(*found);
  }
  close_if_done(*found);
}

void stream_set::on_lost(const sent_frame& frame) {
  switch (frame.kind) {
    case sent_frame_kind::max_data:
      connection_in_.on_announcement_lost(frame.offset);
      return;
    case sent_frame_kind::data_blocked:
      connection_out_.on_blocked_lost(frame.offset);
      return;
    case sent_frame_kind::max_streams_bidirectional:
      incoming(stream_direction::bidirectional).on_announcement_lost(frame.offset);
      return;
    case sent_frame_kind::max_streams_unidirectional:
      incoming(stream_direction::unidirectional).on_announcement_lost(frame.offset);
      return;
    case sent_frame_kind::streams_blocked_bidirectional:
      outgoing(stream_direction::bidirectional).on_blocked_lost(frame.offset);
      return;
    case sent_frame_kind::streams_blocked_unidirectional:
      outgoing(stream_direction::unidirectional).on_blocked_lost(frame.offset);
      return;
    default:
      on_stream_frame_lost(frame);
      return;
  }
}

void stream_set::on_stream_frame_lost(const sent_frame& frame) {
  const auto is_about_stream = [&] {
    switch (frame.kind) {
      case sent_frame_kind::stream:
      case sent_frame_kind::reset_stream:
      case sent_frame_kind::stop_sending:
      case sent_frame_kind::max_stream_data:
      case sent_frame_kind::stream_data_blocked:
        return true;
      default:
        return false;
    }
  };
  stream* const found = is_about_stream() ? streams_.find(frame.id) : nullptr;
  if (found == nullptr) return;
  switch (frame.kind) {
    case sent_frame_kind::stream:
      found->sending.on_lost(frame.offset, frame.length, frame.fin);
      reschedule(*found);
      return;
    case sent_frame_kind::reset_stream:
      add_notice(*found, stream_notice::reset_stream);
      return;
    case sent_frame_kind::stop_sending:
      add_notice(*found, stream_notice::stop_sending);
      return;
    case sent_frame_kind::max_stream_data:
      found->receiving.on_announcement_lost(frame.offset);
      add_notice(*found, stream_notice::max_stream_data);
      return;
    default:
      found->sending.on_blocked_lost(frame.offset);
      add_notice(*found, stream_notice::stream_data_blocked);
      return;
  }
}

}  // namespace quasio::quic
