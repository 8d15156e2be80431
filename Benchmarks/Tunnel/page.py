"""The table of the tunnel's benchmark on the page of performance, with what is aimed at beside what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

START = "<!-- tunnel: written by make bench -->"
END = "<!-- tunnel: end -->"


@dataclass
class Aim:
    """What a metric is to reach, and whether an entry of the JSON file does."""

    text: str
    is_met: Callable[[dict], bool]


def _ratio_least(least: float) -> Aim:
    return Aim(f"ratio ≥ {least}", lambda entry: entry["ratio"]["median"] >= least)


def _ratio_most(most: float) -> Aim:
    return Aim(f"ratio ≤ {most}", lambda entry: entry["ratio"]["median"] <= most)


def _most(most: float, unit: str) -> Aim:
    return Aim(f"≤ {most:g} {unit}", lambda entry: entry["tulle"] <= most)


#: What each metric is called, and its aim.
ROWS: dict[str, tuple[str, Aim | None]] = {
    "tunnel.rps1": ("requests of 1 KiB, 1 connection", None),
    "tunnel.rps64": ("requests of 1 KiB, 64 connections", _ratio_least(2.0)),
    "tunnel.rps512": ("requests of 1 KiB, 512 connections", None),
    "tunnel.cpu_per_req1": ("processor time of a request, 1 connection, both hops", None),
    "tunnel.p50_1": ("p50 of a request, 1 connection", None),
    "tunnel.p99_1": ("p99 of a request, 1 connection", None),
    "tunnel.p50_64": ("p50 of a request, 64 connections", None),
    "tunnel.p99_64": ("p99 of a request, 64 connections", _ratio_most(0.6)),
    "tunnel.cpu_per_req64": ("processor time of a request, 64 connections, both hops", _ratio_most(0.55)),
    "tunnel.p999_64": ("p99.9 of a request, 64 connections", None),
    "tunnel.cpu_per_req512": ("processor time of a request, 512 connections, both hops", None),
    "tunnel.p50_512": ("p50 of a request, 512 connections", None),
    "tunnel.p99_512": ("p99 of a request, 512 connections", None),
    "tunnel.conns_pooled": ("new connections in shared tunnels", _ratio_least(2.2)),
    "tunnel.cpu_per_conn": ("processor time of such a connection, both hops", None),
    "tunnel.conns_fresh": ("new connections, each in a fresh tunnel", None),
    "tunnel.cpu_per_conn_fresh": ("processor time of such a connection, both hops", None),
    "tunnel.bulk_up": ("one stream to the server", _ratio_least(1.3)),
    "tunnel.bulk_down": ("one stream from the server", _ratio_least(1.3)),
    "tunnel.cpu_per_gb": ("processor time of a gigabyte, up and down, both hops", _ratio_most(0.7)),
    "tunnel.cpu_per_gb_up": ("of that, up alone", None),
    "tunnel.cpu_per_gb_down": ("of that, down alone", None),
    "tunnel.policy1000": (
        "rate of new connections under 1,000 rules",
        Aim("ours > 0.98", lambda entry: entry["tulle"] > 0.98),
    ),
    "tunnel.policy1000_cpu": ("processor time of a connection under 1,000 rules", None),
    "size.idle_rss": ("idle, resident", _most(8, "MiB")),
    "size.idle_anon": ("idle, anonymous", _most(1, "MiB")),
    "size.per_idle_tunnel": ("anonymous memory of one of 1,000 idle connections", _most(2, "KiB")),
    "size.idle_cpu": ("idle, processor time", _most(20, "ms")),
}


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(entries: list[dict], about: str) -> str:
    """Rows in the order of ROWS; `about` goes above."""
    known = {entry["metric"]: entry for entry in entries}
    lines = [
        about, "", "| | metric | unit | tulle | Envoy | ratio (min to max) | aim | |",
        "| --- | --- | --- | --: | --: | --- | --- | --- |",
    ]
    for metric, (title, aim) in ROWS.items():
        entry = known.get(metric)
        if not entry:
            continue
        ratio = entry["ratio"]
        verdict = "" if not aim else "met" if aim.is_met(entry) else "**missed**"
        cells = [
            title, f"`{metric}`", entry["unit"], _number(entry["tulle"]), _number(entry["peer_value"]),
            f"{_number(ratio['median'])} ({_number(ratio['min'])} to {_number(ratio['max'])})", aim.text if aim else "",
            verdict,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(page: Path, entries: list[dict], about: str) -> None:
    """Puts the table between the page's markers."""
    text = page.read_text()
    if text.count(START) != 1 or text.count(END) != 1:
        raise RuntimeError(f"{page} must have the lines {START} and {END} once each")
    before, rest = text.split(START, 1)
    _, after = rest.split(END, 1)
    page.write_text(f"{before}{START}\n\n{table(entries, about)}\n\n{END}{after}")
