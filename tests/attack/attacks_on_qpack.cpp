#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attack/trial.hpp"
#include "http3/huffman.hpp"
#include "http3/prefixed_integer.hpp"
#include "http3/test_bytes.hpp"

// What compression makes of a few bytes, and what it waits for.

namespace quasio::attack {
namespace {

using namespace http3::testing;

constexpr std::uint64_t capacity = 16 * 1024;  // What servers here allow, and 512 entries at the most.
constexpr std::uint64_t entry_overhead = 32;

bytes set_capacity(std::uint64_t size) {
  bytes out;
  http3::append_prefixed_integer(out, 0x20, 5, size);
  return out;
}

bytes insert(std::string_view name, std::string_view value) {
  bytes out;
  http3::append_prefixed_integer(out, 0x40, 5, name.size());
  out = out + bytes_of(name);
  http3::append_prefixed_integer(out, 0x00, 7, value.size());
  return out + bytes_of(value);
}

bytes duplicate(std::uint64_t relative) {
  bytes out;
  http3::append_prefixed_integer(out, 0x00, 5, relative);
  return out;
}

// A request that needs so many insertions, and has `repeats` lines that are the last of them.
bytes request_referring(std::uint64_t inserted, std::size_t repeats) {
  bytes out;
  http3::append_prefixed_integer(out, 0, 8, inserted % (2 * capacity / entry_overhead) + 1);
  out.push_back(0);  // The base is the same.
  const bytes plain = section(get_request("/small.txt"));
  out.insert(out.end(), plain.begin() + 2, plain.end());
  out.insert(out.end(), repeats, 0x80);
  return frame(http3::frame_type::headers, out);
}

stream_id begin_encoder_stream(hostile_client& client) {
  const stream_id id = client.open_unidirectional().value();
  client.write(id, varint(http3::stream_type::qpack_encoder) + set_capacity(capacity));
  return id;
}

attack bomb() {
  attack made;
  made.name = "qpack_bomb";
  made.what = "One entry as large as the table, and sections that refer to it 200 times: 230 bytes that mean 3 MB.";
  made.limit = "`http3::settings::max_field_section_size`: 64 KB; then `wasted_requests`";
  made.close = "H3_EXCESSIVE_LOAD";
  made.status = 431;
  made.perform = [](assault& doing) {
    const bytes request = request_referring(1, 200);
    doing.hammer(
        {},
        [](hostile_client& client) {
          client.write(begin_encoder_stream(client), insert("x", std::string(capacity - 100, 'x')));
        },
        [&](hostile_client& client) {
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

attack within_the_limits() {
  attack made;
  made.name = "qpack_bomb_within_limits";
  made.what = "The same with three references, so that each request is good and has fields of 48 KB.";
  made.limit = "the section's size; 100 streams at once (`quic::settings`); the handler answers";
  made.status = 200;
  made.memory_megabytes = 32;
  made.perform = [](assault& doing) {
    const bytes request = request_referring(1, 3);
    doing.hammer(
        {},
        [](hostile_client& client) {
          client.write(begin_encoder_stream(client), insert("x", std::string(capacity - 100, 'x')));
        },
        [&](hostile_client& client) {
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

attack blocked_for_ever() {
  attack made;
  made.name = "qpack_blocked_for_ever";
  made.what = "As many blocked sections as are allowed on each of 8 connections, with bodies that fill the windows.";
  made.limit =
      "`server_limits::headers_timeout`: 10 s (here 1 s); `http3::settings::qpack_blocked_streams`: 100; what waits "
      "lies in "
      "`quic::settings::initial_connection_window`: 1.5 MB";
  made.reset = "H3_REQUEST_REJECTED";
  made.arguments = {"--headers-timeout", "1"};
  made.lasts = 2'000ms;
  made.memory_megabytes = 32;
  made.perform = [](assault& doing) {
    const bytes request = request_referring(1, 1) + http3::testing::data(std::string(32 * 1024, 'x'));
    doing.besiege(
        8, {},
        [&](hostile_client& client) {
          for (int i = 0; i < 99; ++i) {
            if (const auto id = client.open_request()) client.write(*id, request);
          }
        },
        [](hostile_client&) { return false; }, 50ms);
  };
  return made;
}

// Instructions without end, which no section ever uses.
attack flood(std::string name, std::string what, std::string limit, std::string close, bytes first, bytes again,
             std::size_t repeats) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = std::move(limit);
  made.close = std::move(close);
  bytes piece;
  for (std::size_t i = 0; i < repeats; ++i) piece = piece + again;
  made.perform = [first, piece](assault& doing) {
    stream_id encoder = 0;
    doing.hammer(
        {},
        [&](hostile_client& client) {
          encoder = begin_encoder_stream(client);
          client.write(encoder, first);
        },
        [&](hostile_client& client) { return client.write_if_room(encoder, piece); });
  };
  return made;
}

attack in_drops() {
  attack made;
  made.name = "qpack_insertion_in_drops";
  made.what = "A Huffman-coded name of 16 KB and then its value, a byte in each packet.";
  made.limit = "none needed: a byte costs no more than its packet";
  made.perform = [](assault& doing) {
    bytes begin;
    bytes coded;
    http3::append_huffman(coded, std::string(capacity - 4096, 'a'));
    http3::append_prefixed_integer(begin, 0x60, 5, coded.size());
    begin = begin + coded;
    http3::append_prefixed_integer(begin, 0x00, 7, 4000);
    stream_id encoder = 0;
    std::size_t left = 0;
    doing.hammer(
        {}, [&](hostile_client& client) { encoder = begin_encoder_stream(client); },
        [&](hostile_client& client) {
          const bool is_begin = left == 0;
          if (!client.write_if_room(encoder, is_begin ? begin : bytes{'x'})) return false;
          left = is_begin ? 4000 : left - 1;
          return true;
        });
  };
  return made;
}

attack never_acknowledging() {
  attack made;
  made.name = "qpack_no_acknowledgments";
  made.what = "A client that allows tables of 2^30 bytes and 2^20 blocked streams, and never acknowledges a section.";
  made.limit = "`http3::settings::qpack_encoder_table_capacity`: 16 KB; `qpack_max_unacknowledged_sections`: 1024";
  made.perform = [](assault& doing) {
    hostile_options options;
    options.greets = false;
    options.understands = false;
    const bytes request = headers(get_request("/small.txt"));
    doing.hammer(
        options,
        [](hostile_client& client) {
          const stream_id control = client.open_unidirectional().value();
          const bytes settings = varint(0x01) + varint(1u << 30) + varint(0x07) + varint(1u << 20);
          client.write(control, varint(0x00) + frame(http3::frame_type::settings, settings));
        },
        [&](hostile_client& client) {
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

attack taking_no_acknowledgments() {
  attack made;
  made.name = "qpack_no_credit";
  made.what = "Requests that want their sections acknowledged, by a client that gives acknowledgments no credit.";
  made.limit = "`http3::settings::qpack_max_unsent_acknowledgments`: 16 KB";
  made.close = "H3_EXCESSIVE_LOAD";
  made.lasts = 1'000ms;
  made.perform = [](assault& doing) {
    hostile_options options;
    options.reads_instructions = false;
    options.transport.initial_stream_window = options.transport.max_stream_window = 2'048;
    const bytes request = request_referring(1, 1);
    doing.hammer(
        options, [](hostile_client& client) { client.write(begin_encoder_stream(client), insert("a", "b")); },
        [&](hostile_client& client) {
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

attack offence(std::string name, std::string what, std::string limit, std::string close, std::uint64_t stream,
               bytes instructions) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = std::move(limit);
  made.close = std::move(close);
  made.lasts = 300ms;
  made.perform = [=](assault& doing) {
    doing.offend([&](hostile_client& client) {
      client.write(client.open_unidirectional().value(), varint(stream) + instructions);
    });
  };
  return made;
}

attack impossible_count() {
  attack made;
  made.name = "qpack_impossible_count";
  made.what = "A section that needs more entries than the table can have.";
  made.limit = "RFC 9204, section 4.5.1.1";
  made.close = "QPACK_DECOMPRESSION_FAILED";
  made.lasts = 300ms;
  made.perform = [](assault& doing) {
    doing.offend([](hostile_client& client) {
      bytes payload;
      http3::append_prefixed_integer(payload, 0, 8, 1ULL << 40);
      client.write(client.open_request().value(), frame(http3::frame_type::headers, payload + bytes{0, 0xc0}), true);
    });
  };
  return made;
}

attack bad_index() {
  attack made;
  made.name = "qpack_index_beyond_table";
  made.what = "A section that refers to an entry that the static table does not have.";
  made.limit = "RFC 9204, section 3.1";
  made.close = "QPACK_DECOMPRESSION_FAILED";
  made.lasts = 300ms;
  made.perform = [](assault& doing) {
    doing.offend([](hostile_client& client) {
      client.write(client.open_request().value(), frame(http3::frame_type::headers, {0, 0, 0xff, 0x7f}), true);
    });
  };
  return made;
}

bytes prefixed(std::uint8_t high, unsigned bits, std::uint64_t value) {
  bytes out;
  http3::append_prefixed_integer(out, high, bits, value);
  return out;
}

}  // namespace

std::vector<attack> attacks_on_qpack() {
  const bytes large = insert("x", std::string(capacity - 100, 'x'));
  return {
      bomb(),
      within_the_limits(),
      blocked_for_ever(),
      flood("qpack_insertions", "Entries without end that no section refers to.", "none needed: a byte costs little",
            "", {}, insert("a", "b"), 256),
      flood("qpack_duplicates", "An entry as large as the table, duplicated without end: a byte each.",
            "none: a byte costs less than one of a request; flow control paces it", "", large, duplicate(0), 1024),
      flood("qpack_borrowed_names", "Entries that borrow a name of 16 KB: two bytes each.",
            "none: a byte costs less than one of a request; flow control paces it", "",
            insert(std::string(capacity - 100, 'x'), ""), prefixed(0x80, 6, 0) + bytes{0}, 512),
      flood("qpack_capacity_flapping", "The table's capacity, set to nothing and back without end.",
            "none needed: a byte costs little", "", {}, set_capacity(0) + set_capacity(capacity) + insert("a", "b"),
            128),
      in_drops(),
      never_acknowledging(),
      taking_no_acknowledgments(),
      offence("qpack_capacity_beyond_limit", "A table larger than was allowed.",
              "`http3::settings::qpack_max_table_capacity`: 16 KB", "QPACK_ENCODER_STREAM_ERROR", 2,
              set_capacity(capacity + 1)),
      offence("qpack_entry_beyond_table", "A string of 2^40 bytes to be inserted.",
              "`http3::settings::qpack_max_table_capacity`: 16 KB", "QPACK_ENCODER_STREAM_ERROR", 2,
              set_capacity(capacity) + prefixed(0x40, 5, 1) + bytes{'x'} + prefixed(0x00, 7, 1ULL << 40)),
      offence("qpack_increment_of_nothing", "An acknowledgment of entries that were never inserted.",
              "RFC 9204, section 4.4.3", "QPACK_DECODER_STREAM_ERROR", 3, prefixed(0x00, 6, 1)),
      impossible_count(),
      bad_index(),
  };
}

}  // namespace quasio::attack
