// How tight our QPACK encoder is beside others, over the public collection of QPACK interop data. Prints a page of
// documentation (docs/qpack.md).

#include <cstdio>

#include "http3/qifs.hpp"

namespace {

using namespace quasio::http3;
using namespace quasio::http3::qifs;

double percent_more(std::size_t ours, std::size_t theirs) {
  return 100.0 * (static_cast<double>(ours) / static_cast<double>(theirs) - 1.0);
}

/// A row of the table.
bool print_row(const std::string& folder, const std::string& list, const setup& with) {
  std::printf("| %s | %zu | %zu | %s |", list.c_str(), with.capacity, with.blocked_streams,
              with.acknowledged ? "at once" : "never");
  std::size_t best = SIZE_MAX;
  for (const char* encoder : encoder_names) {
    const auto other = effort_of_other(folder, encoder, list, with);
    if (!other) return false;
    std::printf(other->is_legal(with) ? " %zu |" : " (%zu) |", other->whole_size(with));
    if (other->is_legal(with)) best = std::min(best, other->whole_size(with));
  }
  const std::size_t ours = size_of(encode(read_lists(list_path(folder, list)), with));
  std::printf(" %zu | %+.1f %% |\n", ours, percent_more(ours, best));
  return true;
}

/// What broke its promise, beside ours where any number of streams may block.
bool print_illegal(const std::string& folder, const std::string& list, const setup& with) {
  for (const char* encoder : encoder_names) {
    const auto other = effort_of_other(folder, encoder, list, with);
    if (!other) return false;
    if (other->is_legal(with)) continue;
    const setup unlimited{with.capacity, UINT32_MAX, with.acknowledged};
    const std::size_t ours = size_of(encode(read_lists(list_path(folder, list)), unlimited));
    std::printf("| %s | %zu | %s | %zu | %zu | %zu | %+.1f %% |\n", list.c_str(), with.capacity, encoder,
                other->streams_at_risk, other->whole_size(with), ours, percent_more(ours, other->whole_size(with)));
  }
  return true;
}

constexpr const char* introduction = R"(# QPACK: how tight field sections become

This page is written by a command:

    build/release/bin/qpack_table build/release/tests/qifs/ > docs/qpack.md

The folder holds the public collection of QPACK interop data (tests/http3/qifs): three recordings of field lists, and what
four encoders made of them. The figures are the bytes of all field sections and of the encoder stream. The last column
compares ours with the best of the four; the test `qpack_interop.compresses_no_worse_than_the_best_of_the_others` keeps it
from rising above zero.

* "Acknowledged at once": the encoder hears of every section before it writes the next. "Never": it hears nothing.
* The files of the others are of a draft in which the table had its capacity from the start. RFC 9204 wants an
  instruction that sets it, of 3 bytes, which is counted here for them as for ours.
* A figure in brackets is of an encoding that is not allowed: with nothing acknowledged, more streams could become
  blocked than the 100 that it was made for (RFC 9204, section 2.1.2). It is not counted among the best; below, it stands
  beside ours where any number may block.
* Ours never indexes cookies shorter than 20 bytes, which could be guessed (RFC 9204, section 7.1.3); some of the others
  do. `fb-req` has many of them.

| list | table | blocked | acknowledged | ls-qpack | nghttp3 | qthingey | quinn | quasio | beside the best |
|---|---:|---:|---|---:|---:|---:|---:|---:|---:|)";

constexpr const char* illegal_introduction = R"(
## Where any number of streams may block

What stands in brackets above kept to no limit. Beside it, ours without a limit, and with nothing acknowledged:

| list | table | encoder | streams at risk | theirs | quasio | beside theirs |
|---|---:|---|---:|---:|---:|---:|)";

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
  std::puts(illegal_introduction);
  for (const char* list : list_names) {
    for (const setup& with : setups) {
      if (!print_illegal(folder, list, with)) return false;
    }
  }
  std::puts(late_introduction);
  for (const char* list : list_names) {
    std::printf("| %s |", list);
    for (const std::size_t delay : {0, 1, 4, 16, 64}) {
      const auto fields = read_lists(list_path(folder, list));
      std::printf(" %zu |", size_of(encode(fields, {4096, 100, true}, delay)));
    }
    std::puts("");
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("usage: qpack_table FOLDER/\n", stderr);
    return 2;
  }
  if (print_page(words[1])) return 0;
  std::fputs("qpack_table: the folder lacks a file\n", stderr);
  return 1;
}
