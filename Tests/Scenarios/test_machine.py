"""A machine that is no task joins by a token that works once, and renews by the certificate that it has."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from mesh import NAMESPACE
from network import connect, echoes, space_on

ADDRESS = "10.78.9.9"
SPACE = "tulle-machine"
PORT = 9000
#: The life of its certificates, in seconds.
LIFE = 20


@pytest.fixture
def machine(mesh):
    with space_on(mesh.bridge, mesh.host, SPACE, "tulle-vm0", ADDRESS) as space:
        yield space


def start(mesh, token: str, log: Path, file: Path | None = None) -> subprocess.Popen:
    environment = {
        "TULLE_IDENTITY_FILE": str(file or ""), "PATH": os.environ["PATH"], "BOOTSTRAP_TOKEN": token, "INSTANCE_IP": ADDRESS, "SECRET_TTL": f"{LIFE}s",
        "RUST_LOG": "info", "ZTUNNEL_WORKER_THREADS": "1",
    }
    with open(log, "wb") as output:
        return subprocess.Popen(
            ["ip", "netns", "exec", SPACE, mesh.ztunnel], env=environment, stdout=output, stderr=output,
            stdin=subprocess.DEVNULL,
        )


def tulle(mesh, *arguments: str, text: str | None = None) -> str:
    done = subprocess.run(
        [mesh.tulle, *arguments, "--control-plane", mesh.control_plane.bootstrap_url],
        env=mesh.environment, input=text, capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def reaches_echo() -> bool:
    """Through the machine's SOCKS port, by the mesh's name."""
    try:
        with connect(SPACE, "127.0.0.1", 15080, 3) as connection:
            connection.settimeout(5)
            name = f"echo.{NAMESPACE}".encode()
            connection.sendall(b"\5\1\0")
            if connection.recv(2) != b"\5\0":
                return False
            connection.sendall(b"\5\1\0\3" + bytes([len(name)]) + name + PORT.to_bytes(2, "big"))
            answer = connection.recv(64)
            return len(answer) > 1 and answer[1] == 0 and echoes(connection, b"from a machine")
    except OSError:
        return False


def test_a_machine_joins_once_and_renews_by_its_certificate(mesh, machine, tmp_path):
    entry = (
        "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"
        f"metadata: {{name: machine, namespace: {NAMESPACE}, labels: {{networking.istio.io/tunnel: http}}}}\n"
        f"spec: {{address: {ADDRESS}, serviceAccount: machine}}\n"
    )
    tulle(mesh, "apply", "-f", "-", text=entry)
    token = tulle(mesh, "bootstrap", "--platform", "vm", "--namespace", NAMESPACE, "--service-account", "machine").strip()
    log, restarted, again = tmp_path / "first.log", tmp_path / "restarted.log", tmp_path / "again.log"
    file = tmp_path / "identity.json"
    first = start(mesh, token, log, file)
    next_one = second = None
    try:
        mesh.wait("the machine to reach echo", reaches_echo, 30)
        # Two lives: what it has now it got by showing its certificate.
        time.sleep(2 * LIFE + 2)
        assert reaches_echo(), log.read_text()[-3000:]
        serials = {line.split("serial=")[1].split()[0] for line in log.read_text().splitlines() if "certificate issued" in line}
        assert len(serials) >= 3, log.read_text()[-3000:]
        assert "spiffe://cluster.local/ns/demo/sa/machine" in mesh.logs("echo", "ztunnel"), "echo saw who it is"
        assert "used" in tulle(mesh, "token", "list")
        first.terminate()
        first.wait(20)
        # A restart goes on with what the file holds, and renews from there.
        assert file.stat().st_mode & 0o777 == 0o600
        next_one = start(mesh, token, restarted, file)
        mesh.wait("the restarted machine to reach echo", reaches_echo, 15)
        assert "certificate kept from before" in restarted.read_text()
        mesh.wait("the restarted machine to renew", lambda: "certificate issued" in restarted.read_text(), LIFE)
        assert "certificate not issued" not in restarted.read_text()
        assert reaches_echo(), restarted.read_text()[-3000:]
        next_one.terminate()
        next_one.wait(20)
        # The token is spent: whoever finds it gets nothing.
        second = start(mesh, token, again)
        mesh.wait("the second use to be refused", lambda: "certificate not issued" in again.read_text(), 20)
        assert "certificate issued" not in again.read_text()
        assert token not in again.read_text() + restarted.read_text() + log.read_text()
        records = json.loads(mesh.http(f"{mesh.control_plane.bootstrap_url}/v1/certificates"))
        assert "join_token" in json.dumps(records) and "client_certificate" in json.dumps(records)
    finally:
        for process in (first, next_one, second):
            if process and process.poll() is None:
                process.kill()
                process.wait(5)
        tulle(mesh, "delete", "WorkloadEntry", "machine", "-n", NAMESPACE)
