"""What applications notice of a mesh's own troubles: nothing, or an end that is clear and soon."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from definitions import workload
from load import Held, Load
from mesh import NAMESPACE
from network import connect, echoes

ECHO_PORT = 9000


@pytest.fixture
def shell(mesh) -> str:
    return mesh.task("shell")["namespace"]


@pytest.fixture
def echo(mesh) -> str:
    """echo's virtual address, as its name says."""
    return mesh.address_of(f"echo.{NAMESPACE}")


def test_the_control_plane_may_be_gone_for_a_minute(mesh, shell, echo):
    """30 s in which it answers nothing and 30 s in which it isn't there; 20 new connections each second."""
    with Held(shell, echo, ECHO_PORT, 20) as held, Load(shell, echo, ECHO_PORT, every=0.05) as load:
        mesh.control_plane.pause()
        try:
            time.sleep(30)
        finally:
            mesh.control_plane.kill()
        time.sleep(30)
        assert all(held.alive())
    try:
        assert not load.failures
        assert load.done > 1000
    finally:
        mesh.control_plane.start()
    # What changes after that arrives again.
    before = mesh.task("shell-socks")["id"]
    mesh.client("ecs").update_service(cluster=mesh.cluster, service="shell-socks", forceNewDeployment=True)
    mesh.wait_replaced("shell-socks", before)
    curl = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", f"http://echo.{NAMESPACE}"]
    mesh.wait("the new task's traffic", lambda: mesh.attempt("shell-socks", *curl).stdout == "200", 60)


def test_a_stopped_task_ends_its_connections_and_takes_no_new_ones(mesh, shell):
    """Row 128 of the conformance table."""
    mesh.make_service("brief", mesh.make_role("gone"), [workload("tcp", "tcp-echo", "9000", port=9000)])
    mesh.enrol("brief", "gone", "appmesh")
    mesh.wait_enrolled("brief")
    mesh.wait_healthy("brief")
    address = mesh.wait("brief's address", lambda: mesh.address_of(f"brief.{NAMESPACE}"), 30)

    def works() -> bool:
        try:
            with connect(shell, address, 9000, 2) as connection:
                return echoes(connection, b"x" * 100)
        except OSError:
            return False

    mesh.wait("brief to answer", works, 30)
    with Held(shell, address, 9000) as held:
        assert all(held.alive())
        mesh.client("ecs").delete_service(cluster=mesh.cluster, service="brief", force=True)
        assert held.all_end(20) is not None, "the connection outlived its server"
        mesh.wait("the task's end", lambda: not mesh.tasks("brief"), 30)
        began = time.monotonic()
        assert not works()
        assert time.monotonic() - began < 15


def test_a_ztunnel_that_is_asked_to_end_serves_what_it_has_and_takes_nothing_new(mesh, echo):
    """Row 129 of the conformance table: the redirect stays, so new connections fail instead of going round the mesh."""
    task = mesh.task("shell")
    [pid] = mesh.processes("shell", "ztunnel")
    with Held(task["namespace"], echo, ECHO_PORT) as held:
        assert all(held.alive())
        mesh.signal(pid, signal.SIGTERM)
        time.sleep(0.5)
        assert all(held.alive()), "a live connection ended with the listener"
        with pytest.raises(OSError):
            with connect(task["namespace"], echo, ECHO_PORT, 2) as connection:
                if not echoes(connection, b"new"):
                    raise ConnectionResetError
    # Its restartPolicy lets it run again in its place if it has run for a minute; else the task is replaced.
    mesh.wait("the process to end", lambda: not Path(f"/proc/{pid}").exists(), 60)
    curl = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", f"http://echo.{NAMESPACE}"]
    mesh.wait("shell to be served again", lambda: mesh.attempt("shell", *curl).stdout == "200", 90)
    mesh.wait("one task of shell", lambda: len(mesh.tasks("shell")) == 1, 60)
