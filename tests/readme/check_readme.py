#!/usr/bin/env python3
"""Checks that the programs printed in README.md and docs are the ones in examples/, which the build compiles and the tests run.

    check_readme.py [--fix] FOLDER      the root of the source tree

A printed program is a ```cpp block after a line <!-- examples/name.cpp -->. --fix writes the present source into the block.
"""
import pathlib
import re
import sys

BLOCK = re.compile(r"(<!-- (examples/[\w./-]+) -->\n```cpp\n)(.*?)(```)", re.DOTALL)


def checked(text, root, fix):
    """The text with its blocks brought up to date when `fix`, and the names of the programs that differ."""
    differing = []

    def replace(match):
        source = root / match[2]
        wanted = source.read_text() if source.is_file() else None
        if match[3] == wanted:
            return match[0]
        differing.append(match[2] if wanted is not None else f"{match[2]} (no such file)")
        return match[1] + wanted + match[4] if fix and wanted is not None else match[0]

    return BLOCK.sub(replace, text), differing


def main(arguments):
    fix = "--fix" in arguments
    root = pathlib.Path([a for a in arguments if a != "--fix"][0])
    pages = [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]
    bad = 0
    blocks = 0
    for page in pages:
        text = page.read_text()
        blocks += len(BLOCK.findall(text))
        new, differing = checked(text, root, fix)
        for name in differing:
            print(f"{page.relative_to(root)}: the printed program is not {name}" + ("; mended" if fix else ""))
        bad += len(differing)
        if fix and new != text:
            page.write_text(new)
    if blocks == 0:
        print("no printed program was found: has README.md lost its examples?")
        return 1
    return 0 if bad == 0 or fix else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
