"""A mesh with a waypoint: a client, two versions of an application, and what lies between them."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

from definitions import task_definition, workload
from lab import CLIENTS, program
from mesh import CLUSTER, NAMESPACE, Mesh

#: The waypoint's name: of its Gateway, its service, its service account and its role.
WAYPOINT = "waypoint"
GATEWAY = f"""
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {WAYPOINT}, namespace: {NAMESPACE}, labels: {{istio.io/waypoint-for: all}}}}
spec:
  gatewayClassName: istio-waypoint
  listeners: [{{name: mesh, port: 15008, protocol: HBONE}}]
---
apiVersion: v1
kind: Namespace
metadata: {{name: {NAMESPACE}, labels: {{istio.io/use-waypoint: {WAYPOINT}}}}}
"""


class WaypointMesh(Mesh):
    """`shell` is the client; `app` has two versions, `app-v1` and `app-v2`, each a service of its own."""

    ROLES = ("shell", "other", "app", "app-v1", "app-v2", "zonal", "speech", "web", WAYPOINT)

    def __init__(self, directory: Path, number: int = 0, **more):
        super().__init__(directory, number, **more)
        self.waypoint = program("TULLE_WAYPOINT", "waypoint")

    def up(self, *options: str, images: dict | None = None) -> None:
        python = str(Path(sys.executable))
        server = [python, str(CLIENTS / "l7_server.py")]
        super().up(
            *options,
            images={
                **(images or {}),
                "tulle/waypoint": {
                    "entryPoint": ["/waypoint"], "files": {"/waypoint": self.waypoint},
                    "environment": {"LOG_LEVEL": "info"},
                },
                "tulle/l7": {"entryPoint": server},
                "tulle/grpc": {"entryPoint": [python, str(CLIENTS / "grpc_echo.py"), "serve"]},
            },
        )

    # --- services ---------------------------------------------------------------------------------------------------

    def make_app(self, name: str, count: int = 1, port: int = 8080) -> None:
        """A service that answers with its own name on port 80."""
        role = self.make_role(name)
        container = workload("app", name, str(port), port=port, image="tulle/l7")
        self.make_service(name, role, [container], tags={"tulle/ports": f"http:80:{port}/tcp:9000"})
        if count != 1:
            self.scale(name, count)
        self.enrol(name, name, "appmesh")

    def make_grpc(self, name: str) -> None:
        """A gRPC service on port 7070."""
        role = self.make_role(name)
        container = workload("app", name, "7070", port=7070, image="tulle/grpc")
        self.make_service(name, role, [container], tags={"tulle/ports": "grpc:7070"})
        self.enrol(name, name, "appmesh")

    def make_web(self, name: str, count: int = 1) -> None:
        """nginx on port 80, for load."""
        role = self.make_role(name)
        container = workload("web", "http", "8080", port=8080, image="tulle/echo")
        self.make_service(name, role, [container], tags={"tulle/ports": "http:80:8080"})
        if count != 1:
            self.scale(name, count)
        self.enrol(name, name, "appmesh")

    def scale(self, service: str, count: int) -> None:
        self.aws(
            "ecs", "update-service", "--cluster", CLUSTER, "--service", service, "--desired-count", str(count)
        )

    def make_waypoint(self, name: str = WAYPOINT) -> None:
        """The waypoint as a service of its own, without a ztunnel."""
        role = self.make_role(name)
        container = {
            "name": "waypoint", "image": "tulle/waypoint", "essential": True, "memory": 128, "user": "15301",
            "portMappings": [{"containerPort": 15008, "protocol": "tcp"}],
            "environment": [{"name": "BOOTSTRAP_TOKEN", "value": self.token(name)}],
            "healthCheck": {
                "command": ["CMD", "/waypoint", "healthcheck"], "interval": 5, "timeout": 5, "retries": 3,
                "startPeriod": 10,
            },
        }
        definition = task_definition(name, role, [container])
        self.aws("ecs", "register-task-definition", "--cli-input-json", json.dumps(definition))
        self.aws(
            "ecs", "create-service", "--cluster", CLUSTER, "--service-name", name, "--task-definition", name,
            "--desired-count", "1", "--launch-type", "FARGATE",
            "--network-configuration", json.dumps(self.network), "--propagate-tags", "SERVICE",
            "--enable-ecs-managed-tags", "--tags", f"key=tulle/namespace,value={NAMESPACE}",
        )

    # --- configuration ----------------------------------------------------------------------------------------------

    def tulle_in(self, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            [self.tulle, *arguments, "--control-plane", self.control_plane.bootstrap_url],
            env=self.environment, input=text, capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def applied(self, *documents: str):
        text = "---\n".join(documents)
        self.tulle_in("apply", "-f", "-", text=text)
        try:
            yield
        finally:
            self.tulle_in("delete", "-f", "-", text=text)

    def requests_by(self, label: str) -> dict[str, int]:
        """How many requests the waypoint has counted, by a label of `istio_requests_total`."""
        counts: dict[str, int] = {}
        for task in self.tasks(WAYPOINT):
            text = self.exec(WAYPOINT, "curl", "-s", "http://127.0.0.1:15020/metrics").stdout
            for line in text.splitlines():
                found = re.match(r'istio_requests_total\{(.*)\} (\d+)', line)
                if found:
                    value = re.search(rf'\b{label}="([^"]*)"', found[1])
                    counts[value[1]] = counts.get(value[1], 0) + int(found[2])
            break
        return counts

    # --- requests ---------------------------------------------------------------------------------------------------

    def curl(self, url: str, *options: str, seconds: float = 10) -> "Answer":
        """One request of the client, as a person makes it."""
        marker = "\x1e"
        done = self.exec(
            "shell", "curl", "-s", "-i", "-m", str(seconds), "-w", f"{marker}%{{http_code}} %{{time_total}}", *options,
            url, check=False,
        )
        return Answer(done.stdout, marker, done.returncode)

    def until(self, what: str, condition, seconds: float = 15):
        return self.wait(what, condition, seconds)


class Answer:
    """What curl printed."""

    def __init__(self, text: str, marker: str, code: int):
        self.code = code
        text, _, last = text.rpartition(marker)
        words = last.split()
        self.status = int(words[0]) if words else 0
        self.seconds = float(words[1]) if len(words) > 1 else 0.0
        # Text mode has made line feeds of all line ends.
        head, _, self.body = text.rpartition("\n\n")
        self.headers: dict[str, str] = {}
        for line in head.splitlines():
            if ":" in line:
                key, _, value = line.partition(":")
                self.headers[key.strip().lower()] = value.strip()

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def name(self) -> str:
        """Who answered."""
        return self.json["name"]

    def __repr__(self) -> str:
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"
