#!/usr/bin/env python3
"""Puts the results of the control plane's benchmark together: one JSON file, and a table on the page of performance."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from pathlib import Path

START = "<!-- control plane: written by make bench-controlplane -->"
END = "<!-- control plane: end -->"


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def table(document: dict) -> str:
    results = document["results"]
    rows = [
        ("change to last answer, p50", lambda r: f"{r['lastAnswerMilliseconds']['p50']:.0f} ms"),
        ("change to last answer, p99", lambda r: f"{r['lastAnswerMilliseconds']['p99']:.0f} ms"),
        ("processor time of the control plane per data plane and change",
         lambda r: f"{r['processorMicrosecondsPerPush']:.0f} µs"),
        ("message of one change", lambda r: f"{r['bytesPerPush']} B"),
        ("encodings of one change", lambda r: f"{r['encodings'] / r['changes']:.1f}"),
        ("everything, once", lambda r: f"{r['catalogBytes'] / 1e6:.1f} MB"),
        ("until all data planes have everything", lambda r: f"{r['joinSeconds']:.1f} s"),
        ("processor time of the control plane until then", lambda r: f"{r['joinProcessorSeconds']:.1f} s"),
        ("memory per 1,000 workloads", lambda r: f"{r['residentBytesPer1000Workloads'] / 1e6:.1f} MB"),
        ("memory per connected data plane", lambda r: f"{r['residentBytesPerConnection'] / 1e3:.0f} kB"),
        ("memory of the control plane in all", lambda r: f"{r['residentBytes'] / 2**20:.0f} MiB"),
        ("the most that it had", lambda r: f"{r['residentBytesPeak'] / 2**20:.0f} MiB"),
        ("handed out by its heap, and kept", lambda r: f"{r['heapBytesUsed'] / 2**20:.0f} + "
         f"{r['heapBytesKept'] / 2**20:.0f} MiB"),
        ("load average at the end", lambda r: f"{r['loadAverage']:.1f}"),
    ]
    lines = ["| | " + " | ".join(f"{r['workloads']:,} workloads" for r in results) + " |"]
    lines.append("| --- |" + " --: |" * len(results))
    lines += [f"| {title} | " + " | ".join(cell(r) for r in results) + " |" for title, cell in rows]
    machine = document["machine"]
    about = (
        f"{results[0]['clients']:,} data planes, {results[0]['changes']} changes of one workload each, "
        f"{document['date']}; {machine['processors']} × {machine['model']}, both processes on it."
    )
    return f"{about}\n\n" + "\n".join(lines)


def main() -> None:
    target, page, files = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    results = sorted((json.loads(Path(file).read_text()) for file in files), key=lambda each: each["workloads"])
    document = {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "machine": {"processors": os.cpu_count(), "model": processor(), "kernel": platform.release()},
        "results": results,
    }
    target.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    text = page.read_text()
    before, rest = text.split(START, 1)
    _, after = rest.split(END, 1)
    page.write_text(f"{before}{START}\n\n{table(document)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
