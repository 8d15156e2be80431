#!/usr/bin/env python3
"""Measures our pair of ztunnels beside a pair of Envoys, on the same work in one run. scripts/bench.sh starts it."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import sys
import time
from pathlib import Path

import page
from labs import ROOT, EnvoyLab  # first: it shows the way to the scenarios' modules
from handshake import Agreement
from measures import Samples
from rounds import Plan, measure


def machine() -> str:
    """The processors, memory and kernel that the figures are of."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} × {model}, {memory:.0f} GiB, Linux {platform.release()}"


def about(plan: Plan, agreements: dict[str, Agreement], load: float, took: float) -> str:
    """The words above the table: when, where and how."""
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return (
        f"{date}, {machine()}; load average {load:.1f} at the start. Envoy {EnvoyLab.version()}; "
        f"{plan.threads} worker thread{'s' * (plan.threads > 1)} in each proxy; TLS 1.3 with "
        f"{agreements['tulle'].group}, {agreements['tulle'].cipher} (ours) and {agreements['envoy'].cipher} (Envoy). "
        f"Medians of {plan.pairs} pairs of rounds of {plan.seconds:g} s in alternating order, "
        f"{took / 60:.0f} minutes in all. A ratio is ours to Envoy's in the same pair. Load, both proxies and the "
        "applications share the machine."
    )


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


def main() -> int:
    parser = argparse.ArgumentParser()
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
    # So that a run which is told to end takes its namespaces and processes along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan = Plan(given.driver, given.threads, given.seconds, given.pairs, given.idle_seconds)
    samples = Samples()
    load, began = os.getloadavg()[0], time.monotonic()
    agreements = measure(plan, samples)
    entries = samples.entries()
    words = about(plan, agreements, load, time.monotonic() - began)
    merge(given.json, entries)
    page.write(given.page, entries, words)
    print(page.table(entries, words))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, FileNotFoundError, TimeoutError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
