"""What /proc says of processes, and what becomes of the samples of both peers."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from pathlib import Path


def memory_kib(pid: int, name: str) -> int:
    """`Rss` or `Anonymous` of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no {name} in smaps_rollup")


def processor_milliseconds(pid: int) -> float:
    """How long all threads of a process have run: to the nanosecond, where /proc/PID/stat counts in 10 ms."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6


def wake_ups(pid: int) -> int:
    """How often threads of a process have gone to sleep, and so were woken."""
    count = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for line in (thread / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                count += int(line.split()[1])
    return count


def rounded(value: float) -> float:
    """Four significant digits."""
    return float(f"{value:.4g}")


@dataclass
class Samples:
    """The values of each metric: one for each pair of rounds, of ours ("tulle") and of another."""

    peer: str = "envoy"
    units: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, peer: str, metric: str, unit: str, value: float) -> None:
        self.units[metric] = unit
        self.values.setdefault(metric, {"tulle": [], self.peer: []})[peer].append(value)

    def entries(self) -> list[dict]:
        """What docs/performance.json keeps of them."""
        return [self._entry(metric) for metric in self.values]

    def _entry(self, metric: str) -> dict:
        ours, theirs = self.values[metric]["tulle"], self.values[metric][self.peer]
        if len(ours) != len(theirs):
            raise RuntimeError(f"{metric}: {len(ours)} rounds of ours, {len(theirs)} of {self.peer}'s")
        if min(theirs) <= 0:
            raise RuntimeError(
                f"{metric}: the value of {self.peer} is {min(theirs)}, so there is no ratio; make the rounds longer"
            )
        ratios = [our / their for our, their in zip(ours, theirs)]
        spread = {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)}
        return {
            "metric": metric, "peer": self.peer, "unit": self.units[metric],
            "tulle": rounded(statistics.median(ours)), "peer_value": rounded(statistics.median(theirs)),
            "ratio": {name: rounded(value) for name, value in spread.items()}, "pairs": len(ratios),
        }
