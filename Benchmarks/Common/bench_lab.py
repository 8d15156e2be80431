"""Two network namespaces for a benchmark: a client with its proxy, and what it asks."""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Scenarios"))

from pair import ROOT, SERVER, USER, Pair  # noqa: E402

__all__ = ["ROOT", "SERVER", "USER", "BenchLab"]
_numbers = itertools.count()


class BenchLab(Pair):
    """Makes everything on enter, removes everything on exit. What comes up in between is said by `bring_up`."""

    #: How messages call it.
    name: str

    def __init__(self, threads: int):
        self.threads = threads
        super().__init__(descriptors=min(65_536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        tag = f"{os.getpid() % 100_000}-{next(_numbers)}"
        self.client, self.server = f"bench-c{tag}", f"bench-s{tag}"

    def __enter__(self) -> "BenchLab":
        try:
            self.make_network()
            self.bring_up()
        except BaseException as error:
            said = self.logs()
            self.__exit__()
            if isinstance(error, Exception):
                raise RuntimeError(f"{self.name} does not come up: {error}\n{json.dumps(said, indent=1)}") from error
            raise
        return self

    def bring_up(self) -> None:
        """Starts what the network is for, and waits until it works."""
        raise NotImplementedError

    def captured(self) -> str:
        """What of the client's connections goes to its proxy, as nft says it; empty for none."""
        return ""

    def make_network(self) -> None:
        super().make_network()
        settings = {
            # The clients close first, so their ports wait a minute each; let them be used again after a second.
            "net.ipv4.tcp_tw_reuse": "1", "net.ipv4.ip_local_port_range": "16000 65000", "net.core.somaxconn": "4096",
            # As Amazon Linux has it; a kernel whose default is BBR would pace the loopback.
            "net.ipv4.tcp_congestion_control": "cubic",
        }
        for namespace in (self.client, self.server):
            for key, value in settings.items():
                self.inside_of(namespace, "sysctl", "-q", "-w", f"{key}={value}")
        rules = "flush ruleset\n"
        if captured := self.captured():
            rules += (
                "table ip bench { chain out { type nat hook output priority -100;\n"
                f"meta skuid {USER} accept\n{captured}\n}}\n}}\n"
            )
        self.inside_of(self.client, "nft", "-f", "-", input=rules)
        # Connections that are over are forgotten soon, or a long run fills the table.
        self.inside_of(self.client, "sysctl", "-q", "-w", "net.netfilter.nf_conntrack_tcp_timeout_time_wait=5")

    def inside_of(self, namespace: str, *command: str, **options) -> str:
        """Runs a command to its end in a namespace; what it printed."""
        done = subprocess.run(["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, **options)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} in {namespace}: {done.stderr.strip()}")
        return done.stdout

    def run_logged(self, namespace: str, name: str, command: list[str], **options) -> subprocess.Popen:
        """Starts a process whose output goes to a file of this name."""
        with open(self.directory / f"{name}.log", "ab") as log:
            return self.run(namespace, command, stdout=log, stderr=log, **options)

    def run_envoy(self, namespace: str, name: str, config: dict, binary: Path) -> subprocess.Popen:
        """An Envoy as its advice for speed has it: no hot restart, as many workers as were asked for."""
        path = self.directory / f"envoy-{name}.json"
        path.write_text(json.dumps(config))
        limit = ["prlimit", f"--nofile={self.descriptors}:{self.descriptors}"]
        command = [str(binary), "-c", str(path), "--concurrency", str(self.threads), "--disable-hot-restart"]
        return self.run_logged(namespace, f"envoy-{name}", [*limit, *command, "--log-level", "warning"])

    @staticmethod
    def check(process: subprocess.Popen, program: str) -> int:
        """The process's id. Call it once the program runs: `ip netns exec` becomes it."""
        found = Path(os.readlink(f"/proc/{process.pid}/exe")).name
        if not found.startswith(program):
            raise RuntimeError(f"process {process.pid} is {found}, not {program}")
        return process.pid
