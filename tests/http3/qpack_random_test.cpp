#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "http3/test_bytes.hpp"

/// An encoder and a decoder whose streams run at speeds of their own, as those of QUIC do under loss: whatever comes
/// first, every section that is not cancelled is decoded to what was encoded, and no promise is broken.
namespace quasio::http3 {
namespace {

using namespace testing;

constexpr section_limits wide{1 << 20, 1000};

class turmoil {
public:
  explicit turmoil(std::uint32_t seed)
      : random_(seed),
        capacity_(pick({40, 128, 512, 4096, 16384})),
        blocked_(pick({0, 1, 5, 100})),
        decoder_({capacity_, blocked_}) {
    encoder_.allow_dynamic_table({below(2) == 0 ? capacity_ : capacity_ / 2, capacity_, blocked_, pick({3, 50, 1000})});
  }

  void run() {
    for (int step = 0; step < 3000 && !::testing::Test::HasFatalFailure(); ++step) {
      switch (below(12)) {
        case 0:
        case 1:
        case 2:
          say();
          break;
        case 3:
          cancel();
          break;
        case 4:
        case 5:
        case 6:
          hear_instructions(1 + below(60));
          break;
        case 7:
        case 8:
          hear_answers(1 + below(6));
          break;
        default:
          hear_section();
      }
    }
    settle();
  }

private:
  struct sent_section {
    bytes encoded;
    field_list fields;
  };

  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::size_t pick(std::initializer_list<std::size_t> from) { return *(from.begin() + below(from.size())); }

  field some_field() {
    static const char* const names[] = {":path", "cookie", "user-agent", "x-a", "x-b", "content-type", "accept", "x-c"};
    const std::size_t kind = below(5);
    std::string value =
        kind == 0 ? std::to_string(random_()) : std::string(below(90), static_cast<char>('a' + below(3)));
    return {names[below(8)], kind == 1 ? "" : value, below(20) == 0};
  }

  void say() {
    const stream_id id = 4 * below(next_stream_ + 1);
    if (id == 4 * next_stream_) ++next_stream_;
    if (cancelled_.count(id) > 0) return;
    sent_section sent;
    for (std::size_t i = below(12); i > 0; --i) sent.fields.push_back(some_field());
    const std::size_t room = below(4) == 0 ? below(100) : SIZE_MAX;
    encoder_.encode(id, sent.fields, room, sent.encoded);
    ASSERT_LE(encoder_.instructions().size(), room);
    instructions_.insert(instructions_.end(), encoder_.instructions().begin(), encoder_.instructions().end());
    encoder_.instructions().clear();
    sections_[id].push_back(std::move(sent));
    if (const auto* dynamic = encoder_.dynamic()) {
      // Nothing goes that the decoder is not known to have had.
      ASSERT_LE(dynamic->table().lines().oldest(), dynamic->table().known_received_count());
      ASSERT_LE(dynamic->unacknowledged().streams_at_risk(dynamic->table().known_received_count()), blocked_);
    }
  }

  void cancel() {
    if (next_stream_ == 0 || below(4) != 0) return;
    const stream_id id = 4 * below(next_stream_);
    // Sometimes what was sent has all been read, and nobody needs to be told.
    if (!sections_[id].empty() || below(2) == 0) decoder_.cancel(id);
    sections_.erase(id);
    cancelled_[id] = true;
  }

  void hear_instructions(std::size_t count) {
    const bytes piece = take(instructions_, count);
    const auto heard = decoder_.on_encoder_stream(piece);
    ASSERT_TRUE(heard) << heard.error().what.reason;
    while (const auto id = decoder_.take_unblocked()) hear_section(*id);
    if (below(3) == 0) decoder_.acknowledge_inserts();
    collect_answers();
  }

  void hear_section() {
    if (next_stream_ > 0) hear_section(4 * below(next_stream_));
  }

  void hear_section(stream_id id) {
    const auto found = sections_.find(id);
    if (found == sections_.end() || found->second.empty()) return;
    const sent_section& next = found->second.front();
    const auto ready = decoder_.is_decodable(id, next.encoded);
    ASSERT_TRUE(ready) << ready.error().what.reason;
    if (*ready == false) return;
    const auto fields = decoder_.decode(id, next.encoded, wide);
    ASSERT_TRUE(fields) << fields.error().what.reason;
    ASSERT_EQ(fields->size(), next.fields.size());
    for (std::size_t i = 0; i < fields->size(); ++i) {
      ASSERT_EQ((*fields)[i].name, next.fields[i].name);
      ASSERT_EQ((*fields)[i].value, next.fields[i].value);
      ASSERT_GE((*fields)[i].never_indexed, next.fields[i].never_indexed);
    }
    found->second.pop_front();
    collect_answers();
  }

  void collect_answers() {
    answers_.insert(answers_.end(), decoder_.instructions().begin(), decoder_.instructions().end());
    decoder_.instructions().clear();
  }

  void hear_answers(std::size_t count) {
    collect_answers();
    const auto heard = encoder_.on_decoder_stream(take(answers_, count));
    ASSERT_TRUE(heard) << heard.error().what.reason;
  }

  /// Everything arrives at last.
  void settle() {
    hear_instructions(SIZE_MAX);
    for (auto& [id, waiting] : sections_) {
      while (!waiting.empty()) {
        const std::size_t before = waiting.size();
        hear_section(id);
        ASSERT_LT(waiting.size(), before) << "still blocked";
      }
    }
    decoder_.acknowledge_inserts();
    hear_answers(SIZE_MAX);
    EXPECT_EQ(decoder_.blocked_streams(), 0u);
    if (const auto* dynamic = encoder_.dynamic()) {
      EXPECT_EQ(dynamic->unacknowledged().size(), 0u);
      EXPECT_EQ(dynamic->table().known_received_count(), dynamic->table().lines().insert_count());
    }
  }

  static bytes take(std::deque<std::uint8_t>& from, std::size_t count) {
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(count, from.size()));
    bytes taken(from.begin(), end);
    from.erase(from.begin(), end);
    return taken;
  }

  std::mt19937 random_;
  std::size_t capacity_;
  std::size_t blocked_;
  qpack_encoder encoder_;
  qpack_decoder decoder_;
  std::size_t next_stream_ = 0;
  std::map<stream_id, std::deque<sent_section>> sections_;
  std::map<stream_id, bool> cancelled_;
  std::deque<std::uint8_t> instructions_;
  std::deque<std::uint8_t> answers_;
};

// [rfc9204 2.1.1#1 3.2.2#1]
TEST(qpack_random, streams_at_speeds_of_their_own_break_nothing) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    turmoil(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::http3
