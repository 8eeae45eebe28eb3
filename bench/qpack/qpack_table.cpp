// How tight our QPACK encoder is beside others, over the public collection of QPACK interop data. Prints a page of
// documentation (docs/qpack.md), or with --sizes the bytes of the others alone (tests/http3/qifs/sizes.txt).

#include <cstdio>
#include <cstring>

#include "http3/qifs.hpp"

namespace {

using namespace quasio::http3;
using namespace quasio::http3::qifs;

struct other_size {
  std::size_t bytes = 0;
  bool legal = true;
};

std::optional<other_size> measure(const std::string& folder, const std::string& encoder, const std::string& list,
                                  const setup& with) {
  const auto file = read_file(folder + "/encoded/qpack-05/" + encoder + "/" + list + ".out." + with.name());
  const auto blocks = file ? parse_blocks(*file) : std::nullopt;
  if (!blocks) return std::nullopt;
  return other_size{size_of(*blocks), streams_at_risk(*blocks, with) <= with.blocked_streams};
}

bool print_sizes(const std::string& folder) {
  std::puts("# list setup encoder bytes legal");
  for (const char* list : list_names) {
    for (const setup& with : setups) {
      for (const char* encoder : encoder_names) {
        const auto other = measure(folder, encoder, list, with);
        if (!other) return false;
        std::printf("%s %s %s %zu %s\n", list, with.name().c_str(), encoder, other->bytes,
                    other->legal ? "legal" : "illegal");
      }
    }
  }
  return true;
}

/// A row of the table.
bool print_row(const std::string& folder, const std::string& list, const setup& with) {
  std::printf("| %s | %zu | %zu | %s |", list.c_str(), with.capacity, with.blocked_streams,
              with.acknowledged ? "at once" : "never");
  std::size_t best = SIZE_MAX;
  for (const char* encoder : encoder_names) {
    const auto other = measure(folder, encoder, list, with);
    if (!other) return false;
    std::printf(other->legal ? " %zu |" : " (%zu) |", other->bytes);
    if (other->legal) best = std::min(best, other->bytes);
  }
  const std::size_t ours = size_of(encode(read_lists(folder + "/qifs/" + list + ".qif"), with));
  const double more = 100.0 * (static_cast<double>(ours) / static_cast<double>(best) - 1.0);
  std::printf(" %zu | %+.1f %% |\n", ours, more);
  return true;
}

constexpr const char* introduction = R"(# QPACK: how tight field sections become

This page is written by a command:

    build/release/bin/qpack_table FOLDER > docs/qpack.md

FOLDER holds the public collection of QPACK interop data: three recordings of field lists, and what four encoders made of
them. The figures are the bytes of all field sections and of the encoder stream. The last column compares ours with the
best of the four.

* "Acknowledged at once": the encoder hears of every section before it writes the next. "Never": it hears nothing.
* The others have the table's capacity from the start; ours sends the instruction that sets it, which takes 3 bytes.
* A figure in brackets is of an encoding that is not allowed: with nothing acknowledged, more streams could become
  blocked than it allows (RFC 9204, section 2.1.2). It is not counted among the best.
* Ours never indexes cookies shorter than 20 bytes, which could be guessed (RFC 9204, section 7.1.3); some of the others
  do. `fb-req` has many of them.

| list | table | blocked | acknowledged | ls-qpack | nghttp3 | qthingey | quinn | quasio | beside the best |
|---|---:|---:|---|---:|---:|---:|---:|---:|---:|)";

constexpr const char* late_introduction = R"(
## When acknowledgments come late

In the collection they come at once or never. The same lists, table 4096 and 100 blocked streams, when each section is
acknowledged only after so many others have been sent:

| list | 0 | 1 | 4 | 16 | 64 |
|---|---:|---:|---:|---:|---:|)";

bool print_page(const std::string& folder) {
  std::puts(introduction);
  for (const char* list : list_names) {
    for (const setup& with : setups) {
      if (!print_row(folder, list, with)) return false;
    }
  }
  std::puts(late_introduction);
  for (const char* list : list_names) {
    std::printf("| %s |", list);
    for (const std::size_t delay : {0, 1, 4, 16, 64}) {
      const auto fields = read_lists(folder + "/qifs/" + list + ".qif");
      std::printf(" %zu |", size_of(encode(fields, {4096, 100, true}, delay)));
    }
    std::puts("");
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  const bool only_sizes = count == 3 && std::strcmp(words[1], "--sizes") == 0;
  if (count != 2 && !only_sizes) {
    std::fputs("usage: qpack_table [--sizes] FOLDER\n", stderr);
    return 2;
  }
  if (only_sizes ? print_sizes(words[2]) : print_page(words[1])) return 0;
  std::fputs("qpack_table: the folder lacks a file\n", stderr);
  return 1;
}
