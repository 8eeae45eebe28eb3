#!/usr/bin/env python3
"""The conventions by which the site documents what headers do not say (docs/site/conventions.py), and that nothing else gets by."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "docs/site"))
from conventions import for_doxygen  # noqa: E402

HEADER = """#pragma once

namespace quasio::quic {

/// A thing.
class thing {
public:
  explicit thing(int size);
  thing(thing&& other) noexcept;
  thing& operator=(thing&& other) noexcept;

  /// Says one of two.
  int first() const;
  int second(std::function<void(int)> told,
             int more) const;

  int third() const;

  std::uint64_t packets_sent = 0;
};

enum class kind : std::uint8_t {
  one,  ///< The first.
  two,
};

std::string_view to_string(kind which) noexcept;

}  // namespace quasio::quic
"""


def line_with(text, fragment):
    found = [line for line in text.splitlines() if fragment in line]
    assert len(found) == 1, (fragment, found)
    return found[0]


def main():
    seen = for_doxygen(HEADER, "thing.hpp", "quic")
    assert len(seen.splitlines()) == len(HEADER.splitlines()), "lines must keep their numbers"
    for undocumented in ("explicit thing(int size)", "int third() const", "packets_sent"):
        assert "/**" not in line_with(seen, undocumented), undocumented
    assert "Moves" in line_with(seen, "thing(thing&& other)")
    assert "Moves" in line_with(seen, "operator=")
    assert "See first()" in line_with(seen, "int second(")
    assert "/**" not in line_with(seen, "int first()")
    assert "enumerator's name" in line_with(seen, "to_string")
    assert "/**" not in line_with(seen, "two,")
    assert "@addtogroup quic" in line_with(seen, "namespace quasio::quic {")
    assert "@}" in line_with(seen, "}  // namespace")
    # In headers of numbers a name says what is counted, and nothing but a field's.
    telling = for_doxygen(HEADER, "statistics.hpp", "quic")
    assert "The packets sent." in line_with(telling, "packets_sent")
    assert "/**" not in line_with(telling, "int third() const")
    print("the conventions hold")


main()
