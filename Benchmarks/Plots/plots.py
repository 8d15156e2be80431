#!/usr/bin/env python3
"""Draws docs/images from docs/performance.json: how many times as good as the other program, with the aims."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import matplotlib
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
for room in ("Common", "Tunnel", "Waypoint", "Names"):
    sys.path.insert(0, str(ROOT / "Benchmarks" / room))

from bench_page import Table  # noqa: E402
from names_table import TABLE as NAMES  # noqa: E402
from tunnel_table import TABLE as TUNNEL  # noqa: E402
from waypoint_table import TABLE as WAYPOINT  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plot  # noqa: E402

#: What each chart shows of a table, and what its bars are called.
CHARTS: dict[str, tuple[str, list[tuple[Table, dict[str, str]]]]] = {
    "performance-tunnel": ("ztunnel beside Envoy", [(TUNNEL, {
        "tunnel.rps1": "requests/s, 1 connection",
        "tunnel.rps64": "requests/s, 64 connections",
        "tunnel.rps512": "requests/s, 512 connections",
        "tunnel.p99_64": "p99, 64 connections",
        "tunnel.cpu_per_req64": "CPU of a request, 64 connections",
        "tunnel.conns_pooled": "new connections/s",
        "tunnel.cpu_per_conn": "CPU of a new connection",
        "tunnel.conns_fresh": "fresh tunnels/s",
        "tunnel.bulk_up": "MB/s up",
        "tunnel.bulk_down": "MB/s down",
        "tunnel.cpu_per_gb": "CPU of a gigabyte",
        "tunnel.policy1000": "new connections/s under 1,000 rules",
        "size.idle_cpu": "CPU when idle",
        "size.idle_rss": "memory when idle",
        "size.idle_anon": "anonymous memory when idle",
        "size.per_idle_tunnel": "memory of an idle connection",
    })]),
    "performance-waypoint": ("waypoint beside Envoy, names beside unbound", [(WAYPOINT, {
        "waypoint.h1_rps1": "HTTP/1.1 requests/s, 1 connection",
        "waypoint.h1_rps64": "HTTP/1.1 requests/s, 64 connections",
        "waypoint.h1_per_core64": "HTTP/1.1 requests of a core",
        "waypoint.p99_64": "HTTP/1.1 p99",
        "waypoint.h2_rps1": "HTTP/2 requests/s, 1 connection",
        "waypoint.h2_rps64": "HTTP/2 requests/s, 64 connections",
        "waypoint.h2_per_core64": "HTTP/2 requests of a core",
        "waypoint.h2_p99_64": "HTTP/2 p99",
        "waypoint.routes_cpu1000": "CPU of a request, 1,000 routes",
        "waypoint.token_cpu_per_req64": "CPU of a request with a token",
        "waypoint.log_cpu_per_req64": "CPU of a request that is logged",
        "waypoint.idle_cpu": "CPU when idle",
        "waypoint.idle_rss": "memory when idle",
    }), (NAMES, {
        "dns.qps": "names: questions/s",
        "dns.cpu_per_query": "names: CPU of a question",
        "dns.p99": "names: p99 at 5,000/s",
    })]),
}
GOOD, BAD, AIM = "#2f7d4f", "#b5482f", "#222222"


def is_more_better(unit: str) -> bool:
    return "/s" in unit or "/CPU s" in unit or unit == "of the rate without"


def draw(path: Path, title: str, parts: list[tuple[Table, dict[str, str]]], known: dict[str, dict]) -> None:
    """Bars with whiskers from the worst to the best pair; costs are turned round, so that longer is better."""
    rows = []
    for table, bars in parts:
        for metric, label in bars.items():
            if not (entry := known.get(metric)):
                continue
            def gain(ratio: float, unit: str = entry["unit"]) -> float:
                return ratio if is_more_better(unit) else 1 / ratio
            values = sorted(gain(entry["ratio"][name]) for name in ("min", "median", "max"))
            aim = table.rows[metric][1]
            rows.append((label, values, gain(aim.ratio) if aim and aim.ratio else None))
    if not rows:
        return
    figure, axes = plot.subplots(figsize=(7.2, 0.27 * len(rows) + 1), dpi=100)
    for at, (label, (least, middle, most), aim) in enumerate(reversed(rows)):
        axes.barh(at, middle - 1, left=1, height=0.62, color=GOOD if middle >= 1 else BAD)
        axes.plot([least, most], [at, at], color=AIM, linewidth=1)
        if aim:
            axes.plot([aim, aim], [at - 0.42, at + 0.42], color=AIM, linewidth=2.2)
        axes.text(max(most, aim or 0, 1) * 1.03, at, f"{middle:.2g}×", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)], fontsize=8)
    axes.set_xscale("log", base=2)
    axes.axvline(1, color=AIM, linewidth=0.8)
    low = min(0.7, *(row[1][0] / 1.1 for row in rows))
    high = max(row[1][2] for row in rows) * 1.35
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 4, 8, 16, 32) if low <= tick <= high]
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks], fontsize=8)
    axes.minorticks_off()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("times as good; thin line: from the worst to the best pair, stroke: the aim", fontsize=8)
    axes.set_title(title, fontsize=9, loc="left")
    figure.tight_layout()
    drawn = io.BytesIO()
    figure.savefig(drawn, metadata={"Software": None})
    plot.close(figure)
    # Few colours are in it: a palette makes the file a quarter as large.
    Image.open(drawn).convert("RGB").quantize(32).save(path, optimize=True)


def main() -> int:
    if len(sys.argv) != 3:
        sys.exit("usage: plots.py PERFORMANCE.JSON DIRECTORY")
    known = {entry["metric"]: entry for entry in json.loads(Path(sys.argv[1]).read_text())}
    images = Path(sys.argv[2])
    images.mkdir(parents=True, exist_ok=True)
    for name, (title, parts) in CHARTS.items():
        draw(images / f"{name}.png", title, parts, known)
    return 0


if __name__ == "__main__":
    sys.exit(main())
