#include <memory>
#include <string>
#include <vector>

#include "attack/trial.hpp"
#include "http3/huffman.hpp"
#include "http3/prefixed_integer.hpp"
#include "http3/test_bytes.hpp"

// Header and trailer sections that are too large, in all the ways there are.

namespace quasio::attack {
namespace {

using namespace http3::testing;

constexpr const char* section_size = "`http3::settings::max_field_section_size`: 64 KB; then `wasted_requests`";

// Requests whose header section is refused with 431 until there were too many of them.
attack bomb(std::string name, std::string what, std::string limit, bytes request, bool ends) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = std::move(limit);
  made.close = "H3_EXCESSIVE_LOAD";
  made.status = 431;
  made.perform = [=](assault& doing) {
    doing.hammer([&](hostile_client& client) {
      bool any = false;
      while (const auto id = client.open_request()) {
        client.write(*id, request, ends);
        any = true;
      }
      return any;
    });
  };
  return made;
}

bytes declared(std::uint64_t length) {
  bytes out;
  http3::append_frame_header(out, http3::frame_type::headers, length);
  return out + bytes(64, 'x');
}

bytes indexed_fields(std::size_t count) {
  // Of the static table, entry 29: "accept: */*".
  return frame(http3::frame_type::headers, section(get_request()) + bytes(count, 0xc0 | 29));
}

bytes huffman_field(std::size_t size) {
  bytes out = section(get_request());
  bytes coded;
  // The shortest codes have five bits: 40 KB become 64.
  http3::append_huffman(coded, std::string(size, 'a'));
  http3::append_prefixed_integer(out, 0x20, 3, 1);
  out.push_back('x');
  http3::append_prefixed_integer(out, 0x80, 7, coded.size());
  return frame(http3::frame_type::headers, out + coded);
}

attack trickled_section() {
  attack made;
  made.name = "section_in_drops";
  made.what = "HEADERS frames of 60 KB on 100 streams of each of 4 connections, whose last byte never comes.";
  made.limit = "`server_limits::headers_timeout`: 10 s (here 1 s); the section's size";
  made.reset = "H3_REQUEST_REJECTED";
  made.arguments = {"--headers-timeout", "1"};
  made.lasts = 2'500ms;
  made.memory_megabytes = 64;
  const auto streams = std::make_shared<std::map<hostile_client*, std::vector<stream_id>>>();
  made.perform = [streams](assault& doing) {
    bytes begin;
    http3::append_frame_header(begin, http3::frame_type::headers, 60 * 1024);
    begin = begin + section(get_request());
    doing.besiege(
        4, {},
        [&](hostile_client& client) {
          while (const auto id = client.open_request()) {
            client.write(*id, begin);
            (*streams)[&client].push_back(*id);
          }
        },
        [&](hostile_client& client) {
          for (const stream_id id : (*streams)[&client]) client.write(id, bytes(256, 'x'));
          return true;
        },
        10ms);
    streams->clear();
  };
  return made;
}

attack large_trailers() {
  attack made;
  made.name = "large_trailers";
  made.what = "Trailer sections that decode to more than is taken, behind requests that a handler reads.";
  made.limit = section_size;
  made.close = "H3_EXCESSIVE_LOAD";
  made.reset = "H3_EXCESSIVE_LOAD";
  made.against = target::handlers;
  const bytes request =
      headers(post_request()) + data("x") + frame(http3::frame_type::headers, section({}) + bytes(4096, 0xc0 | 29));
  made.perform = [request](assault& doing) {
    doing.hammer([&](hostile_client& client) {
      bool any = false;
      while (const auto id = client.open_request()) {
        client.write(*id, request, true);
        any = true;
      }
      return any;
    });
  };
  return made;
}

attack endless_trailers() {
  attack made;
  made.name = "endless_trailers";
  made.what = "HEADERS frames without end on one stream.";
  made.limit = "RFC 9114, section 4.1: nothing follows the trailers";
  made.close = "H3_FRAME_UNEXPECTED";
  made.lasts = 500ms;
  made.perform = [](assault& doing) {
    doing.offend([](hostile_client& client) {
      bytes all = headers(get_request());
      for (int i = 0; i < 100; ++i) all = all + headers({{"x-trailer", "y", false}});
      client.write(client.open_request().value(), all);
    });
  };
  return made;
}

}  // namespace

std::vector<attack> attacks_on_fields() {
  return {
      bomb("huge_section", "HEADERS frames that say they have 2^40 bytes.", section_size, declared(1ULL << 40), false),
      bomb("many_fields", "4,000 fields of one byte each, which stand for 160 KB.",
           "`http3::settings::max_fields`: 256; then `wasted_requests`", indexed_fields(4'000), true),
      bomb("huffman_expansion", "A value of 42 KB that Huffman coding expands to 68 KB.", section_size,
           huffman_field(68 * 1024), true),
      trickled_section(),
      large_trailers(),
      endless_trailers(),
  };
}

}  // namespace quasio::attack
