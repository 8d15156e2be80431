"""A whole mesh in the lab: AWS API, control plane, services in tasks of their own network namespaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from control_plane import ControlPlane
from definitions import task_definition
from lab import CLIENTS, ROOT, Lab, program

__all__ = ["ADMIN_PORT", "BRIDGE", "CLIENTS", "CLUSTER", "HOST", "NAMESPACE", "ROOT", "SUBNET", "Mesh"]

CLUSTER = "scenarios"
NAMESPACE = "demo"
#: The places of the mesh that the tests share; another mesh has its own.
SUBNET = "10.78.0.0/16"
HOST = "10.78.0.1"
BRIDGE = "tulle-test0"
ADMIN_PORT = 15914


class Mesh(Lab):
    """Starts everything on enter, removes everything on exit."""

    #: Roles whose tasks have the service account of the same name; those of `more_roles` come to them.
    ROLES = ("shell", "echo", "gone")

    def __init__(
        self,
        directory: Path,
        number: int = 0,
        more_roles: tuple[str, ...] = (),
        settings: dict[str, dict[str, str]] | None = None,
        prepare: Callable[["Mesh"], None] | None = None,
    ):
        """`settings` maps the names of more images to variables that ztunnel has in them; `prepare` is called when the
        AWS API is up and the control plane is not yet."""
        super().__init__(directory, number)
        self.settings = {"tulle/ztunnel": {}, **(settings or {})}
        self.prepare = prepare
        self.ztunnel = program("TULLE_ZTUNNEL", "ztunnel")
        self.tulle = program("TULLE_CLI", "tulle")
        bindings = {role: f"{NAMESPACE}/{role}" for role in (*self.ROLES, *more_roles)}
        self.control_plane = ControlPlane(self, CLUSTER, [NAMESPACE, "mesh.internal"], bindings)
        self.control_state = self.control_plane.state
        #: What each service's ztunnel held resident, in KiB, idle after the first request: the median of some seconds.
        self.idle_memory: dict[str, int] = {}

    # --- life -------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Mesh":
        try:
            images = {
                name: {"entryPoint": ["/ztunnel"], "files": {"/ztunnel": self.ztunnel}, "environment": variables}
                for name, variables in self.settings.items()
            }
            self.up("--ipv6", images=images)
            if self.prepare:
                self.prepare(self)
            self.control_plane.start()
            self.make_cluster(CLUSTER)
            for zone in self.control_plane.zones:
                self.make_zone(zone)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.control_plane.stop()
        self.down()

    # --- tools ------------------------------------------------------------------------------------------------------

    def cli(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.tulle, *arguments], env=self.environment, capture_output=True, text=True, timeout=120
        )

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def signal(self, pid: int, number: int) -> None:
        os.kill(pid, number)

    def address_of(self, name: str) -> str | None:
        """The address that the VPC's resolver gives for a mesh name; None if it has none."""
        route53 = self.client("route53")
        for zone in route53.list_hosted_zones()["HostedZones"]:
            if not f"{name}.".endswith(f".{zone['Name']}"):
                continue
            for records in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
                if records["Name"] == f"{name}." and records["Type"] == "A":
                    return records["ResourceRecords"][0]["Value"]
        return None

    # --- services ---------------------------------------------------------------------------------------------------

    def make_service(self, name: str, role: str, containers: list[dict], tags: dict[str, str] | None = None) -> None:
        """A service on Fargate as its owner makes it, without a mesh."""
        definition = task_definition(name, role, containers)
        self.aws("ecs", "register-task-definition", "--cli-input-json", json.dumps(definition))
        arguments = ["--cluster", CLUSTER, "--service-name", name, "--task-definition", name, "--desired-count", "1"]
        arguments += ["--launch-type", "FARGATE", "--network-configuration", json.dumps(self.network)]
        arguments += ["--propagate-tags", "SERVICE", "--enable-ecs-managed-tags"]
        if tags:
            arguments += ["--tags", *[f"key={key},value={value}" for key, value in tags.items()]]
        self.aws("ecs", "create-service", *arguments)

    def enrol(self, service: str, account: str, capture: str, image: str = "tulle/ztunnel") -> None:
        done = self.cli(
            "ecs", "add-service", service, "--cluster", CLUSTER, "--namespace", NAMESPACE, "--service-account", account,
            "--capture", capture, "--image", image, "--control-plane", self.control_plane.bootstrap_url,
        )
        assert done.returncode == 0, done.stderr

    def token(self, account: str) -> str:
        """A bootstrap token, as `tulle bootstrap` prints it."""
        done = self.cli(
            "bootstrap", "--namespace", NAMESPACE, "--service-account", account,
            "--control-plane", self.control_plane.bootstrap_url,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ztunnel_container(self, account: str, **more) -> dict:
        """A task's ztunnel, for definitions that `tulle ecs add-service` doesn't write."""
        return {
            "name": "ztunnel", "image": "tulle/ztunnel", "user": "15301", "essential": True, "memory": 64,
            "environment": [{"name": "BOOTSTRAP_TOKEN", "value": self.token(account)}],
            "healthCheck": {
                "command": ["CMD", "/ztunnel", "healthcheck"], "interval": 5, "timeout": 5, "retries": 3,
                "startPeriod": 10,
            },
            **more,
        }

    def wait_enrolled(self, service: str) -> None:
        def ready() -> bool:
            tasks = self.tasks(service)
            return bool(tasks) and all(
                t["lastStatus"] == "RUNNING" and any(c["name"] == "ztunnel" for c in t["containers"]) for t in tasks
            )

        self.wait(f"{service} to run with ztunnel", ready, 90)
