"""Local file mode: two ztunnels on loopback addresses, no control plane at all."""

from __future__ import annotations

import json
import socket
import subprocess
import time

import pytest

from local_mesh import EXAMPLE, ZTunnel, fetch, file_identity, make_certificates, replace, wait
from mesh import program

SHELL, ECHO = "127.1.0.1", "127.1.0.2"
URL = "http://echo.demo.mesh.internal/mesh.yaml"


@pytest.fixture
def pair(tmp_path):
    """The example's mesh: shell and echo, an HTTP server behind echo."""
    make_certificates(tmp_path)
    mesh = tmp_path / "mesh.yaml"
    mesh.write_text((EXAMPLE / "mesh.yaml").read_text())
    parts = []
    try:
        for name, address in (("shell", SHELL), ("echo", ECHO)):
            parts.append(
                ZTunnel(
                    tmp_path, name, address, XDS_ADDRESS="", LOCAL_XDS_PATH=str(mesh), **file_identity(tmp_path, name)
                )
            )
        server = subprocess.Popen(
            ["python3", "-m", "http.server", "8080", "--bind", ECHO, "--directory", str(EXAMPLE)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for part in parts:
            part.wait_ready()
        wait("the HTTP server", lambda: not socket.socket().connect_ex((ECHO, 8080)))
        yield (*parts, mesh)
    finally:
        for part in parts:
            part.stop()
        server.kill()
        server.wait(5)


def test_two_ztunnels_speak_without_a_control_plane(pair):
    shell, echo, _ = pair
    status, body = fetch(SHELL, URL)
    assert (status, "workloads:" in body) == (200, True), shell.log[-3000:]
    line = wait(
        "an access line with both identities",
        lambda: [l for l in echo.log.splitlines() if 'direction="inbound"' in l and "sa/shell" in l and "sa/echo" in l],
    )
    assert "127.1.0.1" in line[0]


def test_a_change_of_the_file_is_applied_within_two_seconds(pair):
    shell, echo, mesh = pair
    assert fetch(SHELL, URL)[0] == 200
    text = mesh.read_text()
    replace(mesh, text.replace("sa/shell", "sa/nobody"))
    started = time.monotonic()
    wait("the policy to deny", lambda: fetch(SHELL, URL)[0] == 0)
    assert time.monotonic() - started < 2.5
    replace(mesh, text)
    wait("the policy to allow again", lambda: fetch(SHELL, URL)[0] == 200)


def test_a_bad_file_changes_nothing_and_says_why(pair):
    shell, echo, mesh = pair
    text = mesh.read_text()
    replace(mesh, text.replace("protocol: HBONE", "protocol: hbone", 1))
    wait("the refusal", lambda: echo.metric('tulle_local_state_loads_total{result="refused"}') == "1")
    assert fetch(SHELL, URL)[0] == 200
    assert '"hbone\\" is not valid; allowed: HBONE, TCP' in echo.log or "allowed: HBONE, TCP" in echo.log
    state = json.loads(echo.dump())["localState"]
    assert state["problem"].startswith("line 9, column 13: workloads[0].protocol: ")
    replace(mesh, text)
    wait("the good file", lambda: "problem" not in json.loads(echo.dump())["localState"])


def test_new_certificates_are_taken_over_and_strangers_refused(pair, tmp_path):
    shell, echo, _ = pair
    assert fetch(SHELL, URL)[0] == 200
    before = json.loads(shell.dump())["certificates"]
    make_certificates(tmp_path)  # a new root too
    wait("shell's new certificate", lambda: json.loads(shell.dump())["certificates"] != before)
    wait("traffic with the new root", lambda: fetch(SHELL, URL)[0] == 200)


def test_a_busy_port_ends_the_program_and_is_named(tmp_path):
    make_certificates(tmp_path)
    for port in (15000, 15001, 15006, 15008, 15020, 15021):
        with socket.socket() as taken:
            taken.bind(("127.1.0.3", port))
            taken.listen()
            settings = {"XDS_ADDRESS": "", "LOCAL_XDS": "{}", **file_identity(tmp_path, "shell")}
            ztunnel = ZTunnel(tmp_path, "shell", "127.1.0.3", **settings)
            try:
                assert ztunnel.process.wait(10) == 1
            finally:
                ztunnel.stop()
            assert f"127.1.0.3:{port}" in ztunnel.log
            ztunnel.log_path.unlink()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PROXY_MODE": "sidecar"}, ["PROXY_MODE", "sidecar", "dedicated, shared, daemon"]),
        ({"PROXY_MODE": "dedicated", "PROXY_WORKLOAD_INFO": None}, ["PROXY_WORKLOAD_INFO", "namespace/name"]),
        ({"ISTIO_META_DNS_PROXY_ADDR": "nowhere"}, ["ISTIO_META_DNS_PROXY_ADDR", "localhost:PORT"]),
        ({"LOCAL_XDS": "services: [{}]"}, ["LOCAL_XDS: line 1, column 12: services[0]: field namespace is missing"]),
        ({"LOCAL_XDS": None, "LOCAL_XDS_PATH": "/no/such/file"}, ["LOCAL_XDS_PATH=/no/such/file"]),
    ],
)
def test_settings_that_make_no_sense_end_the_program(tmp_path, settings, words):
    ztunnel = ZTunnel(tmp_path, "shell", "127.1.0.4", **{"XDS_ADDRESS": "", "LOCAL_XDS": "{}", **settings})
    try:
        assert ztunnel.process.wait(10) == 64
    finally:
        ztunnel.stop()
    for word in words:
        assert word in ztunnel.log


def test_the_example_runs():
    done = subprocess.run(
        [str(EXAMPLE / "run.sh")], capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "ZTUNNEL": program("TULLE_ZTUNNEL", "ztunnel")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# A mesh of two tasks" in done.stdout
    assert "ns/demo/sa/shell" in done.stdout
