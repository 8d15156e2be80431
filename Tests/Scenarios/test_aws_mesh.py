"""A mesh at home on AWS: events of ECS in a queue, and a mesh of App Mesh that moved in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from definitions import task_definition, workload
from lab import CLIENTS, ROOT
from load import Load
from mesh import CLUSTER, NAMESPACE
from network import inside
from waypoint_mesh import WaypointMesh

#: moto's account, and the place that the sample's exports are of.
ACCOUNT, REGION = "123456789012", "us-east-1"
SAMPLE_ACCOUNT, SAMPLE_REGION = "111122223333", "eu-west-1"
BAZAAR = "bazaar"
ECHO_PORT = 9000
#: What the target goes on for when ECS stops it, in seconds; a poll must come before that.
PATIENCE = 6
POLL = 4


class HomeMesh(WaypointMesh):
    """`shell` calls `target`, of which there are two; the sample's services come later."""

    ROLES = ("shell", "target")

    def __init__(self, directory: Path, number: int):
        super().__init__(directory, number, prepare=lambda mesh: mesh.client("ecs").create_cluster(clusterName=BAZAAR))
        self.control_plane.options = ["--cluster", BAZAAR]
        self.control_plane.bindings["bazaar-waypoint"] = f"{BAZAAR}/waypoint"
        self.control_plane.zones.append("bazaar.local")

    def up(self, *options: str, images: dict | None = None) -> None:
        python = str(Path(sys.executable))
        repository = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
        own = {"tulle/patient": {"entryPoint": [python, str(CLIENTS / "patient_echo.py")]}}
        for name in ("front", "price-v1", "price-v2"):
            own[f"{repository}/{name}"] = {"entryPoint": [python, str(CLIENTS / "l7_server.py"), name, "8080"]}
        own[f"{repository}/stock"] = {"entryPoint": [python, str(CLIENTS / "grpc_echo.py"), "serve", "stock", "50051"]}
        super().up(*options, images={**(images or {}), **own})

    def restart(self, *options: str) -> None:
        """The control plane with other settings, once the client's ztunnel is back."""
        self.control_plane.kill()
        self.control_plane.start(*options)
        self.wait("shell's ztunnel to be back", self.is_connected, 30)

    def is_connected(self) -> bool:
        text = self.http(f"{self.control_plane.bootstrap_url}/v1/proxies")
        return any(f"/sa/shell" in each.get("identity", "") for each in json.loads(text or "{}").get("proxies", []))

    def seen(self, task: str) -> str | None:
        """How the client's ztunnel thinks of a task: Healthy, Unhealthy, or nothing."""

        def dump() -> dict:
            with urllib.request.urlopen("http://127.0.0.1:15000/config_dump", timeout=5) as answer:
                return json.load(answer)

        known = inside(self.shell["namespace"], dump)["workloads"]
        return next((each["status"] for each in known if each["name"] == task), None)

    def targets(self) -> list[str]:
        """The ids of the two targets, once the client's ztunnel knows both."""
        ids = [task["id"] for task in self.wait_healthy("target", 2)]
        self.wait("both targets", lambda: all(self.seen(each) == "Healthy" for each in ids), 30)
        return ids

    def stop_target(self) -> float:
        """Stops one of the targets under load; how long until the client's ztunnel knew, in seconds."""
        victim, address = self.targets()[0], self.address_of(f"target.{NAMESPACE}")
        with Load(self.shell["namespace"], address, ECHO_PORT) as load:
            self.wait("load", lambda: load.done > 20)
            began = time.monotonic()
            self.client("ecs").stop_task(cluster=CLUSTER, task=victim)
            while self.seen(victim) == "Healthy":
                assert time.monotonic() - began < 30
                time.sleep(0.02)
            took = time.monotonic() - began
            self.wait("its end", lambda: victim not in [each["id"] for each in self.tasks("target")], 40)
        assert not load.failures, load.failures[:5]
        assert load.done > 100
        return took


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with HomeMesh(tmp_path_factory.mktemp("home"), number=8) as mesh:
        mesh.make_service("shell", mesh.make_role("shell"), [workload("shell", "idle")])
        target = workload("app", str(ECHO_PORT), str(PATIENCE), port=ECHO_PORT, image="tulle/patient")
        mesh.make_service("target", mesh.make_role("target"), [target], tags={"tulle/ports": f"tcp:{ECHO_PORT}"})
        mesh.scale("target", 2)
        for name in ("shell", "target"):
            mesh.enrol(name, name, "appmesh")
        mesh.wait_enrolled("shell")
        mesh.shell = mesh.wait_healthy("shell")[0]
        mesh.wait("shell's ztunnel", mesh.is_connected)
        yield mesh


