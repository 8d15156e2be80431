#!/usr/bin/env python3
"""Measures our pair of ztunnels beside a pair of Envoys, on the same work in one run. scripts/bench.sh starts it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Common"))

import envoy_parts  # noqa: E402
from measures import Samples  # noqa: E402
from rounds import measure  # noqa: E402
from bench_run import Plan, run  # noqa: E402
from tunnel_table import TABLE  # noqa: E402


def tunnel(plan: Plan) -> tuple[Samples, str]:
    samples = Samples()
    agreements = measure(plan, samples)
    ours, theirs = agreements["tulle"], agreements["envoy"]
    return samples, (
        f"Envoy {envoy_parts.version()}; {plan.threads} worker thread{'s' * (plan.threads > 1)} in each proxy; TLS 1.3 with "
        f"{ours.group}, {ours.cipher} (ours) and {theirs.cipher} (Envoy)."
    )


if __name__ == "__main__":
    run(TABLE, tunnel, needs_driver=True)
