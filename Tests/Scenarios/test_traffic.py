"""What applications see of the mesh: nothing but their bytes."""

from __future__ import annotations

import hashlib
import subprocess
import time
from pathlib import Path

import pytest

from mesh import CLIENTS, HOST as OUTSIDE, NAMESPACE, ROOT

WORKLOAD = str(ROOT / "scripts/lab/images/workload.py")
PYTHON = "/usr/bin/python3"
HOST = f"echo.{NAMESPACE}"
GIB = 1 << 30


def pattern_digest(count: int) -> str:
    block = b"".join(index.to_bytes(4, "big") for index in range(16384))
    digest = hashlib.sha256()
    for _ in range(count // len(block)):
        digest.update(block)
    return digest.hexdigest()


@pytest.mark.parametrize("service", ["shell", "shell-socks"])
def test_curl_gets_200_over_mutual_tls(mesh, service):
    marker = f"marker-{service}-{time.monotonic_ns()}"
    done = mesh.exec(service, "curl", "-s", "-m", "10", "-H", f"x-marker: {marker}", f"http://{HOST}/hello")
    assert f"marker: {marker}" in done.stdout
    assert "path: /hello" in done.stdout

    def line():
        lines = mesh.logs("echo", "ztunnel").splitlines()
        return [l for l in lines if "ns/demo/sa/shell" in l and "ns/demo/sa/echo" in l and "inbound" in l]

    assert mesh.wait("an access line with both identities", line, 10)


def test_only_tls_crosses_between_tasks(mesh, tmp_path):
    capture = tmp_path / "capture.pcap"
    shell, echo = mesh.task("shell")["address"], mesh.task("echo")["address"]
    dump = subprocess.Popen(
        ["tcpdump", "-i", "tulle-test0", "-U", "-w", str(capture), "host", shell, "and", "host", echo],
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        marker = f"marker-{time.monotonic_ns()}"
        mesh.exec("shell", "curl", "-s", "-m", "10", "-H", f"x-marker: {marker}", f"http://{HOST}/{marker}")
        time.sleep(1)
    finally:
        dump.terminate()
        dump.wait(10)
    bytes_seen = capture.read_bytes()
    assert len(bytes_seen) > 1000, "nothing was captured"
    assert marker.encode() not in bytes_seen
    other = subprocess.run(
        ["tcpdump", "-nr", str(capture), "tcp and not port 15008"], capture_output=True, text=True
    ).stdout
    assert other == ""


def test_a_gibibyte_arrives_exactly_upstream(mesh):
    done = mesh.exec("shell", PYTHON, WORKLOAD, "pour", HOST, "9001", str(GIB), seconds=300)
    assert done.stdout.split() == [str(GIB), pattern_digest(GIB)]


def test_a_gibibyte_arrives_exactly_downstream(mesh):
    done = mesh.exec("shell", PYTHON, WORKLOAD, "fetch", HOST, "9002", seconds=300)
    assert done.stdout.split() == [str(GIB), pattern_digest(GIB)]


@pytest.mark.parametrize(("service", "more"), [("shell", []), ("shell-socks", ["15080"])])
def test_a_thousand_connections_at_once(mesh, service, more):
    done = mesh.exec(service, PYTHON, str(CLIENTS / "many.py"), HOST, "9000", "1000", *more, seconds=90)
    assert done.stdout.strip() == "1000"


def test_the_server_may_speak_first(mesh):
    done = mesh.exec("shell", PYTHON, str(CLIENTS / "raw.py"), HOST, "9003", "51554954")
    assert bytes.fromhex(done.stdout.strip()).startswith(b"220 ")


@pytest.mark.parametrize("count", [1, 100_000, 5_000_000])
def test_a_half_closed_connection_still_answers(mesh, count):
    done = mesh.exec("shell", PYTHON, str(CLIENTS / "half_close.py"), HOST, "9000", str(count))
    assert done.stdout.strip() == str(count)


def test_unknown_destinations_pass_through(mesh):
    """A server outside the mesh, reached by address as without the mesh."""
    server = subprocess.Popen(
        [PYTHON, WORKLOAD, "http", "8099"], stdout=subprocess.DEVNULL, env={"TULLE_LAB_ADDRESS": OUTSIDE}
    )
    try:
        mesh.wait("the outside server", lambda: mesh.http(f"http://{OUTSIDE}:8099/"), 10)
        for service in ("shell", "shell-socks"):
            done = mesh.exec(service, "curl", "-s", "-m", "10", f"http://{OUTSIDE}:8099/outside")
            assert "path: /outside" in done.stdout
    finally:
        server.terminate()
        server.wait(10)


def test_http_connect_and_forward_proxy(mesh):
    for arguments in (["-p", "-x", "http://127.0.0.1:15080"], ["-x", "http://127.0.0.1:15080"]):
        done = mesh.exec("shell-socks", "curl", "-s", "-m", "10", *arguments, f"http://{HOST}/proxy")
        assert "path: /proxy" in done.stdout


def test_a_killed_ztunnel_ends_its_connections_cleanly(mesh):
    pids = mesh.processes("shell", "ztunnel")
    assert len(pids) == 1
    descriptors = Path(f"/proc/{pids[0]}/fd")

    mesh.exec("shell", "curl", "-s", "-m", "10", f"http://{HOST}/warm")
    before = len(list(descriptors.iterdir()))
    fetch = mesh.popen("shell", PYTHON, WORKLOAD, "fetch", HOST, "9002")
    time.sleep(1)
    victim = mesh.processes("echo", "ztunnel")
    assert len(victim) == 1
    mesh.kill(victim[0])
    started = time.monotonic()
    out, err = fetch.communicate(timeout=30)
    assert time.monotonic() - started < 15
    assert fetch.returncode != 0 or not out.startswith(str(GIB)), "the transfer can't have completed"
    assert "ConnectionResetError" in err or "IncompleteRead" in err or out.split()[0] != str(GIB), err

    curl = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", f"http://{HOST}"]
    mesh.wait("echo to be back", lambda: mesh.exec("shell", *curl, check=False).stdout == "200", 90)
    assert mesh.processes("shell", "ztunnel") == pids
    mesh.wait("descriptors to be given back", lambda: len(list(descriptors.iterdir())) <= before + 3, 20)
