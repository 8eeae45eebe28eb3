#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quasio/runtime/counters.hpp"

/// Metrics as a monitoring system wants them, without any such system's library: whoever exports them asks for a
/// snapshot and walks over it. Nothing is computed, locked or allocated before somebody asks; the numbers are those of
/// the shards' counters, added up. docs/metrics.md lists them all.
namespace quasio::runtime {

/// What a metric is: a number that only grows, one that goes up and down, or a distribution.
enum class metric_kind : std::uint8_t { counter, gauge, histogram };

/// Tells one sample of a family from the others.
struct metric_label {
  std::string name;   ///< Such as "code".
  std::string value;  ///< Such as "H3_NO_ERROR".

  friend bool operator==(const metric_label&, const metric_label&) = default;
};

/// What a histogram held. counts has one more entry than bounds: what lies beyond the last one.
struct histogram_snapshot {
  std::vector<double> bounds;         ///< The upper ends of the buckets, rising.
  std::vector<std::uint64_t> counts;  ///< Of each bucket by itself.
  std::uint64_t total = 0;            ///< Of all buckets.
  double sum = 0;                     ///< Of all values that were observed.
};

/// One number, or one distribution, of a family.
struct metric_sample {
  std::vector<metric_label> labels;  ///< Empty for the only sample of a family.
  double value = 0;                  ///< Of a counter or gauge.
  histogram_snapshot histogram;      ///< Of a histogram.
};

/// One metric with its samples: one, or one for each value of its labels.
struct metric_family {
  std::string name;                         ///< "quasio_…", with the unit, and "_total" where it is a counter.
  std::string help;                         ///< One sentence for people.
  metric_kind kind = metric_kind::counter;  ///< Of all its samples.
  std::vector<metric_sample> samples;       ///< One for each value of the labels.
};

/// The name of a code or cause, as labels have it: the enumerator's.
std::string_view to_string(initial_rejection why) noexcept;
std::string_view to_string(handshake_failure why) noexcept;
std::string_view to_string(ending how) noexcept;
std::string_view to_string(close_code code) noexcept;

/// The metrics of these shards, added up. Any thread; allocates.
std::vector<metric_family> collect_metrics(std::span<const counters* const> shards);

/// Makes families out of counters of any kind: for the metrics of rooms above, and for one's own.
class metric_collector {
public:
  /// The following samples belong to this metric.
  metric_collector& family(metric_kind kind, std::string_view name, std::string_view help);

  /// One number.
  metric_collector& value(double number, std::vector<metric_label> labels = {});

  /// The sum of the same counter of all of `sources`.
  template <class Source>
  metric_collector& sum(std::span<const Source* const> sources, counter Source::*member) {
    std::uint64_t total = 0;
    for (const Source* const each : sources) total += (each->*member).value();
    return value(static_cast<double>(total));
  }

  /// One sample for each enumerator.
  template <class Source, class Kind>
  metric_collector& sum_by(std::span<const Source* const> sources, counters_by<Kind> Source::*member,
                           std::string_view label) {
    for (std::size_t index = 0; index < counters_by<Kind>::size(); ++index) {
      const auto kind = static_cast<Kind>(index);
      std::uint64_t total = 0;
      for (const Source* const each : sources) total += (each->*member)[kind].value();
      value(static_cast<double>(total), {{std::string(label), std::string(to_string(kind))}});
    }
    return *this;
  }

  /// The histograms of all of `sources`, which have the same bounds, added up.
  template <class Source>
  metric_collector& sum(std::span<const Source* const> sources, histogram Source::*member,
                        std::vector<metric_label> labels = {}) {
    metric_sample& made = add(std::move(labels));
    for (const Source* const each : sources) add_to(made.histogram, each->*member);
    return *this;
  }

  /// All families made so far; the collector is empty afterwards.
  std::vector<metric_family> take() noexcept { return std::move(families_); }

private:
  metric_sample& add(std::vector<metric_label> labels);
  static void add_to(histogram_snapshot& snapshot, const histogram& more);

  std::vector<metric_family> families_;
};

}  // namespace quasio::runtime
