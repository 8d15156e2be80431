"""Two AWS accounts in two regions behind one control plane: what one of them does, or denies, is its own affair."""

from __future__ import annotations

import json
import time

import pytest

from accounts import CLUSTER, PLACES, ZONE, Accounts
from attestation import ask_for_certificate
from lab import wait

AUDIENCE = "cluster.local/tulled"
READY = {"a": "Ready", "b": "Ready"}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    mesh = Accounts(tmp_path_factory.mktemp("accounts"))
    try:
        zone = make_zone(mesh)
        mesh.foreign = foreign_records(mesh, zone)
        mesh.declare()
        mesh.start()
        wait("both accounts", lambda: mesh.states() == READY and len(mesh.tasks()) == 4, 30)
        yield mesh
    finally:
        mesh.close()


# --- names of others -------------------------------------------------------------------------------------------------


def make_zone(mesh: Accounts) -> str:
    """A zone in which others have records, some of them where the mesh would put its own."""
    vpc = mesh.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    route53 = mesh.client("route53")
    zone = route53.create_hosted_zone(
        Name=ZONE, CallerReference=ZONE, VPC={"VPCRegion": "us-east-1", "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    records = [
        ("echo", "A", "10.1.2.3"), ("echo", "TXT", '"of another team"'), ("www", "CNAME", f"echo.{ZONE}"),
        ("mail", "MX", "10 mx.example.com"),
        # Another mesh's name, with its mark; and a mark's place that somebody uses for something else.
        ("late", "A", "240.240.9.9"), ("_tulle.late", "TXT", '"heritage=tulle,owner=another"'),
        ("_tulle.bare", "TXT", '"v=1"'),
    ]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"{name}.{ZONE}.", "Type": kind, "TTL": 77, "ResourceRecords": [{"Value": value}],
            },
        }
        for name, kind, value in records
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return zone


def all_records(mesh: Accounts) -> list[dict]:
    route53 = mesh.client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    return route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]


