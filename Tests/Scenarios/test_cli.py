"""`tulle` against a real control plane: what its commands say, and what they end with."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from lab import program, wait
from xds_plane import ACCOUNT, CLUSTER, NAMESPACE, Cloud, Plane

ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: pay, namespace: shop}
spec:
  hosts: [pay.example.com]
  addresses: [10.1.2.3]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
  endpoints: [{address: 10.0.0.5}]
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.create("one")
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def plane(tmp_path_factory, cloud):
    plane = Plane(tmp_path_factory.mktemp("plane"), 84, cloud)
    wait("the service", lambda: plane.get("/v1/services")["services"], 20)
    yield plane
    plane.stop()


class Tulle:
    def __init__(self, plane: Plane, directory):
        self.environment = {**os.environ, **plane.environment, "TULLE_ADMIN_URL": plane.admin}
        self.directory = directory
        self.program = program("TULLE_CLI", "tulle")

    def run(self, line: str, status: int = 0, given: str = "") -> str:
        """Standard output of a command that must end with this status."""
        done = subprocess.run(
            [self.program, *line.split()], input=given, capture_output=True, text=True, timeout=60,
            env=self.environment, cwd=self.directory,
        )
        assert done.returncode == status, f"tulle {line} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        self.said = done.stderr
        return done.stdout

    def json(self, line: str, status: int = 0):
        return json.loads(self.run(f"{line} -o json", status))


@pytest.fixture
def tulle(plane, tmp_path):
    return Tulle(plane, tmp_path)


def test_configuration_goes_in_and_out(plane, tulle):
    (tulle.directory / "pay.yaml").write_text(ENTRY)
    (tulle.directory / "other.yaml").write_text(ENTRY.replace("10.1.2.3", "10.1.2.4"))
    (tulle.directory / "bad.yaml").write_text(ENTRY.replace("number: 80,", "number: 0,"))
    assert tulle.run("apply -f pay.yaml --dry-run") == "serviceentry/shop/pay created (dry run)\n"
    assert tulle.run("diff -f pay.yaml", status=1).count("\n+") > 5
    assert tulle.run("apply -f pay.yaml") == "serviceentry/shop/pay created\n"
    assert tulle.run("apply -f -", given=ENTRY) == "serviceentry/shop/pay unchanged\n"
    assert tulle.run("diff -f pay.yaml") == ""
    assert "-  - 10.1.2.3\n+  - 10.1.2.4\n" in tulle.run("diff -f other.yaml", status=1)

    assert tulle.run("apply -f bad.yaml", status=1) == "serviceentry/shop/pay refused\n"
    assert "bad.yaml:10: error [out_of_range]: spec.ports[0].number" in tulle.said
    assert "bad.yaml:10: error [out_of_range]: spec.ports[0].number" in tulle.run("validate -f bad.yaml", status=1)

    written = tulle.run("get se pay -n shop -o yaml")
    assert tulle.run("apply -f -", given=written) == "serviceentry/shop/pay unchanged\n"
    wait("the entry in the mesh", lambda: "10.1.2.3" in tulle.run("get services"), 20)
    described = tulle.run("describe service pay")
    assert "Addresses:  10.1.2.3" in described and "Endpoints:  1 of 1 healthy" in described
    assert tulle.run("delete -f pay.yaml") == "serviceentry/shop/pay deleted\n"
    tulle.run("delete -f pay.yaml", status=1)
    assert tulle.run("delete -f pay.yaml --ignore-not-found") == ""


def test_a_waypoint_that_no_task_runs_is_told(plane, tulle):
    tulle.run("waypoint apply -n shop --enroll-namespace")
    wait("its conditions", lambda: "AddressNotAssigned" in tulle.run("waypoint status -n shop --no-wait"), 20)
    tulle.run("waypoint status -n shop --waypoint-timeout 1", status=1)
    tulle.run("waypoint delete waypoint -n shop")
    assert "Namespace/shop still refers to it" in tulle.said
    assert "Error [TUL0101] (Namespace shop " in tulle.run("analyze", status=1)
    tulle.run("delete namespace shop")
    assert "TUL0101" not in tulle.run("analyze")


def test_tokens_are_made_and_revoked(plane, tulle):
    token = tulle.run("bootstrap -n shop -s legacy --platform vm --ttl 600").strip()
    assert len(token) > 500
    (entry,) = tulle.json("token list")["tokens"]
    assert entry["serviceAccount"] == "legacy" and "token" not in entry
    tulle.run(f"token revoke {entry['id']}")
    (entry,) = tulle.json("token list")["tokens"]
    assert entry["state"] == "revoked"
    tulle.run("token revoke nothing", status=1)


def test_a_root_is_replaced_step_by_step(plane, tulle):
    before = tulle.json("ca rotation status")
    assert before["phase"] == "steady"
    tulle.run("ca rotation finish", status=1)
    for step in ["begin", "advance --force", "finish --force"]:
        tulle.run(f"ca rotation {step}")
    assert tulle.json("ca rotation status")["root"] != before["root"]


def test_a_service_is_looked_at_and_its_role_bound(plane, tulle, cloud):
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    checks = {each["code"]: each for each in tulle.json(f"doctor one --cluster {CLUSTER}", 1)["checks"]}
    assert len(checks) == 20
    assert checks["D01"]["state"] == "ok" and checks["D03"]["state"] == "error"
    tulle.run(f"ecs bind-role {role} {NAMESPACE}/app")
    (listed,) = tulle.json(f"ecs list-roles --cluster {CLUSTER}")
    assert listed["role"] == role and listed["boundTo"] == [f"{NAMESPACE}/app"]
    tulle.run("delete serviceaccountbinding app-123456789012")


def test_what_cannot_be_reached_ends_with_69(plane, tulle):
    assert "SUBSCRIBED TYPES" in tulle.run("status") or "nobody is connected" in tulle.run("status")
    assert tulle.run("version").splitlines()[1].startswith("tulled ")
    tulle.run("status --control-plane http://127.0.0.1:9", status=69)
    tulle.run("zc workload --address 127.0.0.1:9", status=69)
    tulle.run("apply -f nothing.yaml", status=66)
    tulle.run("get frobs", status=64)


def test_a_ztunnels_state_is_read_from_a_file(plane, tulle):
    dump = {
        "workloads": plane.get("/v1/workloads")["workloads"], "services": plane.get("/v1/services")["services"],
        "policies": [], "certificates": [], "workloadState": {},
    }
    (tulle.directory / "dump.json").write_text(json.dumps(dump))
    assert "one           240.240." in tulle.run("zc service -f dump.json")
    assert [each["name"] for each in tulle.json("zc service -f dump.json")] == ["one"]
    tables = tulle.run("zc all --with-headers -f dump.json")
    assert [line for line in tables.splitlines() if line.endswith(":")] == [
        "Workloads:", "Services:", "Policies:", "Certificates:", "Connections:",
    ]
    tulle.run("zc service -f -", status=1, given="no dump")
