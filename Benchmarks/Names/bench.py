#!/usr/bin/env python3
"""Measures ztunnel's name server beside unbound on names of a mesh, in one run. scripts/bench.sh starts it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Common"))

from bench_run import Plan, run  # noqa: E402
from measures import Samples  # noqa: E402
from names_labs import TulleNames, UnboundNames  # noqa: E402
from names_table import TABLE  # noqa: E402

LABS = {"tulle": TulleNames, "unbound": UnboundNames}
PACE = 5_000


def names(plan: Plan) -> tuple[Samples, str]:
    samples = Samples("unbound")
    with ExitStack() as stack:
        labs = {peer: stack.enter_context(lab(plan.threads)) for peer, lab in LABS.items()}
        for pair in range(plan.pairs):
            plan.say(f"questions for names, pair {pair + 1} of {plan.pairs}")
            for peer in plan.order(pair, "unbound"):
                done = labs[peer].ask(plan.seconds)
                samples.add(peer, "dns.qps", "queries/s", done.rate)
                samples.add(peer, "dns.cpu_per_query", "CPU µs", done.cost)
                samples.add(peer, "dns.latency", "µs", done.latency)
            for peer in plan.order(pair, "unbound"):
                done = labs[peer].ask(plan.seconds, rate=PACE)
                for name, share in (("p50", 0.5), ("p99", 0.99)):
                    at = done.latencies[int(share * (len(done.latencies) - 1))]
                    samples.add(peer, f"dns.{name}", "µs", at)
                samples.add(peer, "dns.cpu_per_query_paced", "CPU µs", done.cost)
    workers = f"{plan.threads} thread{'s' * (plan.threads > 1)} in each"
    return samples, f"unbound {UnboundNames.version()}; {workers}; 1,000 names, asked for by dnsperf over UDP."


if __name__ == "__main__":
    run(TABLE, names)
