"""What the parts of the benchmark have in common on the command line: settings, the words above a table, the files."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench_lab import ROOT
from measures import Samples
from bench_page import Table


@dataclass
class Plan:
    """The settings of a run."""

    threads: int
    seconds: float
    pairs: int
    idle_seconds: float
    #: The load driver of the tunnel's part.
    driver: Path | None = None

    def order(self, pair: int, peer: str = "envoy") -> list[str]:
        """Who goes first changes from pair to pair."""
        return ["tulle", peer] if pair % 2 == 0 else [peer, "tulle"]

    def say(self, text: str) -> None:
        print(f"• {text}", flush=True)


def machine() -> str:
    """The processors, memory and kernel that the figures are of."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} × {model}, {memory:.0f} GiB, Linux {platform.release()}"


def merge(file: Path, entries: list[dict]) -> None:
    """Puts the entries into the file, in place of earlier ones of these rooms; what others measured stays."""
    others = []
    if file.exists():
        rooms = {entry["metric"].split(".")[0] for entry in entries}
        others = [each for each in json.loads(file.read_text()) if each["metric"].split(".")[0] not in rooms]
    fresh = file.with_suffix(".new")
    lines = ",\n".join(" " + json.dumps(entry, ensure_ascii=False) for entry in entries + others)
    fresh.write_text(f"[\n{lines}\n]\n")
    fresh.rename(file)


def _settings(needs_driver: bool) -> tuple[Plan, argparse.Namespace]:
    parser = argparse.ArgumentParser()
    if needs_driver:
        parser.add_argument("--driver", type=Path, required=True)
    parser.add_argument("--json", type=Path, default=ROOT / "docs" / "performance.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=10)
    given = parser.parse_args()
    for name, least, most in (("threads", 1, 64), ("seconds", 0.1, 600), ("pairs", 1, 100), ("idle_seconds", 0.5, 600)):
        if not least <= getattr(given, name) <= most:
            parser.error(f"--{name.replace('_', '-')} must be from {least} to {most}")
    driver = given.driver if needs_driver else None
    return Plan(given.threads, given.seconds, given.pairs, given.idle_seconds, driver), given


def run(table: Table, measure: Callable[[Plan], tuple[Samples, str]], needs_driver: bool = False) -> None:
    """A part of the benchmark as a program: measures, then writes the JSON file and the part's table.

    `measure` returns the samples, and words about what was measured with.
    """
    plan, given = _settings(needs_driver)
    # So that a run which is told to end takes its namespaces and processes along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    load, began = os.getloadavg()[0], time.monotonic()
    try:
        samples, words = measure(plan)
    except (RuntimeError, FileNotFoundError, TimeoutError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    minutes = max(1, round((time.monotonic() - began) / 60))
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    entries = samples.entries()
    about = (
        f"{date}, {machine()}; load average {load:.1f} at the start. {words} Medians of {plan.pairs} pairs of rounds of "
        f"{plan.seconds:g} s in alternating order, {minutes} minute{'s' * (minutes > 1)} in all. A ratio is ours to "
        f"{table.peer}'s in the same pair. Load, proxies and applications share the machine."
    )
    merge(given.json, entries)
    table.write(given.page, entries, about)
    print(table.text(entries, about))