def foreign_records(mesh: Accounts, zone: str) -> str:
    """Every record as it is before there is a mesh."""
    return json.dumps(mesh.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"])


def others(mesh: Accounts) -> tuple[str, set[str]]:
    """The records that are not the mesh's, and the names of those that are."""
    known = {(each["Name"], each["Type"]) for each in json.loads(mesh.foreign)}
    records = all_records(mesh)
    kept = [each for each in records if (each["Name"], each["Type"]) in known]
    return json.dumps(kept), {each["Name"] for each in records if each not in kept}


def test_two_accounts_and_regions_are_one_mesh(mesh):
    [service] = mesh.get("/debug/registry")["services"]
    assert service["name"] == "c1/echo.c1.mesh.internal"
    assert {":".join(arn.split(":")[3:5]) for arn in service["sources"]} == {
        f"{region}:{account}" for account, region in PLACES.values()
    }
    done = mesh.tulle("status")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    for name, (account, region) in PLACES.items():
        [row] = [line for line in lines if line[:1] == [f"{name}/{region}"]]
        assert row[1:4] == [account, region, "Ready"] and row[4].endswith("Z") and row[5:] == ["2", "-"], row


def test_an_account_that_denies_us_degrades_alone_and_loses_nothing_even_by_a_restart(mesh):
    before = mesh.tasks()
    mesh.proxy.fail(PLACES["b"][0], "AccessDeniedException")
    wait("b to be degraded", lambda: mesh.states() == {"a": "Ready", "b": "Degraded"}, 20)
    assert mesh.workers()["b"]["errorCode"] == "AccessDeniedException"
    # What changes in the other account is told as ever.
    [fresh] = mesh.run_task("a")
    wait("a's new task", lambda: mesh.tasks() == before | {fresh.rsplit("/", 1)[1]}, 10)
    mesh.stop()
    began = time.monotonic()
    mesh.start()
    wait("the same tasks after a restart", lambda: mesh.tasks() == before | {fresh.rsplit("/", 1)[1]}, 20)
    assert time.monotonic() - began < 10, "there was nothing to wait for"
    assert mesh.states() == {"a": "Ready", "b": "Degraded"}
    status = mesh.tulle("status")
    [row] = [line.split() for line in status.stdout.splitlines() if line.startswith("b/")]
    assert row[-1] == "AccessDeniedException" and "it is not allowed" in status.stderr
    mesh.proxy.fail(PLACES["b"][0], None)
    wait("b to be read again", lambda: mesh.states() == READY, 20)
    mesh.client("ecs", "a").stop_task(cluster=CLUSTER, task=fresh)
    wait("the task's end", lambda: mesh.tasks() == before, 20)


def test_a_throttling_storm_costs_one_account_its_freshness_only(mesh):
    before = mesh.tasks()
    account, other = PLACES["a"][0], PLACES["b"][0]
    began = time.monotonic()
    time.sleep(3)
    usual = len(mesh.proxy.calls_of(account, began)) / 3
    mesh.proxy.fail(account, "ThrottlingException")
    began = time.monotonic()
    wait("a to be degraded", lambda: mesh.states() == {"a": "Degraded", "b": "Ready"}, 30)
    assert mesh.workers()["a"]["errorCode"] == "ThrottlingException"
    [fresh] = mesh.run_task("b")
    wait("b's new task", lambda: mesh.tasks() == before | {fresh.rsplit("/", 1)[1]}, 10)
    if (rest := 9 - (time.monotonic() - began)) > 0:
        time.sleep(rest)
    seconds = time.monotonic() - began
    calls = mesh.proxy.calls_of(account, began)
    rate, busiest = len(calls) / seconds, max(
        sum(1 for moment, _ in calls if start <= moment < start + 1) for start, _ in calls
    )
    others_rate = len(mesh.proxy.calls_of(other, began)) / seconds
    print(f"a: {usual:.1f} requests/s before, {rate:.1f} in the storm, {busiest} in its busiest second; b {others_rate:.1f}")
    assert rate < usual, "whoever is throttled asks less, not more"
    assert busiest <= 8, "no more at once than one poll in good times"
    assert others_rate > 1, "the other account's worker goes on"
    assert mesh.tasks() == before | {fresh.rsplit("/", 1)[1]}, "the last good tasks stand"
    mesh.proxy.fail(account, None)
    wait("a to be read again", lambda: mesh.states() == READY, 30)
    mesh.client("ecs", "b").stop_task(cluster=CLUSTER, task=fresh)
    wait("the task's end", lambda: mesh.tasks() == before, 20)


def certificate(mesh: Accounts, name: str, task: str, age: float = 0) -> tuple[str, str]:
    """What a task of an account gets when it asks for a certificate."""
    root = (mesh.directory / "state" / "root.pem").read_bytes()
    credentials = mesh.credentials(name, "echo", task.rsplit("/", 1)[1])
    return ask_for_certificate(f"127.0.0.1:{mesh.listen}", root, credentials, PLACES[name][1], AUDIENCE, age)


def a_task(mesh: Accounts, name: str) -> str:
    return mesh.client("ecs", name).list_tasks(cluster=CLUSTER)["taskArns"][0]


def test_an_attestation_is_refused_when_it_is_thirty_minutes_old(mesh):
    """moto's STS takes a signature of any age; the control plane must not."""
    task = a_task(mesh, "a")
    assert certificate(mesh, "a", task) == ("OK", "spiffe://cluster.local/ns/c1/sa/echo")
    for age in (1800, -1800, 300):
        code, message = certificate(mesh, "a", task, age)
        assert code == "UNAUTHENTICATED" and message.startswith("attestation_expired: "), message
    assert certificate(mesh, "a", task, 60)[0] == "OK"


def test_an_account_puts_no_task_into_a_namespace_that_it_may_not_use(mesh):
    before = mesh.tasks()
    mine = {arn.rsplit("/", 1)[1] for arn in mesh.client("ecs", "b").list_tasks(cluster=CLUSTER)["taskArns"]}
    task = a_task(mesh, "b")
    assert certificate(mesh, "b", task)[0] == "OK"
    mesh.declare(b="namespaces: [bazaar, b-*]")
    wait("b's tasks to be gone", lambda: mesh.tasks() == before - mine, 15)
    [service] = mesh.get("/debug/registry")["services"]
    assert [arn.split(":")[4] for arn in service["sources"]] == [PLACES["a"][0]]
    found = {each["subject"] for each in mesh.get("/v1/findings")["findings"] if each["code"] == "namespace_not_allowed"}
    assert len(found) == 3 and task in found
    code, message = certificate(mesh, "b", task)
    assert code == "PERMISSION_DENIED" and message.startswith("namespace_not_allowed: "), message
    assert certificate(mesh, "a", a_task(mesh, "a"))[0] == "OK"
    mesh.declare(b="namespaces: [bazaar, c*]")
    wait("all tasks", lambda: mesh.tasks() == before, 15)


def test_records_of_others_in_a_zone_are_never_touched(mesh):
    def conflicts() -> set[str]:
        return {each["subject"] for each in mesh.get("/v1/findings")["findings"] if each["code"] == "name_held"}

    assert others(mesh) == (mesh.foreign, set())
    wait("the conflict to be told", lambda: conflicts() == {f"echo.{ZONE}"})
    ecs = mesh.client("ecs", "a")
    for name in ("late", "bare", "own"):
        ecs.create_service(cluster=CLUSTER, serviceName=name, taskDefinition="echo", desiredCount=0)
    ours = {f"own.{ZONE}.", f"_tulle.own.{ZONE}."}
    wait("the mesh's own name", lambda: others(mesh)[1] == ours, 20)
    wait("the conflicts to be told", lambda: conflicts() == {f"{name}.{ZONE}" for name in ("echo", "late", "bare")})
    assert others(mesh)[0] == mesh.foreign
    mesh.stop()
    mesh.start()
    for name in ("late", "bare", "own"):
        ecs.delete_service(cluster=CLUSTER, service=name, force=True)
    wait("the mesh's own name to go", lambda: others(mesh) == (mesh.foreign, set()), 20)
    mesh.stop()
    assert others(mesh) == (mesh.foreign, set())
    mesh.start()


def test_an_account_that_is_no_longer_declared_is_gone(mesh):
    mesh.declare(b=None)
    wait("only a", lambda: list(mesh.workers()) == ["a"] and len(mesh.tasks()) == 2, 10)
