#!/usr/bin/env python3
"""Writes the part of docs/limits.md that tells the limits of the data planes, from the code that has them.

    scripts/limits.py           writes the page
    scripts/limits.py --check   fails when the page is not what the code says

A limit is a member of a type whose name ends in `Limits`, or a constant whose name says that it bounds something. Its
comment in the code is its line on the page.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/limits.md"
BEGIN = "<!-- made by scripts/limits.py: change the code and run `make limits` -->"
END = "<!-- end of what scripts/limits.py makes -->"

#: The rooms of the data planes, and what a reader calls them.
ROOMS = {
    "ZTunnel": "ztunnel",
    "Waypoint": "waypoint",
    "HTTPRouting": "routes, policies, choice of endpoints",
    "DataPlane": "control plane, attestation, own endpoints",
    "TunnelEngine": "sockets, TLS and HTTP/2",
    "BoringTLS": "TLS",
    "MeshDNS": "DNS",
    "MeshXDS": "discovery",
    "MeshProtos": "messages",
    "MeshModel": "decisions",
    "MeshIdentity": "certificates",
    "MeshTelemetry": "metrics, log, traces",
    "MeshYAML": "YAML",
    "AWSSignature": "attestation",
}
#: A constant that bounds something, by its name.
BOUND = re.compile(r"^(maximum|longest|most|first|least)|(Limit|Milliseconds|Seconds|Bytes|Attempts)$|^limit$|Limit$")
#: Constants whose names look like bounds, and that are numbers of a protocol or of arithmetic.
NO_LIMIT = {"headerBytes", "prefixBytes", "byteCount", "defaultMaxLength", "firstYear", "firstStreamID"}
TYPE = re.compile(r"^\s*(?:package |private |fileprivate |public )?(?:final )?(struct|enum|class|extension|actor) ([\w.]+)")
FIELD = re.compile(r"^\s*(?:package |private |internal )?(?:\(set\) )?var (\w+)(?:: ([\w?]+))? = (.+?)(?:\s*//.*)?$")
CONSTANT = re.compile(r"^\s*(?:package |private |internal )?static let (\w+)(?:: ([\w?]+))? = (.+?)(?:\s*//.*)?$")


def value(text: str) -> int | float | None:
    """What a literal, or a little arithmetic on literals, is worth."""
    text = text.strip().replace("_", "")
    if not re.fullmatch(r"[0-9xa-fA-F.() *+<-]+", text) or not any(c.isdigit() for c in text):
        return None
    try:
        return eval(text, {"__builtins__": {}})  # digits and operators only
    except (SyntaxError, ValueError, TypeError):
        return None


def shown(name: str, number: int | float) -> str:
    lower = name.lower()

    def units(steps: list[tuple[int, str]]) -> str:
        for size, unit in steps:
            if number >= size and number % size == 0:
                return f"{number // size:,} {unit}"
        return f"{number:,} {steps[-1][1]}"

    if isinstance(number, float):
        return f"{number:g}"
    if "milliseconds" in lower:
        return units([(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")])
    if "seconds" in lower:
        return units([(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")])
    if "byte" in lower or "window" in lower and number >= 65_535:
        return units([(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")])
    return f"{number:,}"


def plain(comment: list[str]) -> str:
    """A comment's first paragraph as one cell: symbols lose their marks, bars are escaped."""
    text = " ".join(comment).split("  ")[0].strip()
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    return text.rstrip(".").replace("|", "\\|")


def limits(path: Path) -> list[tuple[str, str, str]]:
    """The limits of one file: what has it, how much, and why."""
    found: list[tuple[str, str, str]] = []
    types: list[tuple[int, str]] = []
    depth = 0
    comment: list[str] = []
    in_paragraph = True
    for line in path.read_text().splitlines():
        stripped = line.strip()
        if stripped.startswith("///"):
            text = stripped[3:].strip()
            if not text:
                in_paragraph = False
            elif in_paragraph and not text.startswith("- "):
                comment.append(text)
            continue
        code = re.sub(r'"(?:\\.|[^"\\])*"', '""', stripped.split("//")[0])
        match = TYPE.match(line)
        if match:
            types.append((depth, match.group(2)))
        owner = ".".join(name for _, name in types)
        field = FIELD.match(line) or CONSTANT.match(line)
        if field:
            name, number = field.group(1), value(field.group(3))
            is_constant = bool(CONSTANT.match(line))
            is_field = not is_constant and types and types[-1][1].split(".")[-1].endswith("Limits")
            is_bound = is_field or is_constant and BOUND.search(name) and name not in NO_LIMIT
            if number is not None and number > 0 and is_bound:
                found.append((f"{owner}.{name}", shown(name, number), plain(comment)))
            elif is_field and field.group(2) and field.group(3).strip() == "nil":
                found.append((f"{owner}.{name}", "none", plain(comment)))
        if stripped:
            comment, in_paragraph = [], True
        depth += code.count("{") - code.count("}")
        while types and depth <= types[-1][0] and not (match and "{" not in code):
            types.pop()
    return found


def page() -> str:
    lines = [BEGIN, ""]
    for room, title in ROOMS.items():
        rows: list[tuple[str, str, str]] = []
        for path in sorted((ROOT / "Sources" / room).rglob("*.swift")):
            rows += limits(path)
        if not rows:
            continue
        lines += [f"### {room}: {title}", "", "| limit | default | what it bounds |", "|---|---|---|"]
        lines += [f"| `{name}` | {amount} | {why} |" for name, amount, why in rows]
        lines.append("")
    return "\n".join([*lines, END])


def main() -> None:
    text = PAGE.read_text()
    if BEGIN not in text or END not in text:
        sys.exit(f"{PAGE.relative_to(ROOT)}: the marks of the generated part are missing")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    made = before + page() + after
    if sys.argv[1:] == ["--check"]:
        if made != text:
            sys.exit(f"{PAGE.relative_to(ROOT)} is not what the code says; run: make limits")
    elif not sys.argv[1:]:
        PAGE.write_text(made)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
