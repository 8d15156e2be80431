"""Garbage and intruders: each gets a clear refusal, and what worked goes on working."""

from __future__ import annotations

import subprocess

import pytest

from mesh import CLIENTS, NAMESPACE

PYTHON = "/usr/bin/python3"
RAW = str(CLIENTS / "raw.py")
HOST = f"echo.{NAMESPACE}"


@pytest.fixture(autouse=True)
def everything_still_works(mesh):
    before = {service: mesh.processes(service, "ztunnel") for service in ("shell", "shell-socks", "echo")}
    yield
    for service in ("shell", "shell-socks"):
        done = mesh.exec(service, "curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", f"http://{HOST}")
        assert done.stdout == "200"
    assert {service: mesh.processes(service, "ztunnel") for service in before} == before


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("05", "closed"),  # ends inside the greeting
        ("0500", "05ff"),  # no methods
        ("050102", "05ff"),  # only a password
        ("050100" + "05020001" + "7f000001" + "0050", "0500" + "0507"),  # BIND
        ("050100" + "05030001" + "7f000001" + "0050", "0500" + "0507"),  # UDP ASSOCIATE
        ("050100" + "05010009" + "00" * 8, "0500" + "0508"),  # unknown address type
        ("050100" + "05010003" + "00" + "0050", "0500" + "05"),  # empty name
        ("04010050" + "7f000001" + "00", None),  # SOCKS 4
        ("ff" * 64, None),
        ("00" * 2000, None),
        ("474554202f20485454502f312e310d0a0d0a", "485454502f312e3120"),  # GET / is no proxy request
        ("434f4e4e4543542065636820485454502f312e310d0a0d0a", "485454502f312e3120"),  # CONNECT without port
        ("41" * 40000, None),
    ],
)
def test_garbage_on_the_proxy_port(mesh, sent, expected):
    done = mesh.exec("shell-socks", PYTHON, RAW, "127.0.0.1", "15080", sent)
    answer = done.stdout.strip()
    assert answer != "timeout"
    if expected:
        assert answer.startswith(expected), answer


@pytest.mark.parametrize(
    "sent",
    ["00", "ff" * 4096, "16030100", "160301ffff" + "00" * 600, "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a"],
)
def test_garbage_on_the_tunnel_port(mesh, sent):
    done = mesh.exec("shell-socks", PYTHON, RAW, mesh.task("echo")["address"], "15008", sent, "15")
    assert done.stdout.strip() != "timeout"


def test_a_tls_client_without_certificate_is_refused(mesh):
    address = mesh.task("echo")["address"]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{address}:15008", "-alpn", "h2", "-tls1_3", "-ign_eof"],
        input=b"", capture_output=True, timeout=20,
    )
    assert b"certificate required" in (done.stdout + done.stderr).lower()


def test_tls_1_2_is_refused(mesh):
    address = mesh.task("echo")["address"]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{address}:15008", "-alpn", "h2", "-tls1_2"],
        input=b"", capture_output=True, timeout=20,
    )
    assert done.returncode != 0


def test_direct_calls_to_capture_ports_go_nowhere(mesh):
    for port in ("15001", "15006"):
        done = mesh.exec("shell-socks", PYTHON, RAW, mesh.task("echo")["address"], port, "47455420")
        assert done.stdout.strip() in ("closed", "reset")
