"""Who calls a ztunnel's own ports directly, from where, and what comes of it: rows 77 and 78 of the conformance table.

Istio's ztunnel has a node's address; a task's has the task's. So "node" there is "the task's own address" here, and in
the daemon's own scenarios the host's.
"""

from __future__ import annotations

import time

import pytest

from definitions import task_definition, workload
from network import outcome

GARBAGE = b"\x00garbage\r\n\r\n"
CAPTURE = (15001, 15006)
TUNNEL = 15008
#: Metrics and readiness: plain HTTP for everybody.
OPEN = (15020, 15021)
#: Admin, SOCKS and HTTP proxy: for the task itself only.
PRIVATE = (15000, 15080)
BAD_REQUEST = b"HTTP/1.1 400 ".hex()
#: The end of a connection, on the tunnel port after a TLS alert that says why.
ENDED = ("closed", "reset")
ALERT = "1503"


def is_end(port: int, seen: str) -> bool:
    return seen in ENDED or (port == TUNNEL and seen.startswith(ALERT))


@pytest.fixture(scope="module")
def outsider(mesh) -> str:
    """The namespace of a task without a ztunnel."""
    role = mesh.make_role("outsider")
    mesh.create(task_definition("outsider", role, [workload("app", "idle")]))
    [task] = mesh.wait_healthy("outsider")
    yield task["namespace"]
    mesh.client("ecs").delete_service(cluster=mesh.cluster, service="outsider", force=True)


def soon(namespace: str, address: str, port: int) -> str:
    began = time.monotonic()
    seen = outcome(namespace, address, port, GARBAGE, 3)
    assert time.monotonic() - began < 1, f"{address}:{port} took {time.monotonic() - began:.1f} s: {seen}"
    return seen


@pytest.mark.parametrize("port", [*CAPTURE, TUNNEL, *OPEN, *PRIVATE])
@pytest.mark.parametrize("where", ["own address", "loopback"])
def test_an_application_gets_nothing_from_its_own_ztunnel(mesh, where, port):
    task = mesh.task("shell")
    seen = soon(task["namespace"], task["address"] if where == "own address" else "127.0.0.1", port)
    if port in OPEN or (port == 15000 and where == "loopback"):
        assert seen.startswith(BAD_REQUEST), seen
    elif port in PRIVATE and where == "own address":
        assert seen == "refused"
    else:
        assert is_end(port, seen), seen


@pytest.mark.parametrize("port", [*CAPTURE, TUNNEL, *OPEN, *PRIVATE])
def test_an_application_gets_nothing_from_another_tasks_ztunnel(mesh, port):
    """The call is captured, so it is accepted; what is open to everybody answers through the mesh too."""
    seen = soon(mesh.task("shell")["namespace"], mesh.task("echo")["address"], port)
    if port in OPEN:
        assert seen.startswith(BAD_REQUEST), seen
    else:
        assert is_end(port, seen), seen


@pytest.mark.parametrize("port", [*CAPTURE, TUNNEL, *OPEN, *PRIVATE])
def test_an_intruder_gets_nothing_from_a_tasks_ztunnel(mesh, outsider, port):
    seen = soon(outsider, mesh.task("echo")["address"], port)
    if port in OPEN:
        assert seen.startswith(BAD_REQUEST), seen
    elif port in PRIVATE:
        assert seen == "refused"
    else:
        assert is_end(port, seen), seen


def test_a_ztunnels_metrics_are_reached_through_the_mesh_with_identities(mesh):
    """Row 79: a task's ztunnel has the task's identity, so its metrics are the task's as well."""
    address = mesh.task("echo")["address"]
    count = mesh.logs("echo", "ztunnel").count(f"{address}:15020")
    page = mesh.exec("shell", "curl", "-sf", "-m", "5", f"http://{address}:15020/metrics").stdout
    assert 'reporter="destination"' in page and 'destination_principal="spiffe://cluster.local/ns/demo/sa/echo"' in page

    def line() -> list[str]:
        lines = [each for each in mesh.logs("echo", "ztunnel").splitlines() if f"{address}:15020" in each]
        return [each for each in lines[count:] if "inbound" in each and "sa/shell" in each and "sa/echo" in each]

    assert mesh.wait("the access line", line, 10)
