"""Two network namespaces with a proxy each and the driver's applications behind the second: once with ztunnel, once with
Envoy, otherwise the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench_lab import SERVER, BenchLab

import envoy_parts
import envoy_config
from handshake import Listener
from network import inside, outcome
from pair import wait

ECHO, SINK, SOURCE = PORTS = [9000, 9001, 9002]
#: Further addresses of the server, where each connection is to have a tunnel of its own: ztunnel keeps them by address.
#: As many as take longer to go round than ztunnel keeps an unused tunnel (1 s here), so that none is met again.
SPREAD = 16_384
SPREAD_BASE = "10.92.0.0"


def _spread() -> list[str]:
    return [f"10.92.{number // 256}.{number % 256}" for number in range(SPREAD)]


class Lab(BenchLab):
    """Makes everything on enter, removes everything on exit."""

    def __init__(self, driver: Path, threads: int, is_fresh: bool = False, rules: int = 0, known: int = 0):
        """`known` are further workloads of the mesh that the client's Envoy is told about."""
        self.driver, self.is_fresh, self.rules, self.known = driver, is_fresh, rules, known
        super().__init__(threads)

    def bring_up(self) -> None:
        ports = ",".join(map(str, PORTS))
        self.run_logged(self.server, "applications", [str(self.driver), "serve", f"ports={ports}"])
        wire = Listener(self.client, 15008)
        self.start_proxies()
        wait(f"the first byte through {self.name}", self.is_carrying, 30)
        self.agreement = wire.agreement()
        self.pids = [self.check(process, self.program) for process in self.proxies]

    def is_carrying(self) -> bool:
        for process in self.proxies:
            assert process.poll() is None, f"a proxy ended with status {process.returncode}"
        target = SPREAD_BASE.removesuffix("0") + "7" if self.is_fresh else SERVER
        return outcome(self.client, target, ECHO, b"x", 1) == "78"

    def captured(self) -> str:
        ports = ", ".join(map(str, PORTS))
        return f"ip daddr {{ {SERVER}, {SPREAD_BASE}/16 }} tcp dport {{ {ports} }} {self.redirect}"

    def make_network(self) -> None:
        super().make_network()
        if self.is_fresh:
            block = f"{SPREAD_BASE}/16"
            self.inside_of(self.server, "ip", "route", "add", "local", block, "dev", "lo")
            self.inside_of(self.client, "ip", "route", "add", block, "via", SERVER)

    def load(self, mode: str, seconds: float, **options) -> dict:
        """One round of the driver; its result."""
        port = {"up": SINK, "down": SOURCE}.get(mode, ECHO)
        words = {
            "address": SPREAD_BASE if self.is_fresh else SERVER, "spread": SPREAD if self.is_fresh else 1, "ports": port,
            "seconds": seconds, "warm": seconds / 5, "processes": ",".join(map(str, self.pids)), **options,
        }
        command = [str(self.driver), mode, *(f"{key}={value}" for key, value in words.items())]
        done = subprocess.run(
            ["ip", "netns", "exec", self.client, *command], capture_output=True, text=True, timeout=seconds * 2 + 90
        )
        if done.returncode:
            raise RuntimeError(f"{mode} over {self.name}: {done.stderr.strip()}\n{json.dumps(self.logs(), indent=1)}")
        result = json.loads(done.stdout)
        if result["errors"] * 1000 > result["count"]:
            raise RuntimeError(f"{mode} over {self.name}: {result['errors']} errors: {done.stderr.strip()}")
        if result["errors"]:
            print(f"bench: {mode} over {self.name}: {result['errors']} errors: {done.stderr.strip()}", file=sys.stderr)
        return result

    def opened(self) -> int:
        """How many TCP connections have been begun in the client's namespace: the driver's and the proxy's."""
        text = inside(self.client, lambda: Path("/proc/thread-self/net/snmp").read_text())
        names, values = (line.split() for line in text.splitlines() if line.startswith("Tcp:"))
        return int(values[names.index("ActiveOpens")])


class TulleLab(Lab):
    name, program, redirect = "ztunnel", "ztunnel", "redirect to :15001"

    def start_proxies(self) -> None:
        more = {"ZTUNNEL_WORKER_THREADS": str(self.threads)}
        if self.is_fresh:
            more |= {"POOL_MAX_STREAMS_PER_CONNECTION": "1", "POOL_UNUSED_RELEASE_TIMEOUT": "1s"}
        self.proxies = [self.start(side, **more).process for side in ("server", "client")]

    def write_state(self, more: list[dict] | None = None) -> None:
        if self.rules:
            accounts = [f"nobody-{number}" for number in range(self.rules - 1)] + ["client"]
            rules = [[[{"principals": [{"Exact": f"cluster.local/ns/demo/sa/{account}"}]}]] for account in accounts]
            self.policies = [
                {"name": "many", "namespace": "demo", "scope": "Namespace", "action": "Allow", "rules": rules}
            ]
        super().write_state(more)
        if self.is_fresh:
            state = json.loads(self.state.read_text())
            [server] = [each for each in state["workloads"] if each["name"] == "server"]
            server["workloadIps"] += _spread()
            self.state.write_text(json.dumps(state))


class EnvoyLab(Lab):
    name, program, redirect = "Envoy", "envoy", "redirect"

    def start_proxies(self) -> None:
        certificates = self.authority.directory
        configs = {
            "server": envoy_config.server(certificates, SERVER, PORTS, self.rules),
            "client": envoy_config.client(certificates, SERVER, PORTS, self.is_fresh, self.known),
        }
        self.proxies = [
            self.run_envoy(getattr(self, side), side, config, envoy_parts.binary()) for side, config in configs.items()
        ]
