#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "qlog/schema.hpp"
#include "quasio/qlog/connection_log.hpp"
#include "quic/duel.hpp"

namespace quasio::test {

using nlohmann::json;

class kept_records final : public qlog::sink {
public:
  explicit kept_records(std::shared_ptr<std::vector<std::string>> into) : into_(std::move(into)) {}
  void write(std::string_view record) override { into_->emplace_back(record); }

private:
  std::shared_ptr<std::vector<std::string>> into_;
};

/// A log that is kept in memory, read back with somebody else's JSON parser and held against the schema.
class kept_log {
public:
  quic::observer_factory factory(qlog::importance detail = qlog::importance::extra) {
    return [this, detail](const quic::observed_start& start) {
      name = qlog::file_name(start);
      return qlog::make_connection_log(std::make_unique<kept_records>(texts),
                                       {.detail = detail, .vantage_point = "here", .wall_clock_time = {}});
    };
  }

  std::vector<json> records() const {
    std::vector<json> parsed;
    for (const std::string& record : *texts) {
      EXPECT_EQ(record.front(), '\x1e');
      EXPECT_EQ(record.back(), '\n');
      parsed.push_back(json::parse(record.substr(1)));
      if (parsed.size() == 1) continue;
      for (const std::string& wrong : violations(parsed.back())) ADD_FAILURE() << wrong << " in " << parsed.back();
    }
    return parsed;
  }

  /// The data of all events of that name.
  std::vector<json> events(std::string_view wanted) const {
    std::vector<json> found;
    for (const json& record : records()) {
      if (record.contains("name") && record.at("name") == wanted) found.push_back(record.at("data"));
    }
    return found;
  }

  /// One member of all events of that name, where it is there.
  std::vector<std::string> texts_of(std::string_view wanted, const std::string& member) const {
    std::vector<std::string> found;
    for (const json& data : events(wanted)) {
      if (data.contains(member)) found.push_back(data.at(member));
    }
    return found;
  }

  std::shared_ptr<std::vector<std::string>> texts = std::make_shared<std::vector<std::string>>();
  std::string name;
};

/// A duel whose connection under test is logged.
struct logged_duel : kept_log {
  explicit logged_duel(endpoint_role tested, qlog::importance detail = qlog::importance::extra,
                       duel_options options = {})
      : fight(tested, with_log(std::move(options), detail)) {}

  duel_options with_log(duel_options options, qlog::importance detail) {
    options.observe = factory(detail);
    return options;
  }

  duel fight;
};

}  // namespace quasio::test
