"""A strict reader of Prometheus' text format, version 0.0.4: what it does not like, a scraper may not like either."""

import math
import re
import urllib.request

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
KINDS = ("counter", "gauge", "histogram", "summary", "untyped")


class Malformed(Exception):
    """The text breaks a rule of the format; says which."""


def need(condition, text):
    if not condition:
        raise Malformed(text)


def parse_labels(text):
    labels = {}
    rest = text
    while rest:
        found = LABEL.match(rest)
        need(found, f"no label: {rest!r}")
        need(found.group(1) not in labels, f"the label {found.group(1)} stands twice: {text!r}")
        labels[found.group(1)] = found.group(2)
        rest = rest[found.end():]
        need(not rest or rest[0] == ",", f"no comma between labels: {text!r}")
        rest = rest[1:]
    return labels


def parse_value(text):
    if text in ("+Inf", "-Inf", "Nan", "NaN"):
        return {"+Inf": math.inf, "-Inf": -math.inf}.get(text, math.nan)
    need(re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", text), f"no number: {text!r}")
    return float(text)


class Family:
    def __init__(self, name, help_text):
        self.name, self.help, self.kind = name, help_text, None
        self.samples = {}  # (name, labels as sorted pairs): value

    def names(self):
        if self.kind == "histogram":
            return {f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count"}
        return {self.name}

    def add(self, name, labels, value):
        need(self.kind, f"{name} comes before its TYPE")
        need(name in self.names(), f"{name} stands among those of {self.name}")
        key = (name, tuple(sorted(labels.items())))
        need(key not in self.samples, f"{name}{labels} stands twice")
        self.samples[key] = value

    def check(self):
        need(self.kind, f"{self.name} has no TYPE")
        need(self.help, f"{self.name} has no HELP")
        for (name, labels), value in self.samples.items():
            if self.kind == "counter":
                need(name.endswith("_total"), f"the counter {name} is not called so")
                need(value >= 0 and not math.isnan(value), f"the counter {name} is {value}")
        if self.kind == "histogram":
            self.check_histogram()

    def check_histogram(self):
        series = {}
        for (name, labels), value in self.samples.items():
            rest = tuple(pair for pair in labels if pair[0] != "le")
            one = series.setdefault(rest, {"buckets": []})
            if name.endswith("_bucket"):
                one["buckets"].append((parse_value(dict(labels)["le"]), value))
            else:
                one[name[len(self.name) + 1:]] = value
        for labels, one in series.items():
            what = f"{self.name}{labels}"
            need({"sum", "count"} <= one.keys(), f"{what} lacks its sum or count")
            bounds, counts = zip(*one["buckets"])
            need(list(bounds) == sorted(set(bounds)), f"the bounds of {what} do not grow")
            need(list(counts) == sorted(counts), f"the buckets of {what} are not cumulative")
            need(bounds[-1] == math.inf and counts[-1] == one["count"], f"the last bucket of {what} does not hold all")


def parse(text):
    """The families by name. Raises Malformed."""
    need(text.endswith("\n"), "the last line has no end")
    families = {}
    current = None
    for line in text.split("\n")[:-1]:
        need(line == line.strip() and "\t" not in line and line, f"stray white space: {line!r}")
        if line.startswith("# HELP "):
            _, _, name, help_text = line.split(" ", 3)
            need(name not in families, f"{name} stands in two places")
            current = families[name] = Family(name, help_text)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            need(current and current.name == name and not current.kind and not current.samples, f"a TYPE in the wrong place: {line!r}")
            need(kind in KINDS, f"no kind of metric: {line!r}")
            current.kind = kind
        else:
            need(not line.startswith("#"), f"a stray comment: {line!r}")
            found = SAMPLE.fullmatch(line)
            need(found, f"no sample: {line!r}")
            need(current, f"a sample of nothing: {line!r}")
            current.add(found.group(1), parse_labels(found.group(2) or ""), parse_value(found.group(3)))
    for family in families.values():
        family.check()
    return families


def samples(families):
    """Every value by its name and labels, written as in the text: name{a="b"}."""
    def written(name, labels):
        return name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels) + "}" if labels else "")
    return {written(*key): value for family in families.values() for key, value in family.samples.items()}


def scrape(where):
    """Fetches and reads; the samples, and the families."""
    with urllib.request.urlopen(f"http://{where}/metrics", timeout=10) as answer:
        need(answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", answer.headers["Content-Type"])
        families = parse(answer.read().decode("utf-8"))
    return samples(families), families
