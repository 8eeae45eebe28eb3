"""The house's conventions for comments in public headers, written out for Doxygen.

So that headers need not say what goes without saying, this says it for them:

- A room (the header's folder) is a module: what the header declares belongs to it.
- A `///` comment speaks of all declarations below it up to the next empty line: the first gets the comment, the others refer to it.
- In the structs that only count or tell something (TELLING), the name of a field without a comment says what it is.
- Copying and moving, and what every stream and every enumeration has (executor_type, to_string() and their kind), mean the same
  everywhere.

Lines stay where they are, so that warnings name the right ones.
"""
import re

# What a declaration without a comment of its own is taken to be. {name} is the class.
CONVENTIONS = [
    (r"^(explicit )?(?P<name>\w+)\((?:const )?(?P=name)& ?\w*\)", "Copies."),
    (r"^(?P<name>\w+)\((?P=name)&& ?\w*\)", "Moves. What was moved from may be assigned to and destroyed."),
    (r"^(?P<name>\w+)& operator=\((?:const )?(?P=name)& ?\w*\)", "Copies."),
    (r"^(?P<name>\w+)& operator=\((?P=name)&& ?\w*\)", "Moves. What was moved from may be assigned to and destroyed."),
    (r"^(?P<name>\w+)& operator=\((?P=name) \w+\)", "Copies or moves."),
    (r"^explicit \w+\((?:const )?std::shared_ptr<(const )?\w+>&? \w+\)", "For the library's own parts."),
    (r"^using executor_type = ", "What get_executor() returns."),
    (r"^using lowest_layer_type = ", "For generic code written for layered streams: this class itself."),
    (r"lowest_layer\(\) noexcept", "For generic code written for layered streams: the object itself."),
    (r"^stream_id id( = 0)?;|\bstream_id id\(\) const", "Which stream."),
    (r"\bget_executor\(\) ", "Where handlers run that have no executor of their own."),
    (r"\bto_string\(\w+ \w+\) noexcept;", "The enumerator's name, for logs and metrics."),
    (r"\bmake_error_code\(\w+ value\) noexcept;", "Lets the enumeration be used as an error_code."),
    (r"\b(begin|end|rbegin|rend|size|empty|clear)\(\)", "As in the standard library's containers."),
    (r"\bbool is_open\(\) const noexcept { return \w+_ != nullptr; }", "False for an object made by default or moved from."),
]

# Headers of statistics, events and observations. Their structs' comments give the units.
TELLING = re.compile(
    r"(statistics|counters?|counts|events?|observed|observer|exchange_audit|connection_audit|udp_socket_options|datagram|rate_sample|congestion_controller)\.hpp$")
FIELD = re.compile(r"^[\w:<>, ]+ (\w+)(\{.*\}| = [^()]*)?;$")
TOLD = re.compile(r"^virtual void on_\w+\(const (observed_\w+)&")

DECLARED_NAME = re.compile(r"(\boperator\W+?|~?\w+)\s*(?:\(|\{|=|;|\[)")
NOT_A_MEMBER = re.compile(
    r"^(public:|private:|protected:|friend\b|struct\b|class\b|enum\b|namespace\b|#|//|\}|extern\b|static_assert|case\b|return\b|using \w+(::\w+)+;)")


def declared_name(declaration):
    plain = re.sub(r"<[^<>]*>", "", re.sub(r"<[^<>]*(<[^<>]*>[^<>]*)*>", "", declaration))
    found = DECLARED_NAME.search(re.sub(r"^\s*(template|requires)\s*", "", plain))
    if not found:
        return None
    return found[1] + "()" if "(" in plain[found.start() : found.end()] else found[1]


def by_convention(declaration, telling):
    for pattern, meaning in CONVENTIONS:
        if re.search(pattern, declaration):
            return meaning
    if telling and (told := TOLD.match(declaration)):
        return f"See {told[1]}."
    if telling and (field := FIELD.match(declaration)):
        return f"The {field[1].replace('_', ' ')}."
    return None


def is_whole(declaration):
    """Whether it has all its parentheses and braces, and its end."""
    code = re.sub(r"//.*", "", declaration).rstrip()
    balanced = all(code.count(a) == code.count(b) for a, b in ("()", "{}"))
    return balanced and (code.endswith(";") or code.endswith("}"))


def with_conventions(lines, telling):
    """The lines with comments for those declarations that have none and need none."""
    leader = None  # What the comment that is in force was written for; empty where a comment waits for its declaration.
    at = 0
    while at < len(lines):
        line = lines[at]
        text = line.strip()
        indentation = len(line) - len(line.lstrip())
        if text.startswith("///") and not text.startswith("///<"):
            leader = ""
            at += 1
            continue
        if text.startswith("template") and re.match(r"\s*(struct|class) ", lines[at + 1]):
            at += 1
            continue
        if text.startswith("enum "):
            while "}" not in lines[at]:
                at += 1
        if not text or text.startswith("enum ") or NOT_A_MEMBER.match(text) or indentation not in (0, 2):
            leader = None
            at += 1
            continue
        end = at
        while end + 1 < len(lines) and not is_whole("\n".join(lines[at : end + 1])):
            end += 1
        declaration = " ".join(each.strip() for each in lines[at : end + 1])
        if leader == "":
            leader = None if re.match(r"(explicit )?~?\w+\(", declaration) else declared_name(declaration)
        elif "///<" not in declaration:
            meaning = by_convention(declaration, telling) or (f"See {leader}, with which it belongs." if leader else None)
            if meaning:
                lines[at] = f"{line[:indentation]}/** {meaning} */ {line[indentation:]}"
        at = end + 1
    return lines


def within_room(lines, room):
    """The lines with the outermost namespace of the library within the module of the room."""
    opened = None
    for at, line in enumerate(lines):
        if opened is None and re.match(r"^namespace quasio[\w:]* \{", line):
            lines[at] += f" /** @addtogroup {room} */ /** @{{ */"
            opened = line
        elif opened is not None and re.match(r"^\}  // namespace quasio[\w:]*$", line):
            lines[at] = "/** @} */ " + line
            opened = None
    return lines


def for_doxygen(text, name, room):
    """A header's text with the conventions written out; `room` is None for one that belongs to no room."""
    # Doxygen looks for the scope of a specialisation that another library declares.
    lines = ["" if line == "template <>" or line.startswith("struct boost::") else line for line in text.split("\n")]
    lines = with_conventions(lines, TELLING.search(name))
    return "\n".join(within_room(lines, room) if room else lines)


def page_for_doxygen(text, page, root):
    """A page's text as Doxygen understands it."""
    del page, root
    return text
