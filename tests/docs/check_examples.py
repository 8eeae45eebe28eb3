#!/usr/bin/env python3
"""Checks that the C++ in README.md and docs is that of examples/, which the build compiles and the tests run.

    check_examples.py [--fix] FOLDER      the root of the source tree
    check_examples.py --self-test

Before each code block stands a comment that says where it is from. After <!-- examples/name.cpp --> the block is that whole file
(any file of examples/, also a CMakeLists.txt); --fix writes it anew. After <!-- from examples/name.cpp --> the block is a literal
excerpt: lines that follow one another in the file, which may stand further to the left; a line of three dots leaves some out.
A block of C++ without such a comment is a fault, and so is a program of which no test knows.
"""
import pathlib
import re
import sys
import textwrap

BLOCK = re.compile(r"(?P<mark><!-- (?P<from>from )?(?P<file>examples/[\w./-]+) -->\n)?(?P<fence>```(?P<language>\w*)\n)(?P<text>.*?)(?P<end>^```$)",
                   re.DOTALL | re.MULTILINE)
LEFT_OUT = re.compile(r"^ *(// )?\.\.\.\n", re.MULTILINE)


def is_excerpt(text, source):
    """Whether each part of the text stands in the source, in this order, indented as it may be."""
    at = 0
    lines = source.splitlines()
    for part in LEFT_OUT.split(text)[::2]:
        wanted = textwrap.dedent(part).strip("\n").splitlines()
        if not wanted:
            continue
        for begin in range(at, len(lines) - len(wanted) + 1):
            found = textwrap.dedent("\n".join(lines[begin:begin + len(wanted)])).splitlines()
            if found == wanted:
                at = begin + len(wanted)
                break
        else:
            return False
    return True


def faults_of(text, root, tested):
    """What is wrong with the blocks of a page, as sentences; and the page as --fix would have it."""
    faults = []

    def look(match):
        name = match["file"]
        if name is None:
            if match["language"] == "cpp":
                faults.append(f"a block of C++ is from no example: {match['text'].splitlines()[0]!r}")
            return match[0]
        source = root / name
        if not source.is_file():
            faults.append(f"{name}: no such file")
        elif source.suffix == ".cpp" and source.stem not in tested:
            faults.append(f"{name}: no test runs it")
        elif match["from"]:
            if not is_excerpt(match["text"], source.read_text()):
                faults.append(f"{name} does not have these lines: {match['text'].splitlines()[0]!r} ...")
        elif match["text"] != source.read_text():
            faults.append(f"the printed program is not {name}")
            return match["mark"] + match["fence"] + source.read_text() + match["end"]
        return match[0]

    return faults, BLOCK.sub(look, text)


def tested_programs(root):
    """The examples that the tests run: those whose names the runner has."""
    runner = (root / "examples/run_against_each_other.py").read_text()
    return {file.stem for file in (root / "examples").rglob("*.cpp") if f'"{file.stem}"' in runner}


def check(root, fix):
    tested = tested_programs(root)
    pages = [*root.glob("*.md"), *sorted((root / "docs").glob("**/*.md"))]
    bad = 0
    for page in pages:
        text = page.read_text()
        faults, mended = faults_of(text, root, tested)
        for fault in faults:
            print(f"{page.relative_to(root)}: {fault}")
        bad += len(faults)
        if fix and mended != text:
            page.write_text(mended)
            print(f"{page.relative_to(root)}: mended")
    for file in sorted((root / "examples").rglob("*.cpp")):
        if file.stem not in tested:
            print(f"{file.relative_to(root)}: no test runs it")
            bad += 1
    printed = sum(len(re.findall(r"^<!-- (?:from )?examples/", page.read_text(), re.MULTILINE)) for page in pages)
    if printed == 0:
        print("no printed program was found: have the pages lost their examples?")
        bad += 1
    print(f"{printed} blocks of {len(pages)} pages compared with the examples")
    return 0 if bad == 0 or fix else 1


def self_test():
    source = "int main() {\n  if (x) {\n    one();\n    two();\n  }\n  three();\n}\n"
    assert is_excerpt("one();\ntwo();\n", source)
    assert is_excerpt("if (x) {\n  one();\n...\nthree();\n", source)
    assert not is_excerpt("two();\none();\n", source)
    assert not is_excerpt("one();\nthree();\n", source)
    assert not is_excerpt("three();\n...\none();\n", source)
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    assert len(faults_of("```cpp\nint x;\n```\n", root, set())[0]) == 1
    assert not faults_of("```sh\nls\n```\n", root, set())[0]
    assert len(faults_of("<!-- from examples/http3_get.cpp -->\n```cpp\nint x;\n```\n", root, {"http3_get"})[0]) == 1
    assert len(faults_of("<!-- examples/http3_get.cpp -->\n```cpp\nint x;\n```\n", root, {"http3_get"})[0]) == 1
    assert len(faults_of("<!-- examples/gone.cpp -->\n```cpp\nint x;\n```\n", root, {"gone"})[0]) == 1
    assert not faults_of("<!-- from examples/http3_get.cpp -->\n```cpp\nusing namespace quasio;\n```\n", root, {"http3_get"})[0]
    assert len(faults_of("<!-- from examples/http3_get.cpp -->\n```cpp\nusing namespace quasio;\n```\n", root, set())[0]) == 1
    print("the checker finds what it should")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    folders = [argument for argument in sys.argv[1:] if argument != "--fix"]
    if len(folders) != 1:
        sys.exit(__doc__)
    sys.exit(check(pathlib.Path(folders[0]), "--fix" in sys.argv))
