// How long QPACK takes for a section: with the static table alone, and with a dynamic table that knows the lines
// already.

#include <benchmark/benchmark.h>

#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"

namespace {

using namespace quasio::http3;

constexpr section_limits wide{1 << 20, 1000};
constexpr qpack_encoder_limits large_table{4096, 4096, 100, 1024};

field_list request() {
  return {{":method", "GET", false},
          {":scheme", "https", false},
          {":authority", "www.example.com", false},
          {":path", "/assets/images/banner-0042.webp", false},
          {"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", false},
          {"accept", "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", false},
          {"accept-language", "en-US,en;q=0.5", false},
          {"accept-encoding", "gzip, deflate, br", false},
          {"referer", "https://www.example.com/", false}};
}

field_list response() {
  return {{":status", "200", false},          {"content-type", "text/html; charset=utf-8", false},
          {"content-length", "51234", false}, {"cache-control", "max-age=3600", false},
          {"server", "quasio", false},        {"x-frame-options", "deny", false}};
}

void encode_with_static_table(benchmark::State& state, const field_list& fields) {
  qpack_encoder encoder;
  std::vector<std::uint8_t> out;
  for (auto _ : state) {
    out.clear();
    encoder.encode(0, fields, SIZE_MAX, out);
    benchmark::DoNotOptimize(out.data());
  }
}

void decode_with_static_table(benchmark::State& state, const field_list& fields) {
  qpack_encoder encoder;
  std::vector<std::uint8_t> section;
  encoder.encode(0, fields, SIZE_MAX, section);
  qpack_decoder decoder;
  for (auto _ : state) {
    auto decoded = decoder.decode(0, section, wide);
    benchmark::DoNotOptimize(decoded);
  }
}

/// Both sides, with each acknowledgment heard at once.
void exchange_with_dynamic_table(benchmark::State& state, const field_list& fields) {
  qpack_encoder encoder;
  encoder.allow_dynamic_table(large_table);
  qpack_decoder decoder({large_table.capacity, 100});
  std::vector<std::uint8_t> section;
  for (auto _ : state) {
    section.clear();
    encoder.encode(0, fields, SIZE_MAX, section);
    if (!decoder.on_encoder_stream(encoder.instructions())) state.SkipWithError("an instruction was refused");
    encoder.instructions().clear();
    auto decoded = decoder.decode(0, section, wide);
    if (!decoded) state.SkipWithError("a section was refused");
    benchmark::DoNotOptimize(decoded);
    decoder.acknowledge_inserts();
    if (!encoder.on_decoder_stream(decoder.instructions())) state.SkipWithError("an acknowledgment was refused");
    decoder.instructions().clear();
  }
}

BENCHMARK_CAPTURE(encode_with_static_table, request, request());
BENCHMARK_CAPTURE(encode_with_static_table, response, response());
BENCHMARK_CAPTURE(decode_with_static_table, request, request());
BENCHMARK_CAPTURE(decode_with_static_table, response, response());
BENCHMARK_CAPTURE(exchange_with_dynamic_table, request, request());
BENCHMARK_CAPTURE(exchange_with_dynamic_table, response, response());

}  // namespace

BENCHMARK_MAIN();
