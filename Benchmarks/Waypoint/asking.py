"""h2load as a client in a lab, and what a round of it tells."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measures import processor_milliseconds
from resources import SERVICES, request_headers
from waypoint_labs import WaypointLab


@dataclass
class Round:
    """Requests of one round, and what the waypoint took for them."""

    rate: float
    #: CPU microseconds of the waypoint for a request.
    cost: float
    #: Microseconds, sorted.
    latencies: list[int]

    def latency(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def ask(lab: WaypointLab, service: str, protocol: str, connections: int, seconds: float) -> Round:
    """One request after the other on each connection, after a fifth of the time to warm up."""
    _load(lab, service, protocol, connections, seconds / 5)
    before = processor_milliseconds(lab.pid)
    text, latencies = _load(lab, service, protocol, connections, seconds)
    used = processor_milliseconds(lab.pid) - before
    succeeded, failed = counts(text)
    if failed or not succeeded or len(latencies) < succeeded * 0.99:
        raise RuntimeError(f"{service} over {lab.name}: {failed} of {succeeded + failed} requests failed\n{text}")
    return Round(succeeded / seconds, used * 1000 / succeeded, latencies)


def _load(lab: WaypointLab, service: str, protocol: str, connections: int, seconds: float) -> tuple[str, list[int]]:
    log = lab.directory / "requests.tsv"
    log.unlink(missing_ok=True)
    headers = request_headers(service, lab.tokens.token)
    command = ["h2load", "-c", str(connections), "-m", "1", "-t", "1", "-D", f"{round(seconds * 1000)}ms"]
    command += ["--h1"] if protocol == "h1" else []
    command += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command += [f"--log-file={log}", f"http://{SERVICES[service]}/"]
    done = subprocess.run(
        ["ip", "netns", "exec", lab.client, *command], capture_output=True, text=True, timeout=seconds * 2 + 60
    )
    if done.returncode:
        raise RuntimeError(f"h2load for {service} over {lab.name}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout, _latencies(log)


def _latencies(log: Path) -> list[int]:
    """The third column of h2load's log, of the requests that were answered well."""
    rows = (line.split("\t") for line in log.read_text().splitlines())
    return sorted(int(row[2]) for row in rows if row[1] == "200")


def counts(text: str) -> tuple[int, int]:
    """How many requests got a 2xx, and how many were answered otherwise or lost."""
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
    lost = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", text)
    if not codes or not lost:
        raise RuntimeError(f"h2load said something else than usual:\n{text}")
    good, *bad = map(int, codes.groups())
    return good, sum(bad) + int(lost[1])
