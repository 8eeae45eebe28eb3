#include "quic/ecn_validation.hpp"

#include <utility>

namespace quasio::quic {
namespace {

// RFC 9000, section 13.4.2: a path that swallows marked packets must not hold a connection up for longer.
constexpr int test_timeouts = 3;

}  // namespace

ecn_codepoint ecn_validation::mark(time_point now) noexcept {
  if (state_ == ecn_state::testing && test_ends_ && now >= *test_ends_) end_test();
  const bool marks = state_ == ecn_state::testing || state_ == ecn_state::capable;
  return marks ? ecn_codepoint::ect0 : ecn_codepoint::not_ect;
}

void ecn_validation::on_marked_sent(time_point now, duration probe_timeout) noexcept {
  ++sent_;
  if (state_ != ecn_state::testing) return;
  if (!test_ends_) test_ends_ = now + test_timeouts * probe_timeout;
  if (sent_ >= test_packets_) end_test();
}

void ecn_validation::end_test() noexcept {
  state_ = ecn_state::unknown;
  judge_test();
}

// A test that is still running has marked packets to come, which may do better.
void ecn_validation::judge_test() noexcept {
  if (state_ != ecn_state::unknown || acked_ + lost_ < sent_) return;
  // Where anything was acknowledged and the path is still unknown, all of it bore the mark of congestion.
  if (sent_ > 0) return fail();
  // Nothing was learnt: the keys of all marked packets are gone. The next ones begin the test anew.
  state_ = ecn_state::testing;
  test_ends_.reset();
}

void ecn_validation::on_marked_lost() noexcept {
  ++lost_;
  judge_test();
}

void ecn_validation::on_marked_forgotten() noexcept {
  if (sent_ > 0) --sent_;
  judge_test();
}

void ecn_validation::on_validated(std::uint64_t marked_acked, std::uint64_t congestion_marks) noexcept {
  acked_ += marked_acked;
  congestion_marks_ += congestion_marks;
  if (acked_ == 0 || (state_ != ecn_state::testing && state_ != ecn_state::unknown)) return;
  // Appendix A.4: a network that puts its mark of congestion on everything says nothing by it.
  if (congestion_marks_ >= acked_) {
    if (acked_ >= test_packets_) return fail();
    return judge_test();
  }
  state_ = ecn_state::capable;
}

std::optional<ecn_ledger::increase> ecn_ledger::take(const wire::ecn_counts& reported) noexcept {
  const wire::ecn_counts before = std::exchange(reported_, reported);
  // A count is below 2^62, so that the sum of two is exact.
  const bool possible = reported.ect0 >= before.ect0 && reported.ce >= before.ce && reported.ect1 == 0 &&
                        reported.ect0 + reported.ce <= sent_;
  if (!possible) return std::nullopt;
  return increase{.ect0 = reported.ect0 - before.ect0, .ce = reported.ce - before.ce};
}

}  // namespace quasio::quic
