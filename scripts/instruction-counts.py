#!/usr/bin/env python3
"""Counts the instructions of the paths that cost most, and holds them against docs/instruction-counts.json.

    scripts/instruction-counts.py              build, count, compare; status 1 when something costs more
    scripts/instruction-counts.py --record     write docs/instruction-counts.json, and its table into the page beside it
    scripts/instruction-counts.py --profile DIRECTORY   also keep callgrind's files, for callgrind_annotate
    scripts/instruction-counts.py --program PATH        take a program that is built already

The program (Benchmarks/InstructionCounts) runs its scripts under valgrind's callgrind, which counts what the processor is
told and not how long it takes: a busy machine changes nothing. How it stays the same everywhere: docs/instruction-counts.md.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs/instruction-counts.json"
PAGE = ROOT / "docs/instruction-counts.md"
START = "<!-- counts: written by make counts-record -->"
END = "<!-- counts: end -->"
GROUPS = ["tunnel", "l7", "policy", "xds"]
# What a figure may rise by. Runs differ by up to 0.2 %, and an edit elsewhere in a room may move what is inlined.
TOLERANCE = 0.02
# Long enough for a machine that is ten times slower than ours.
SECONDS = 240


class Failure(Exception):
    """What keeps us from counting."""


def build() -> Path:
    out = ROOT / ".build/counts"
    environment = os.environ | {"TULLE_COUNTS": "1", "TULLE_SYMBOLS": "1", "TULLE_OUT": str(out)}
    command = [str(ROOT / "scripts/build-release.sh"), "InstructionCounts"]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Failure(f"the program can't be built:\n{done.stdout[-4000:]}")
    return out / "InstructionCounts"


def count(program: Path, group: str, directory: Path) -> dict[str, int]:
    """Instructions of one repetition of each of a group's scripts."""
    output = directory / f"callgrind.{group}"
    command = [
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={output}",
        "--zero-before=*countsBegin*", "--dump-before=*countsEnd*", str(program), group,
    ]
    # A small environment, always the same: its size moves the stack. Hash tables are laid out by no random seed.
    environment = {"PATH": os.environ["PATH"], "SWIFT_DETERMINISTIC_HASHING": "1"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{group} did not end within {SECONDS} s") from error
    if done.returncode:
        raise Failure(f"{group} ended with status {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    scripts = re.findall(r"^script (\S+) (\d+)$", done.stdout, re.MULTILINE)
    if not scripts:
        raise Failure(f"{group} ran no script")
    counts = {}
    for number, (name, repetitions) in enumerate(scripts, 1):
        part = Path(f"{output}.{number}")
        total = re.search(r"^totals: (\d+)", part.read_text(errors="replace"), re.MULTILINE) if part.exists() else None
        if total is None or int(total[1]) == 0:
            raise Failure(f"valgrind counted nothing for {name}")
        counts[name] = round(int(total[1]) / int(repetitions))
        part.rename(directory / f"{name}.callgrind")
    output.unlink(missing_ok=True)
    return counts


def measure(program: Path, directory: Path) -> dict[str, int]:
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        parts = list(pool.map(lambda group: count(program, group, directory), GROUPS))
    return {name: value for part in parts for name, value in part.items()}


def tool_versions() -> dict[str, str]:
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    version = re.search(r"Swift version (\S+)", swift)
    return {
        "swift": version[1] if version else "unknown",
        "valgrind": subprocess.run(["valgrind", "--version"], capture_output=True, text=True).stdout.strip(),
        "libc": " ".join(platform.libc_ver()),
    }


def obstacle() -> str | None:
    """Why figures of this machine can't be compared with the recorded ones: its processor runs other code."""
    if platform.machine() != "x86_64":
        return f"the processor is {platform.machine()}, and the figures are of x86_64"
    flags = Path("/proc/cpuinfo").read_text().split()
    missing = [flag for flag in ("aes", "pclmulqdq", "avx2", "bmi2") if flag not in flags]
    return f"the processor has no {', '.join(missing)}" if missing else None


def table(counts: dict[str, int]) -> str:
    rows = "\n".join(f"| `{name}` | {value:,} |" for name, value in counts.items())
    return f"| script | instructions |\n| --- | --: |\n{rows}\n"


def record(counts: dict[str, int]) -> None:
    document = {"tolerance": TOLERANCE, "tools": tool_versions(), "instructions": counts}
    FIGURES.write_text(json.dumps(document, indent=2) + "\n")
    page = PAGE.read_text()
    head, rest = page.split(START, 1)
    tail = rest.split(END, 1)[1]
    PAGE.write_text(f"{head}{START}\n\n{table(counts)}\n{END}{tail}")
    print(f"instruction-counts: {FIGURES.relative_to(ROOT)} and {PAGE.relative_to(ROOT)} are written")


def compare(counts: dict[str, int]) -> int:
    document = json.loads(FIGURES.read_text())
    known, tolerance = document["instructions"], document["tolerance"]
    costlier, cheaper = [], []
    width = max(map(len, counts | known))
    print(f"{'script':{width}} {'recorded':>12} {'now':>12} {'change':>8}")
    for name in known | counts:
        before, now = known.get(name), counts.get(name)
        change = None if before is None or now is None else now / before - 1
        shown = "" if change is None else f"{100 * change:+.1f} %"
        print(f"{name:{width}} {before or 'none':>12} {now or 'none':>12} {shown:>8}")
        if change is None or change > tolerance:
            costlier.append(name)
        elif change < -tolerance:
            cheaper.append(name)
    bound = f"{100 * tolerance:g} %"
    if cheaper:
        print(f"instruction-counts: {', '.join(cheaper)} cost less by more than {bound}: 'make counts-record', so that it stays")
    now = tool_versions()
    for tool, version in document["tools"].items():
        if now.get(tool) != version:
            print(f"instruction-counts: recorded with {tool} {version}, this is {now.get(tool)}; that alone may move figures")
    if costlier:
        print(
            f"instruction-counts: FAILED: {', '.join(costlier)}: new, gone, or more than {bound} above what is recorded.\n"
            "Find what grew: scripts/instruction-counts.py --profile DIRECTORY, and callgrind_annotate on a file in it.\n"
            "If it is meant to be so: make counts-record, and say why in the change."
        )
        return 1
    print(f"instruction-counts: {len(counts)} figures, none more than {bound} above what is recorded")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Counts instructions of the paths that cost most.")
    parser.add_argument("--record", action="store_true", help="write the figures instead of comparing")
    parser.add_argument("--profile", type=Path, metavar="DIRECTORY", help="keep callgrind's files there")
    parser.add_argument("--program", type=Path, metavar="PATH", help="a program that is built already")
    options = parser.parse_args()
    try:
        if shutil.which("valgrind") is None:
            raise Failure("no valgrind on PATH; 'make setup' installs it")
        program = options.program.resolve() if options.program else build()
        with tempfile.TemporaryDirectory() as scratch:
            directory = options.profile or Path(scratch)
            directory.mkdir(parents=True, exist_ok=True)
            counts = measure(program, directory.resolve())
        reason = obstacle()
        if reason:
            print(table(counts) + f"instruction-counts: NOT COMPARED: {reason}")
            return 1 if options.record else 0
        if options.record:
            record(counts)
            return 0
        return compare(counts)
    except Failure as failure:
        print(f"instruction-counts: {failure}", file=sys.stderr)
        return 69


if __name__ == "__main__":
    sys.exit(main())
