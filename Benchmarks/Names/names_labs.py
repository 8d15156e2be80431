"""A namespace with a resolver that knows the names of a mesh: once our ztunnel, once unbound."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench_lab import SERVER, BenchLab
from measures import processor_milliseconds
from pair import wait

PORT = 15053
NAMES = {f"service-{number:04}.demo.mesh.internal": f"240.240.{number // 250}.{number % 250 + 1}" for number in range(1_000)}
#: Questions under way at a time; dnsperf itself is what is slow with only one.
OUTSTANDING = 100
#: What both say of how long an answer holds, in seconds.
TTL = 30


@dataclass
class Round:
    """Questions of one round, and what the resolver took for them."""

    rate: float
    #: CPU microseconds of the resolver for a question.
    cost: float
    #: Microseconds on average.
    latency: float
    #: Microseconds, sorted; empty unless each was asked for.
    latencies: list[float]


class NamesLab(BenchLab):
    program: str
    peer: str

    def bring_up(self) -> None:
        self.questions = self.directory / "questions.txt"
        names = list(NAMES)
        # The same order for both peers.
        random.Random(1).shuffle(names)
        self.questions.write_text("".join(f"{name} A\n" for name in names))
        process = self.start_resolver()
        wait(f"answers of {self.name}", self._is_right, 20)
        self.pid = self.check(process, self.program)

    def _is_right(self) -> bool:
        name, address = list(NAMES.items())[-1]
        command = ["dig", "@127.0.0.1", "-p", str(PORT), "+short", "+tries=1", "+time=1", name]
        said = subprocess.run(["ip", "netns", "exec", self.server, *command], capture_output=True, text=True).stdout
        return said.strip() == address

    def ask(self, seconds: float, rate: int | None = None) -> Round:
        """Questions for all names in turn, after a fifth of the time to warm up; at most `rate` a second if given, and
        then each latency is told."""
        self._load(seconds / 5, rate)
        before = processor_milliseconds(self.pid)
        text = self._load(seconds, rate)
        used = processor_milliseconds(self.pid) - before
        found = {
            name: re.search(rf"^\s*{name}:\s+([\d.]+)", text, re.MULTILINE)
            for name in ("Queries completed", "Queries lost", r"Queries per second", r"Average Latency \(s\)")
        }
        codes = re.search(r"Response codes:\s+NOERROR (\d+) \(100\.00%\)", text)
        if not all(found.values()) or not codes or int(found["Queries lost"][1]) * 1000 > int(codes[1]):
            raise RuntimeError(f"dnsperf towards {self.name}:\n{text[-2000:]}")
        completed, _, qps, latency = (float(each[1]) for each in found.values())
        latencies = sorted(float(each) * 1e6 for each in re.findall(r"^> NOERROR \S+ A ([\d.]+)", text, re.MULTILINE))
        return Round(qps, used * 1000 / completed, latency * 1e6, latencies)

    def _load(self, seconds: float, rate: int | None) -> str:
        command = ["dnsperf", "-s", "127.0.0.1", "-p", str(PORT), "-d", str(self.questions), "-T", "1"]
        command += ["-l", str(max(1, round(seconds))), "-q", str(OUTSTANDING), "-c", "20"]
        command += ["-v", "-Q", str(rate)] if rate else []
        return self.inside_of(self.server, *command, timeout=seconds * 2 + 60)


class TulleNames(NamesLab):
    name, program, peer = "ztunnel", "ztunnel", "tulle"

    def start_resolver(self) -> subprocess.Popen:
        more = {"ISTIO_META_DNS_PROXY_ADDR": f"127.0.0.1:{PORT}", "CLUSTER_DOMAIN": "mesh.internal"}
        return self.start("server", ZTUNNEL_WORKER_THREADS=str(self.threads), **more).process

    def write_state(self, more: list[dict] | None = None) -> None:
        services = [
            {"name": host.split(".")[0], "namespace": "demo", "hostname": host, "vips": [f"/{vip}"], "ports": {"80": 8080}}
            for host, vip in NAMES.items()
        ]
        workload = {
            "uid": "bench//Task/demo/server", "name": "server", "namespace": "demo", "serviceAccount": "server",
            "workloadIps": [SERVER], "protocol": "HBONE", "node": "server", "network": "",
        }
        self.state.write_text(json.dumps({"policies": [], "services": services, "workloads": [workload]}))


class UnboundNames(NamesLab):
    name, program, peer = "unbound", "unbound", "unbound"

    @staticmethod
    def program_path() -> str:
        found = shutil.which("unbound", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if not found:
            raise FileNotFoundError("no unbound on PATH; scripts/bench.sh installs it")
        return found

    @classmethod
    def version(cls) -> str:
        said = subprocess.run([cls.program_path(), "-V"], capture_output=True, text=True).stdout
        found = re.search(r"Version (\S+)", said)
        return found[1] if found else "?"

    def start_resolver(self) -> subprocess.Popen:
        records = "".join(f'  local-data: "{host}. {TTL} IN A {vip}"\n' for host, vip in NAMES.items())
        path = self.directory / "unbound.conf"
        path.write_text(
            "server:\n"
            f"  interface: 127.0.0.1@{PORT}\n  num-threads: {self.threads}\n  use-syslog: no\n  logfile: \"\"\n"
            f"  directory: \"{self.directory}\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  verbosity: 0\n"
            "  do-daemonize: no\n  module-config: \"iterator\"\n  so-rcvbuf: 1m\n  so-sndbuf: 1m\n  outgoing-range: 64\n"
            f"  local-zone: \"mesh.internal.\" static\n{records}"
            "remote-control:\n  control-enable: no\n"
        )
        return self.run_logged(self.server, "unbound", [self.program_path(), "-d", "-c", str(path)])