# --- events ----------------------------------------------------------------------------------------------------------


def make_queue(mesh: HomeMesh) -> str:
    """A queue with a rule that puts ECS's events into it, as deploy/ makes them; its URL."""
    sqs, rules = mesh.client("sqs"), mesh.client("events")
    url = sqs.create_queue(QueueName="tulle-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}
    rules.put_rule(Name="tulle-events", EventPattern=json.dumps(pattern))
    rules.put_targets(Rule="tulle-events", Targets=[{"Id": "queue", "Arn": arn}])
    return url


def test_without_events_a_stopped_task_is_drained_within_a_poll_interval(home):
    home.targets()
    home.restart("--poll-interval", f"{POLL}s")
    took = home.stop_target()
    print(f"from StopTask to the drained endpoint at the client's ztunnel: {took:.2f} s, polls each {POLL} s")
    assert took < POLL


def test_with_events_a_stopped_task_is_drained_at_once(home):
    url = make_queue(home)
    home.restart("--poll-interval", "10m")
    home.tulle_in(
        "apply", "-f", "-", text="apiVersion: tulle.mesh/v1alpha1\nkind: ECSAccount\nmetadata: {name: own}\nspec:\n"
        f"  account: \"{ACCOUNT}\"\n  regions: [{REGION}]\n  clusters: {{names: [{CLUSTER}, {BAZAAR}]}}\n"
        f"  eventQueues: {{{REGION}: \"{url}\"}}\n",
    )
    took = home.stop_target()
    print(f"from StopTask to the drained endpoint at the client's ztunnel: {took:.2f} s, with events, polls each 600 s")
    assert took < 2
    # Its replacement, which events cannot describe, brings polls forward.
    home.targets()
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def messages() -> set[str]:
        return set(home.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"].values())

    home.wait("what was applied to be deleted", lambda: messages() == {"0"}, 10)


# --- App Mesh --------------------------------------------------------------------------------------------------------


def exports(directory: Path) -> Path:
    """examples/appmesh/exports of the lab's account and region."""
    copied = directory / "exports"
    for path in sorted((ROOT / "examples/appmesh/exports").rglob("*.json")):
        text = path.read_text().replace(SAMPLE_ACCOUNT, ACCOUNT).replace(SAMPLE_REGION, REGION)
        target = copied / path.relative_to(ROOT / "examples/appmesh/exports")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return copied


def calls_of(report: str) -> list[list[str]]:
    """The calls that the report asks for, each service's in their order."""
    services: list[list[str]] = []
    for line in report.replace("\\\n", " ").splitlines():
        if line.startswith("Service "):
            services.append([])
        elif line.strip().startswith("aws ecs "):
            services[-1].append(line.strip())
    return services


def make_waypoint(mesh: HomeMesh) -> None:
    done = mesh.cli(
        "bootstrap", "--namespace", BAZAAR, "--service-account", "waypoint",
        "--control-plane", mesh.control_plane.bootstrap_url,
    )
    assert done.returncode == 0, done.stderr
    health = {"command": ["CMD", "/waypoint", "healthcheck"], "interval": 5, "retries": 3, "startPeriod": 10}
    container = {
        "name": "waypoint", "image": "tulle/waypoint", "essential": True, "memory": 128, "user": "15301",
        "portMappings": [{"containerPort": 15008}], "healthCheck": health,
        "environment": [{"name": "BOOTSTRAP_TOKEN", "value": done.stdout.strip()}],
    }
    mesh.cluster = BAZAAR
    role = mesh.make_role("bazaar-waypoint")
    mesh.create(task_definition("waypoint", role, [container]), tags={"tulle/namespace": BAZAAR})
    mesh.cluster = CLUSTER


def test_a_mesh_of_app_mesh_moves_in_and_serves(home, tmp_path):
    home.restart()
    ecs, names = home.client("ecs"), ("front", "price-v1", "price-v2", "stock")
    source = exports(tmp_path)
    for name in names:
        home.make_role(f"bazaar-{name}")
        old = json.loads((source / "taskdefinitions" / f"{name}.json").read_text())["taskDefinition"]
        fields = ("family", "networkMode", "cpu", "memory", "taskRoleArn", "executionRoleArn", "requiresCompatibilities")
        ecs.register_task_definition(
            **{key: old[key] for key in fields}, containerDefinitions=old["containerDefinitions"],
            proxyConfiguration=old["proxyConfiguration"],
        )
        ecs.create_service(
            cluster=BAZAAR, serviceName=name, taskDefinition=name, desiredCount=0, launchType="FARGATE",
            networkConfiguration=home.network,
        )
    migrated = tmp_path / "migrated"
    done = home.cli(
        "migrate", "appmesh", "-f", str(source), "--out", str(migrated), "-n", BAZAAR, "--image", "tulle/ztunnel",
        "--control-plane", home.control_plane.bootstrap_url,
    )
    report = (migrated / "report.txt").read_text()
    assert done.returncode in (0, 1), done.stderr
    home.tulle_in("apply", "-f", str(migrated / "mesh"))
    environment = {**home.environment, "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}

    def move(calls: list[str]) -> None:
        for call in calls:
            subprocess.run(call, shell=True, check=True, cwd=migrated, env=environment, stdout=subprocess.DEVNULL)

    services = calls_of(report)
    assert sorted(re.search(r"--service (\S+)", calls[-1])[1] for calls in services) == sorted(names)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(move, services))
    for name in names:
        ecs.update_service(cluster=BAZAAR, service=name, desiredCount=1)
    for name in names:
        home.wait_healthy(name)
    # Last, or its first checks of health may come before an application listens, and the next a minute later.
    make_waypoint(home)
    home.wait_healthy("waypoint")

    def ask(*options: str) -> str:
        curl = ["curl", "-s", "-m", "5", *options, "http://price.bazaar.local:8080/list"]
        return home.attempt("front", *curl, container="front").stdout

    home.wait("an answer of price-v1 by the migrated route", lambda: '"price-v1"' in ask(), 60)
    home.wait("an answer of price-v2", lambda: '"price-v2"' in ask("-H", "X-Tester: yes"), 60)
    # Testers by header, all others by weight: 80 to 20.
    assert {json.loads(ask("-H", "X-Tester: yes"))["name"] for _ in range(5)} == {"price-v2"}
    script = "for i in $(seq 60); do curl -s -m 5 http://price.bazaar.local:8080/list; echo; done"
    text = home.exec("front", "sh", "-c", script, container="front").stdout
    count = {name: text.count(f'"name": "{name}"') for name in ("price-v1", "price-v2")}
    print(f"of 60 requests: {count}")
    assert sum(count.values()) == 60, text
    assert count["price-v1"] >= 36 and count["price-v2"] >= 3
    called = home.attempt(
        "front", sys.executable, str(CLIENTS / "grpc_echo.py"), "call", "stock.bazaar.local:50051", "unary",
        container="front",
    )
    assert called.stdout.strip() == "stock:hello", called
    listing = home.logs("price-v1", "ztunnel")
    assert "sa/waypoint" in listing, "requests come by the waypoint, over the mesh"
