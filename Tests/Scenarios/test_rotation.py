"""Who signs, and how that changes, under traffic: a self-signed root is replaced, and an AWS Private CA stands above."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from definitions import workload
from load import Held, Load
from mesh import NAMESPACE, Mesh
from network import connect, echoes

PORT = 9000
#: The life of a workload's certificate, in seconds: short, so that many come and go in a test.
LIFE = 20


def start(mesh: Mesh) -> tuple[str, str]:
    """Two enrolled services whose certificates are short-lived; shell's namespace and echo's virtual address."""
    for name in ("shell", "echo"):
        mesh.make_service(
            name, mesh.make_role(name), [workload("tcp", "tcp-echo", str(PORT), port=PORT)],
            tags={"tulle/ports": f"tcp:{PORT}"},
        )
        mesh.enrol(name, name, "appmesh", "tulle/ztunnel-brief")
    for name in ("shell", "echo"):
        mesh.wait_enrolled(name)
        mesh.wait_healthy(name)
    shell = mesh.task("shell")["namespace"]
    echo = mesh.wait("echo's address", lambda: mesh.address_of(f"echo.{NAMESPACE}"), 30)
    mesh.wait("shell to reach echo", lambda: reaches(shell, echo), 30)
    return shell, echo


def reaches(namespace: str, address: str) -> bool:
    try:
        with connect(namespace, address, PORT, 3) as connection:
            return echoes(connection, b"hello")
    except OSError:
        return False


def admin(mesh: Mesh, path: str, method: str = "GET") -> tuple[int, dict]:
    done = subprocess.run(
        ["curl", "-s", "-m", "10", "-X", method, "-H", "content-type: application/json", "-w", "\n%{http_code}",
         f"{mesh.control_plane.bootstrap_url}{path}"],
        capture_output=True, text=True, timeout=20,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), json.loads(body or "{}")


def settings() -> dict[str, dict[str, str]]:
    return {"tulle/ztunnel-brief": {"SECRET_TTL": f"{LIFE}s"}}


def test_a_root_is_replaced_without_a_failed_connection(tmp_path):
    with Mesh(tmp_path, 17, settings=settings()) as mesh:
        shell, echo = start(mesh)
        before = admin(mesh, "/bootstrap")[1]["trustBundle"]
        def take(step: str) -> None:
            def taken() -> bool:
                return admin(mesh, f"/v1/rotation/{step}", "POST")[0] == 200

            mesh.wait(f"the step {step} to be safe", taken, LIFE * 3)
            time.sleep(2)

        with Load(shell, echo, PORT, every=0.05) as load:
            refused = lambda step: admin(mesh, f"/v1/rotation/{step}", "POST")[0] == 409  # noqa: E731
            assert refused("advance"), "there is nothing to advance"
            with Held(shell, echo, PORT, 5) as old:
                take("begin")
                assert refused("advance"), "before the old certificates have ended"
                take("advance")
                assert refused("finish"), "before the old certificates have ended"
                assert all(old.alive())
            # From here on everybody renews under the new root.
            time.sleep(LIFE)
            with Held(shell, echo, PORT, 5) as young:
                take("finish")
                # One more life, in which everybody gets certificates with the new root alone.
                time.sleep(LIFE)
                assert all(young.alive())
        assert load.failures == []
        assert load.done > 500
        after = admin(mesh, "/bootstrap")[1]["trustBundle"]
        assert after != before and after.count("BEGIN CERTIFICATE") == 1
        status = mesh.cli("ca", "rotation", "status", "--control-plane", mesh.control_plane.bootstrap_url)
        assert status.returncode == 0 and "steady" in status.stdout, status.stdout + status.stderr
        print(f"{load.done} connections while the root was replaced, none failed")


def make_private_ca(mesh: Mesh) -> None:
    """A root of AWS Private CA, made active as its owner does it."""
    pca = mesh.client("acm-pca")
    arn = pca.create_certificate_authority(
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "EC_prime256v1", "SigningAlgorithm": "SHA256WITHECDSA", "Subject": {"CommonName": "Root"},
        },
        CertificateAuthorityType="ROOT",
    )["CertificateAuthorityArn"]
    csr = pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"]
    certificate = pca.issue_certificate(
        CertificateAuthorityArn=arn, Csr=csr.encode(), SigningAlgorithm="SHA256WITHECDSA",
        TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1", Validity={"Type": "YEARS", "Value": 10},
    )["CertificateArn"]
    root = pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=certificate)["Certificate"]
    pca.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=root.encode())
    mesh.private_ca = arn
    mesh.private_ca_root = root
    mesh.control_plane.options = ["--authority", "private-ca", "--private-ca", arn]


def test_a_mesh_below_an_aws_private_ca(tmp_path):
    """Its intermediate is signed once; then AWS may be out of reach for the Private CA, and nobody notices."""
    with Mesh(tmp_path, 17, settings=settings(), prepare=make_private_ca) as mesh:
        shell, echo = start(mesh)
        assert admin(mesh, "/bootstrap")[1]["trustBundle"].strip() == mesh.private_ca_root.strip()
        with Load(shell, echo, PORT, every=0.05) as load:
            # A restart goes on with the intermediate that it has.
            mesh.client("acm-pca").update_certificate_authority(
                CertificateAuthorityArn=mesh.private_ca, Status="DISABLED"
            )
            mesh.control_plane.kill()
            mesh.control_plane.start()
            time.sleep(LIFE + 5)
        assert load.failures == []
        assert load.done > 200


def test_a_plugged_in_authority_that_is_incomplete_ends_the_start(tmp_path):
    def half_a_bundle(mesh: Mesh) -> None:
        (tmp_path / "cacerts").mkdir()
        (tmp_path / "cacerts" / "ca-cert.pem").write_text("nothing")
        mesh.control_plane.options = ["--authority", "plugged-in", "--authority-dir", str(tmp_path / "cacerts")]

    (tmp_path / "mesh").mkdir()
    with pytest.raises(AssertionError, match="tulled ended"):
        with Mesh(tmp_path / "mesh", 17, prepare=half_a_bundle):
            pass
    log = (tmp_path / "mesh" / "tulled.log").read_text()
    assert "authority_file" in log and "ca-cert.pem" in log
