"""Certificates in a whole mesh: revoked while connections are open, and expired while the control plane is gone."""

from __future__ import annotations

import json
import time

import pytest

from definitions import workload
from load import Held
from mesh import NAMESPACE, Mesh
from network import outcome
from revocation import RevocationFile

PORT = 9000


@pytest.fixture(scope="module")
def revocations():
    file = RevocationFile()
    yield file
    file.remove()


@pytest.fixture(scope="module")
def own(tmp_path_factory, revocations):
    """Three services whose ztunnels read a revocation file, and one whose certificate lasts for a minute."""
    settings = {"tulle/ztunnel-crl": {"CRL_PATH": str(revocations.path)}, "tulle/ztunnel-brief": {"SECRET_TTL": "60s"}}
    with Mesh(tmp_path_factory.mktemp("identity"), 3, settings=settings) as mesh:
        roles = {role: mesh.make_role(role) for role in ("shell", "gone", "echo")}
        for service, role in (("shell", "shell"), ("other", "gone"), ("echo", "echo"), ("brief", "shell")):
            mesh.make_service(
                service, roles[role], [workload("tcp", "tcp-echo", str(PORT), port=PORT)],
                tags={"tulle/ports": f"tcp:{PORT}"},
            )
            mesh.enrol(service, role, "appmesh", "tulle/ztunnel-brief" if service == "brief" else "tulle/ztunnel-crl")
        for service in ("shell", "other", "echo", "brief"):
            mesh.wait_enrolled(service)
            mesh.wait_healthy(service)
        for source in ("shell", "other", "brief"):
            mesh.wait(f"{source} to reach echo", lambda: works(mesh, source, "echo"))
        mesh.wait("shell to reach other", lambda: works(mesh, "shell", "other"))
        yield mesh


def namespace(mesh, service: str) -> str:
    return mesh.task(service)["namespace"]


def address(mesh, service: str) -> str:
    return mesh.address_of(f"{service}.{NAMESPACE}")


def works(mesh, source: str, target: str) -> bool:
    place = address(mesh, target)
    if not any(task["lastStatus"] == "RUNNING" for task in mesh.tasks(source)):
        return False
    try:
        return place is not None and outcome(namespace(mesh, source), place, PORT, b"hello") == b"hello".hex()
    except OSError:
        return False  # a task that has just come, or is on its way out


def held(mesh, source: str, target: str) -> Held:
    return Held(namespace(mesh, source), address(mesh, target), PORT)


def get(mesh, service: str, port: int, path: str) -> tuple[int, str]:
    done = mesh.attempt(
        service, "curl", "-s", "-m", "5", "-w", "\n%{http_code}", f"http://127.0.0.1:{port}{path}"
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body


def serial(mesh, service: str) -> int:
    _, body = get(mesh, service, 15000, "/config_dump")
    return int(json.loads(body)["certificates"][0]["certChain"][0]["serialNumber"])


def rejections(mesh, service: str, reporter: str) -> int:
    _, body = get(mesh, service, 15020, "/metrics")
    for line in body.splitlines():
        if line.startswith("istio_crl_policy_rejections_total{") and f'reporter="{reporter}"' in line:
            return int(line.rpartition(" ")[2])
    raise AssertionError(f"no istio_crl_policy_rejections_total of {reporter}")


def test_a_revoked_client_is_out_within_ten_seconds_and_others_stay(own, revocations):
    with held(own, "shell", "echo") as revoked, held(own, "other", "echo") as unrelated:
        assert all(revoked.alive()) and all(unrelated.alive())
        revocations.revoke(own.control_state, [serial(own, "shell")])
        took = revoked.all_end(10)
        assert took is not None, "the revoked client's connection is still open"
        print(f"revoked client: out after {took:.1f} s")
        assert all(unrelated.alive())
        assert "connection closed: peer certificate revoked by CRL" in own.logs("echo", "ztunnel")
        # Nor does it come in again, and that is counted where it was refused.
        assert not works(own, "shell", "echo")
        assert rejections(own, "echo", "destination") >= 1
        assert rejections(own, "echo", "source") == 0
        assert works(own, "other", "echo")
        assert all(unrelated.alive())
    revocations.revoke(own.control_state, [])
    # Each ztunnel reads the file in its own time.
    for target in ("echo", "other"):
        own.wait(f"shell to be let in again by {target}", lambda: works(own, "shell", target), 10)


def test_a_revoked_server_is_let_go_within_ten_seconds_and_others_stay(own, revocations):
    with held(own, "shell", "echo") as revoked, held(own, "shell", "other") as unrelated:
        assert all(revoked.alive()) and all(unrelated.alive())
        revocations.revoke(own.control_state, [serial(own, "echo")])
        took = revoked.all_end(10)
        assert took is not None, "the connection to the revoked server is still open"
        print(f"revoked server: let go after {took:.1f} s")
        assert all(unrelated.alive())
        assert "connection closed: peer certificate revoked by CRL" in own.logs("shell", "ztunnel")
        assert not works(own, "shell", "echo")
        assert rejections(own, "shell", "source") >= 1
        assert works(own, "shell", "other")
    revocations.revoke(own.control_state, [])
    for source in ("shell", "other"):
        own.wait(f"echo to be reached again from {source}", lambda: works(own, source, "echo"), 10)


def test_an_expired_certificate_fails_closed_and_says_so(own):
    before = serial(own, "brief")
    own.wait("a renewal", lambda: serial(own, "brief") != before, 60)
    assert get(own, "brief", 15021, "/healthz/ready")[0] == 200
    assert works(own, "brief", "echo")
    with held(own, "brief", "echo") as running:
        own.control_plane.kill()
        try:
            began = time.monotonic()
            own.wait("the end of the certificate", lambda: get(own, "brief", 15021, "/healthz/ready")[0] == 500, 75)
            # It was kept in use while renewals failed.
            assert time.monotonic() - began > 30
            assert "identity" in get(own, "brief", 15021, "/healthz/ready")[1]
            assert not works(own, "brief", "echo")
            assert not works(own, "shell", "brief")
            assert "identity_expired" in own.logs("brief", "ztunnel")
            # What runs goes on, and so do those whose certificates are good.
            assert all(running.alive())
            assert works(own, "shell", "echo")
        finally:
            own.control_plane.start()
    # Its health check failed meanwhile, so ECS may have put another task in its place.
    own.wait("brief to be served again", lambda: works(own, "brief", "echo"), 150)
    own.wait("brief to be ready again", lambda: get(own, "brief", 15021, "/healthz/ready")[0] == 200, 30)
