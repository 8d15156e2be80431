#!/usr/bin/env python3
"""Measures our waypoint beside Envoy with the same routes and policies, in one run. scripts/bench.sh starts it."""

from __future__ import annotations

import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Common"))

import envoy_parts  # noqa: E402
from asking import Round, ask  # noqa: E402
from bench_run import Plan, run  # noqa: E402
from measures import Samples, memory_kib, processor_milliseconds  # noqa: E402
from resources import SERVICES, Tokens  # noqa: E402
from waypoint_labs import EnvoyWaypoint, TulleWaypoint, WaypointLab  # noqa: E402
from waypoint_table import TABLE  # noqa: E402

LABS = {"tulle": TulleWaypoint, "envoy": EnvoyWaypoint}
MANY = 64


def waypoints(plan: Plan) -> tuple[Samples, str]:
    samples, tokens = Samples(), Tokens()
    with ExitStack() as stack:
        labs = {peer: stack.enter_context(lab(plan.threads, list(SERVICES), tokens)) for peer, lab in LABS.items()}
        for pair in range(plan.pairs):
            plan.say(f"requests through the waypoint, pair {pair + 1} of {plan.pairs}")
            _requests(plan, samples, labs, pair)
            _routes(plan, samples, labs, pair)
            _policies(plan, samples, labs, pair)
    _idle(plan, samples, tokens)
    return samples, f"Envoy {envoy_parts.version()}; {plan.threads} worker thread{'s' * (plan.threads > 1)} in each proxy."


def _requests(plan: Plan, samples: Samples, labs: dict[str, WaypointLab], pair: int) -> None:
    for protocol in ("h1", "h2"):
        for connections in (1, MANY):
            for peer in plan.order(pair):
                done = ask(labs[peer], "plain", protocol, connections, plan.seconds)
                samples.add(peer, f"waypoint.{protocol}_rps{connections}", "requests/s", done.rate)
                samples.add(peer, f"waypoint.{protocol}_cpu_per_req{connections}", "CPU µs", done.cost)
                samples.add(peer, f"waypoint.{protocol}_per_core{connections}", "requests/CPU s", 1e6 / done.cost)
                for name, share in (("p50", 0.5), ("p99", 0.99)):
                    of = "" if protocol == "h1" and connections == MANY else f"{protocol}_"
                    samples.add(peer, f"waypoint.{of}{name}_{connections}", "µs", done.latency(share))


def _many(plan: Plan, labs: dict[str, WaypointLab], peer: str, service: str) -> Round:
    return ask(labs[peer], service, "h1", MANY, plan.seconds)


def _routes(plan: Plan, samples: Samples, labs: dict[str, WaypointLab], pair: int) -> None:
    for peer in plan.order(pair):
        costs = {count: _many(plan, labs, peer, service).cost for service, count in
                 (("one", 1), ("hundred", 100), ("thousand", 1_000))}
        for count, cost in costs.items():
            samples.add(peer, f"waypoint.routes_cpu{count}", "CPU µs", cost)
        samples.add(peer, "waypoint.routes1000", "of the CPU with 1", costs[1_000] / costs[1])


def _policies(plan: Plan, samples: Samples, labs: dict[str, WaypointLab], pair: int) -> None:
    for service, name in (("token", "token"), ("logged", "log")):
        for peer in plan.order(pair):
            done = _many(plan, labs, peer, service)
            samples.add(peer, f"waypoint.{name}_rps{MANY}", "requests/s", done.rate)
            samples.add(peer, f"waypoint.{name}_cpu_per_req{MANY}", "CPU µs", done.cost)
            # What was written is as much as a disk may take; a run must not fill it.
            for log in labs[peer].directory.glob("*waypoint.log"):
                log.write_bytes(b"")


def _idle(plan: Plan, samples: Samples, tokens: Tokens) -> None:
    """Fresh processes for each pair that know one service, and have carried a request."""
    for pair in range(plan.pairs):
        plan.say(f"idle waypoints, pair {pair + 1} of {plan.pairs}")
        with ExitStack() as stack:
            labs = {peer: stack.enter_context(LABS[peer](plan.threads, ["plain"], tokens)) for peer in plan.order(pair)}
            # Long enough for what either of them does by itself once it is quiet.
            time.sleep(min(6.0, plan.idle_seconds))
            before = {peer: processor_milliseconds(lab.pid) for peer, lab in labs.items()}
            began = time.monotonic()
            time.sleep(plan.idle_seconds)
            passed = time.monotonic() - began
            used = {peer: processor_milliseconds(lab.pid) - before[peer] for peer, lab in labs.items()}
            for peer, lab in labs.items():
                samples.add(peer, "waypoint.idle_cpu", "CPU ms per 10 s", used[peer] * 10 / passed)
                for metric, name in (("idle_rss", "Rss"), ("idle_anon", "Anonymous")):
                    taken = statistics.median(memory_kib(lab.pid, name) for _ in range(3))
                    samples.add(peer, f"waypoint.{metric}", "MiB", taken / 1024)


if __name__ == "__main__":
    run(TABLE, waypoints)
