"""Three tasks whose ztunnels a test runs itself: with certificates and the mesh's state from files, no control plane.

So a test may end, replace and signal a ztunnel without ECS replacing its task, and may write any policy.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from definitions import redirect, task_definition, workload
from identities import issue
from lab import wait
from mesh import NAMESPACE, Mesh

PORT = 9000
#: The service that "server" offers, outside what tulled gives out.
VIP = "240.241.0.1"
UID = 15301


class OwnZTunnel:
    """A ztunnel in a task's namespace, as ECS would run it there, started by the test."""

    def __init__(self, program: str, directory: Path, task: dict, name: str, environment: dict[str, str]):
        self.program = program
        self.task = task
        self.name = name
        self.namespace = task["namespace"]
        self.address = task["address"]
        self.log = directory / f"{name}.log"
        self.environment = environment
        self.processes: list[subprocess.Popen] = []

    def start(self) -> subprocess.Popen:
        command = ["ip", "netns", "exec", self.namespace, "setpriv", f"--reuid={UID}", f"--regid={UID}"]
        command += ["--clear-groups", "--inh-caps=-all", "--bounding-set=-all", self.program]
        with open(self.log, "ab") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def is_ready(self) -> bool:
        """Whether it says so itself, asked from inside its task; fails with its last words if it has ended."""
        ended = self.processes and self.processes[-1].poll() is not None
        assert not ended, f"the ztunnel of {self.name} ended with {self.processes[-1].returncode}: {self.text[-2000:]}"
        url = "http://127.0.0.1:15021/healthz/ready"
        done = subprocess.run(
            ["ip", "netns", "exec", self.namespace, "curl", "-sf", "-m", "2", "-o", "/dev/null", url], timeout=10
        )
        return done.returncode == 0

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(10)


class Stage:
    """`server` and the clients `one` and `two`, all in one local state file that the test may rewrite."""

    NAMES = ("server", "one", "two")

    def __init__(self, mesh: Mesh, directory: Path):
        self.mesh = mesh
        self.directory = directory
        self.state = directory / "state.yaml"
        self.policies: list[dict] = []
        self.ztunnels: dict[str, OwnZTunnel] = {}
        # The ztunnels run as a user of their own, and pytest's directories are root's.
        path = directory
        while path != Path("/") and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)
            path = path.parent
        directory.chmod(0o755)

    def __enter__(self) -> "Stage":
        placeholder = workload("ztunnel", "idle", user=str(UID))
        app = workload("app", "tcp-echo", str(PORT), port=PORT)
        role = self.mesh.make_role(f"stage-{self.directory.name}"[:60])
        self.service = f"stage-{self.directory.name}"[:60]
        self.mesh.create(
            task_definition(self.service, role, [app, placeholder], proxyConfiguration=redirect(PORT)), desiredCount=3
        )
        tasks = self.mesh.wait_healthy(self.service, 3)
        program = self.directory / "ztunnel"
        program.write_bytes(Path(self.mesh.ztunnel).read_bytes())
        program.chmod(0o755)
        for name, task in zip(self.NAMES, tasks):
            files = self.directory / name
            files.mkdir(mode=0o755)
            issued = issue(self.mesh.control_state, files, f"spiffe://cluster.local/ns/{NAMESPACE}/sa/{name}")
            environment = {
                "PATH": os.environ["PATH"],
                "PROXY_MODE": "dedicated",
                "INSTANCE_IP": task["address"],
                "CLUSTER_ID": "stage",
                "PROXY_WORKLOAD_INFO": f"{NAMESPACE}/{name}/{name}",
                "XDS_ADDRESS": "",
                "LOCAL_XDS_PATH": str(self.state),
                "TULLE_CERT_FILE": str(issued["chain"]),
                "TULLE_KEY_FILE": str(issued["key"]),
                "TULLE_ROOT_FILE": str(issued["root"]),
            }
            self.ztunnels[name] = OwnZTunnel(str(program), self.directory, task, name, environment)
        self.write([])
        for ztunnel in self.ztunnels.values():
            ztunnel.start()
        for ztunnel in self.ztunnels.values():
            wait(f"the ztunnel of {ztunnel.name} to be ready", ztunnel.is_ready, 30)
        return self

    def __exit__(self, *_) -> None:
        for ztunnel in self.ztunnels.values():
            ztunnel.stop()
        self.mesh.client("ecs").delete_service(cluster=self.mesh.cluster, service=self.service, force=True)
        wait("the stage's tasks to end", lambda: not self.mesh.tasks(self.service), 60)

    def write(self, policies: list[dict]) -> None:
        """Puts policies into the state file in one step; JSON is YAML."""
        self.policies = policies
        hostname = f"server.{NAMESPACE}.mesh.internal"
        workloads = []
        for name, ztunnel in self.ztunnels.items():
            workloads.append(
                {
                    "uid": f"stage//Task/{NAMESPACE}/{name}", "name": name, "namespace": NAMESPACE,
                    "serviceAccount": name, "trustDomain": "cluster.local", "workloadIps": [ztunnel.address],
                    "protocol": "HBONE", "network": "", "clusterId": "stage",
                    "services": {f"{NAMESPACE}/{hostname}": {"80": PORT}} if name == "server" else {},
                }
            )
        service = {
            "name": "server", "namespace": NAMESPACE, "hostname": hostname, "vips": [f"/{VIP}"], "ports": {"80": PORT},
        }
        text = json.dumps({"workloads": workloads, "services": [service], "policies": policies}, indent=1)
        fresh = self.state.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        fresh.rename(self.state)

    @staticmethod
    def deny(name: str) -> dict:
        """A policy that refuses one client."""
        principal = f"cluster.local/ns/{NAMESPACE}/sa/{name}"
        return {
            "name": f"no-{name}", "namespace": NAMESPACE, "scope": "Namespace", "action": "Deny", "dryRun": False,
            "rules": [[[{"principals": [{"Exact": principal}]}]]],
        }

    def namespace(self, name: str) -> str:
        return self.ztunnels[name].namespace


def terminate(process: subprocess.Popen, seconds: float) -> float:
    """Asks a process to end; how long that took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(seconds)
    return time.monotonic() - began
