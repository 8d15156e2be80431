"""Capture by rules that an init container with NET_ADMIN writes: IPv4, IPv6 and DNS."""

from __future__ import annotations

import ipaddress
import socket
import struct
import subprocess
import time

import pytest

from definitions import environment, on_instance, workload
from mesh import BRIDGE, NAMESPACE
from network import connect, echoes, inside, outcome

A, AAAA = 1, 28
#: Where services' virtual addresses come from.
VIRTUAL = {A: ipaddress.ip_network("240.240.0.0/16"), AAAA: ipaddress.ip_network("2001:2::/48")}


@pytest.fixture(scope="module")
def rules(mesh):
    """The services inner and outer: an application, the rules and a ztunnel that waits for them."""
    for name in ("outer", "inner"):
        prepare = workload(
            "rules", "redirect", "apply", image="tulle/ztunnel", user="0",
            linuxParameters={"capabilities": {"add": ["NET_ADMIN"]}},
        )
        prepare["essential"] = False
        ztunnel = mesh.ztunnel_container("echo", dependsOn=[{"containerName": "rules", "condition": "SUCCESS"}])
        app = workload(
            "app", "tcp-echo", "9000", port=9000, dependsOn=[{"containerName": "ztunnel", "condition": "HEALTHY"}],
            # All addresses of both families.
            environment=environment(TULLE_LAB_ADDRESS=""),
        )
        mesh.create(on_instance(name, mesh.role("echo"), [prepare, ztunnel, app]), tags={"tulle/namespace": NAMESPACE})
    found = {}
    for name in ("outer", "inner"):
        [found[name]] = mesh.wait_healthy(name)
    mesh.wait("inner's address", lambda: mesh.address_of(f"inner.{NAMESPACE}"), 30)

    def works() -> bool:
        try:
            with connect(found["outer"]["namespace"], mesh.address_of(f"inner.{NAMESPACE}"), 9000, 3) as connection:
                return echoes(connection, b"x")
        except OSError:
            return False

    mesh.wait("the first connection", works, 30)
    yield found
    for name in ("outer", "inner"):
        mesh.client("ecs").delete_service(cluster=mesh.cluster, service=name, force=True)


@pytest.mark.parametrize("family", ["service", "serviceV6", "address", "addressV6"])
def test_connections_go_through_the_mesh_to_names_and_to_both_kinds_of_addresses(mesh, rules, family, tmp_path):
    """Nothing but TLS on 15008 crosses the bridge, and the server's ztunnel names both identities."""
    outer, inner = rules["outer"], rules["inner"]
    if family.startswith("service"):
        kind = AAAA if family.endswith("V6") else A
        address = inside(outer["namespace"], lambda: ask(f"inner.{NAMESPACE}", "192.0.2.53", "udp", kind))
        assert ipaddress.ip_address(address) in VIRTUAL[kind]
    else:
        address = inner[family]
    capture = tmp_path / "capture.pcap"
    own = [host for task in (outer, inner) for host in (task["address"], task["addressV6"])]
    filters = " or ".join(f"host {host}" for host in own)
    dump = subprocess.Popen(
        ["tcpdump", "-i", BRIDGE, "-U", "-w", str(capture), f"({filters}) and tcp and not port 15012"],
        stderr=subprocess.DEVNULL,
    )
    marker = f"marker-{family}-{time.monotonic_ns()}".encode()
    lines = mesh.logs("inner", "ztunnel").count("sa/echo")
    try:
        time.sleep(1)
        with connect(outer["namespace"], address, 9000) as connection:
            assert echoes(connection, marker)
        time.sleep(1)
    finally:
        dump.terminate()
        dump.wait(10)
    assert marker not in capture.read_bytes()
    assert capture.stat().st_size > 500, "nothing was captured"
    other = subprocess.run(["tcpdump", "-nr", str(capture), "not port 15008"], capture_output=True, text=True).stdout
    assert other == ""
    mesh.wait("the access line", lambda: mesh.logs("inner", "ztunnel").count("sa/echo") > lines, 10)


def ask(name: str, server: str, over: str, kind: int = A) -> str:
    """The address that a DNS server gives for a name, asked by UDP or TCP."""
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    query = struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)
    if over == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.settimeout(3)
            connection.sendto(query, (server, 53))
            answer = connection.recv(4096)
    else:
        with socket.create_connection((server, 53), timeout=3) as connection:
            connection.sendall(struct.pack(">H", len(query)) + query)
            answer = connection.recv(4096)[2:]
    assert answer[:2] == query[:2] and struct.unpack(">H", answer[6:8])[0] >= 1, answer
    return str(ipaddress.ip_address(answer[-16:] if kind == AAAA else answer[-4:]))


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_dns_is_answered_by_ztunnel_whatever_server_is_asked(mesh, rules, over):
    """192.0.2.53 is nobody's address, so only the redirect can make an answer."""
    name = f"inner.{NAMESPACE}"
    answer = inside(rules["outer"]["namespace"], lambda: ask(name, "192.0.2.53", over))
    assert answer == mesh.address_of(name)


def test_applying_again_changes_nothing_and_removing_takes_all_away(mesh, rules):
    namespace = rules["inner"]["namespace"]

    def redirect(verb: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["ip", "netns", "exec", namespace, mesh.ztunnel, "redirect", verb], capture_output=True, text=True, timeout=20
        )

    def ruleset() -> str:
        command = ["ip", "netns", "exec", namespace, "nft", "-s", "list", "ruleset"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    before = ruleset()
    assert "15001" in before and redirect("show").returncode == 0
    assert redirect("apply").returncode == 0
    assert ruleset() == before
    try:
        assert redirect("remove").returncode == 0
        assert "15001" not in ruleset() and redirect("show").returncode == 1
        assert redirect("remove").returncode == 0
    finally:
        assert redirect("apply").returncode == 0
    assert ruleset() == before


def test_an_application_cannot_take_the_rules_away(mesh, rules):
    assert mesh.attempt("inner", "nft", "flush", "ruleset", container="app").returncode != 0
    assert mesh.attempt("inner", mesh.ztunnel, "redirect", "remove", container="app").returncode != 0


def test_without_ztunnel_the_rules_let_nothing_through(mesh, rules):
    """Comes last: outer's ztunnel is stopped for a while."""
    [pid] = mesh.processes("outer", "ztunnel")
    address = mesh.address_of(f"inner.{NAMESPACE}")
    mesh.kill(pid)
    seen = outcome(rules["outer"]["namespace"], address, 9000, b"x", 2)
    assert seen in ("refused", "reset", "closed", "timeout"), seen
    seen = outcome(rules["outer"]["namespace"], rules["inner"]["addressV6"], 9000, b"x", 2)
    assert seen in ("refused", "reset", "closed", "timeout"), seen
