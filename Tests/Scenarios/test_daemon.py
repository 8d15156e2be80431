"""One ztunnel serves a host's tasks: fifty of them, each with its own identity, which come and go."""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack

import pytest

from fleet import PORT, Fleet, member
from load import Held, Load
from network import outcome

COUNT = int(os.environ.get("TULLE_FLEET", "50"))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), COUNT) as fleet:
        yield fleet


@pytest.fixture(autouse=True)
def show_the_daemons_log(fleet):
    yield
    print(fleet.mesh.logs("ztunnel", "ztunnel")[-4000:])


def test_each_task_speaks_with_its_own_identity(fleet):
    """Each with its neighbour and with one at random; the access log names both identities of each pair."""
    chosen = random.Random(7)
    pairs = [(index, (index + 1) % COUNT) for index in range(COUNT)]
    pairs += [(index, (index + chosen.randrange(2, COUNT - 1)) % COUNT) for index in range(COUNT)]
    assert fleet.failing_pairs(pairs) == []
    expected = {(member(one), member(other)) for one, other in pairs}
    fleet.mesh.wait("all access lines", lambda: fleet.encrypted_pairs(pairs) == expected, 10)
    print(f"the daemon holds {fleet.resident_mib():.1f} MiB for {COUNT} tasks")


def test_each_task_has_listeners_of_its_own(fleet):
    """The host's network has none of them; only the daemon's own endpoints are there."""
    for port in (15001, 15006, 15008):
        assert outcome(None, "127.0.0.1", port) == "refused"
    task = fleet.tasks()[member(0)]
    assert outcome(task["namespace"], "127.0.0.1", 15021, b"GET /healthz/ready HTTP/1.0\r\n\r\n") == "refused"
    assert outcome(None, task["address"], 15008, b"\0garbage\r\n\r\n", 3) not in ("refused", "timeout")


def test_tasks_come_and_go_while_others_work(fleet):
    """A fifth goes and comes again; the rest have long and new connections all the while, and notice nothing."""
    tasks = fleet.tasks()
    one, two = tasks[member(COUNT - 1)], tasks[member(COUNT - 2)]
    pid = fleet.daemon
    leaving = range(COUNT // 5)
    with Held(one["namespace"], two["address"], PORT, 20) as held, Load(one["namespace"], two["address"], PORT) as load:
        with Held(one["namespace"], tasks[member(0)]["address"], PORT) as doomed:
            for index in leaving:
                fleet.stop_member(index)
            assert doomed.all_end(20) is not None, "a connection outlived its server"
        gone = {member(index) for index in leaving}
        fleet.mesh.wait("a fifth of the members to go", lambda: not gone & fleet.services(), 60)
        assert outcome(one["namespace"], tasks[member(0)]["address"], PORT, b"x", 12) != b"x".hex()
        assert all(held.alive())
        for index in leaving:
            fleet.start_again(index)
        fleet.wait_members(leaving)
        assert all(held.alive())
    assert not load.failures
    assert load.done > 100
    assert fleet.daemon == pid


def test_a_daemon_hands_its_tasks_over_without_a_failed_connection(fleet):
    """ECS starts the new one beside the old one; new connections of several tasks go on all the while."""
    tasks = fleet.tasks()
    first, pid = fleet.mesh.task("ztunnel")["id"], fleet.daemon
    pairs = [(member(index), member(index + 1)) for index in range(0, min(COUNT - 1, 10), 2)]
    with ExitStack() as stack:
        loads = [
            stack.enter_context(Load(tasks[one]["namespace"], tasks[other]["address"], PORT, every=0.05))
            for one, other in pairs
        ]
        fleet.roll_daemon("docker")
        fleet.mesh.wait_replaced("ztunnel", first)
        fleet.mesh.wait("the old daemon's end", lambda: len(fleet.mesh.processes("ztunnel", "ztunnel")) == 1, 60)
        time.sleep(2)
    assert fleet.daemon != pid
    print(f"{sum(load.done for load in loads)} connections while the daemon was replaced")
    assert [load.failures for load in loads] == [[]] * len(loads)
    assert all(load.done > 20 for load in loads)


def test_a_daemon_that_was_killed_comes_back_and_finds_the_running_tasks(fleet):
    """The one that comes asks the ECS agent for its tasks, where the first asked Docker."""
    first = fleet.mesh.task("ztunnel")["id"]
    fleet.roll_daemon("agent")
    fleet.mesh.wait_replaced("ztunnel", first)
    before = fleet.tasks()
    fleet.mesh.kill(fleet.daemon)
    fleet.mesh.wait_replaced("ztunnel", before["ztunnel"]["id"])
    pairs = [(index, index + 1) for index in range(COUNT)]
    fleet.mesh.wait("all tasks to be served again", lambda: fleet.failing_pairs(pairs) == [], 60)
    after = fleet.tasks()
    assert {name: after[name]["id"] for name in before if name != "ztunnel"} == {
        name: task["id"] for name, task in before.items() if name != "ztunnel"
    }
    expected = {(member(one), member(other % COUNT)) for one, other in pairs}
    seen = fleet.encrypted_pairs([(one, other % COUNT) for one, other in pairs])
    assert seen == expected


def test_without_a_daemon_the_tasks_are_refused_rather_than_bypassing_the_mesh(fleet):
    """Comes last: the service is scaled away by its deletion."""
    tasks = fleet.tasks()
    fleet.mesh.client("ecs").delete_service(cluster=fleet.mesh.cluster, service="ztunnel")
    fleet.mesh.wait("the daemon's end", lambda: not fleet.mesh.tasks("ztunnel"), 60)
    one, two = tasks[member(0)], tasks[member(1)]
    assert outcome(one["namespace"], two["address"], PORT, b"x", 2) in ("refused", "reset", "closed", "timeout")
