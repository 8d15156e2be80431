"""Two network namespaces with a proxy each and the driver's applications behind the second: once with ztunnel, once with
Envoy, otherwise the same."""

from __future__ import annotations

import itertools
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Scenarios"))

import envoy_config  # noqa: E402
from handshake import Listener  # noqa: E402
from network import inside, outcome  # noqa: E402
from pair import ROOT, SERVER, USER, Pair, wait  # noqa: E402

ECHO, SINK, SOURCE = PORTS = [9000, 9001, 9002]
#: Further addresses of the server, where each connection is to have a tunnel of its own: ztunnel keeps them by address.
#: As many as take longer to go round than ztunnel keeps an unused tunnel (1 s here), so that none is met again.
SPREAD = 16_384
SPREAD_BASE = "10.92.0.0"
_numbers = itertools.count()


def _spread() -> list[str]:
    return [f"10.92.{number // 256}.{number % 256}" for number in range(SPREAD)]


class Lab(Pair):
    """Makes everything on enter, removes everything on exit."""

    name: str

    def __init__(self, driver: Path, threads: int, is_fresh: bool = False, rules: int = 0):
        self.driver, self.threads, self.is_fresh, self.rules = driver, threads, is_fresh, rules
        super().__init__(descriptors=min(65_536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        tag = f"{os.getpid() % 100_000}-{next(_numbers)}"
        self.client, self.server = f"bench-c{tag}", f"bench-s{tag}"

    def __enter__(self) -> "Lab":
        try:
            self.make_network()
            log = open(self.directory / "applications.log", "wb")
            ports = ",".join(map(str, PORTS))
            self.run(self.server, [str(self.driver), "serve", f"ports={ports}"], stdout=log, stderr=log)
            wire = Listener(self.client, 15008)
            self.start_proxies()
            wait(f"the first byte through {self.name}", self.is_carrying, 30)
            self.agreement = wire.agreement()
            # Here and not earlier: `ip netns exec` becomes the program.
            self.pids = [process.pid for process in self.proxies]
            for pid in self.pids:
                program = os.readlink(f"/proc/{pid}/exe")
                assert Path(program).name.startswith(self.program), f"process {pid} is {program}"
        except BaseException as error:
            said = self.logs()
            self.__exit__()
            if isinstance(error, Exception):
                raise RuntimeError(f"{self.name} does not come up: {error}\n{json.dumps(said, indent=1)}") from error
            raise
        return self

    def is_carrying(self) -> bool:
        for process in self.proxies:
            assert process.poll() is None, f"a proxy ended with status {process.returncode}"
        target = SPREAD_BASE.removesuffix("0") + "7" if self.is_fresh else SERVER
        return outcome(self.client, target, ECHO, b"x", 1) == "78"

    def make_network(self) -> None:
        super().make_network()
        settings = {
            # The clients close first, so their ports wait a minute each; let them be used again after a second.
            "net.ipv4.tcp_tw_reuse": "1", "net.ipv4.ip_local_port_range": "16000 65000", "net.core.somaxconn": "4096",
        }
        for namespace in (self.client, self.server):
            for key, value in settings.items():
                self._inside(namespace, "sysctl", "-q", "-w", f"{key}={value}")
        if self.is_fresh:
            block = f"{SPREAD_BASE}/16"
            self._inside(self.server, "ip", "route", "add", "local", block, "dev", "lo")
            self._inside(self.client, "ip", "route", "add", block, "via", SERVER)
        rules = f"""
            flush ruleset
            table ip bench {{
                chain out {{
                    type nat hook output priority -100;
                    meta skuid {USER} accept
                    ip daddr {{ {SERVER}, {SPREAD_BASE}/16 }} tcp dport {{ {", ".join(map(str, PORTS))} }} {self.redirect}
                }}
            }}
        """
        self._inside(self.client, "nft", "-f", "-", input=rules)
        # Connections that are over are forgotten soon, or a long run fills the table.
        self._inside(self.client, "sysctl", "-q", "-w", "net.netfilter.nf_conntrack_tcp_timeout_time_wait=5")

    def _inside(self, namespace: str, *command: str, **options) -> None:
        done = subprocess.run(["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, **options)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} in {namespace}: {done.stderr.strip()}")

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

    @staticmethod
    def binary_path() -> Path:
        found = sorted((ROOT / ".venv/lib").glob("python3*/site-packages/envoy/_bin/envoy"))
        if not found:
            raise FileNotFoundError("no Envoy in .venv; run `make setup`")
        return found[0]

    @classmethod
    def version(cls) -> str:
        said = subprocess.run([str(cls.binary_path()), "--version"], capture_output=True, text=True).stdout
        found = re.search(r"/(\d+\.\d+\.\d+)", said)
        return found[1] if found else "?"

    def start_proxies(self) -> None:
        certificates = self.authority.directory
        configs = {
            "server": envoy_config.server(certificates, SERVER, PORTS, self.rules),
            "client": envoy_config.client(certificates, SERVER, PORTS, self.is_fresh),
        }
        self.proxies = []
        for side, config in configs.items():
            path = self.directory / f"envoy-{side}.json"
            path.write_text(json.dumps(config))
            command = [
                "prlimit", f"--nofile={self.descriptors}:{self.descriptors}", str(self.binary_path()), "-c", str(path),
                "--concurrency", str(self.threads), "--disable-hot-restart", "--log-level", "warning",
            ]
            with open(self.directory / f"envoy-{side}.log", "wb") as log:
                self.proxies.append(self.run(getattr(self, side), command, stdout=log, stderr=log))


