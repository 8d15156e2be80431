"""Mode shared: Istio's node agent, played by this test, hands pods' network namespaces over by its socket (ZDS)."""

from __future__ import annotations

import array
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from lab import program
from network import connect, echoes, outcome

PODS = ("tulle-zds-a", "tulle-zds-b")
BRIDGE = "tulle-zds0"
PORT = 9000


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field of protobuf; all of these are shorter than 128 bytes."""
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def add(uid: str, name: str) -> bytes:
    info = field(1, name.encode()) + field(2, b"demo") + field(3, b"default")
    return field(1, field(1, uid.encode()) + field(2, info))


SNAPSHOT = field(3, b"")


def delete(uid: str) -> bytes:
    return field(2, field(2, uid.encode()))


def keep(uid: str) -> bytes:
    return field(5, field(1, uid.encode()))


class NodeAgent:
    """The server's side of the socket."""

    def __init__(self, path: Path):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(path))
        self.listener.listen(4)
        self.listener.settimeout(20)
        self.connection: socket.socket | None = None

    def accept(self) -> None:
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(5)
        assert self.connection.recv(1024) == b"\x08\x01", "hello of version 1"

    def ask(self, request: bytes, namespace: str | None = None) -> str:
        """The answer's error; empty for success."""
        if namespace:
            descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
            self.connection.sendmsg([request], rights)
            os.close(descriptor)
        else:
            self.connection.send(request)
        answer = self.connection.recv(1024)
        assert answer[:1] == b"\x0a" and answer[1] == len(answer) - 2, answer
        ack = answer[2:]
        return ack[2:].decode() if ack else ""

    def close(self) -> None:
        if self.connection:
            self.connection.close()
        self.listener.close()


def ready() -> tuple[int, str]:
    try:
        with urllib.request.urlopen("http://127.0.0.1:15021/healthz/ready", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def wait(what: str, holds, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"timed out: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def pods(tmp_path_factory):
    """Two namespaces on a bridge, captured as a CNI plugin would, each with an echo server."""
    ztunnel = program("TULLE_ZTUNNEL", "ztunnel")
    addresses = {}
    servers = []
    try:
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "link", "set", BRIDGE, "up")
        for index, pod in enumerate(PODS):
            addresses[pod] = f"10.97.0.{index + 2}"
            run("ip", "netns", "add", pod)
            run("ip", "link", "add", f"zds{index}", "type", "veth", "peer", "name", "eth0", "netns", pod)
            run("ip", "link", "set", f"zds{index}", "master", BRIDGE, "up")
            run("ip", "-n", pod, "link", "set", "lo", "up")
            run("ip", "-n", pod, "addr", "add", f"{addresses[pod]}/24", "dev", "eth0")
            run("ip", "-n", pod, "link", "set", "eth0", "up")
            run("ip", "-n", pod, "route", "add", "default", "dev", "eth0")
            run("ip", "netns", "exec", pod, ztunnel, "redirect", "apply", "--mark", "--keep-source", "--dns=off")
            server = (
                "import socketserver as s\n"
                "class H(s.StreamRequestHandler):\n"
                "  def handle(self):\n"
                "    while data := self.request.recv(65536): self.request.sendall(data)\n"
                f"s.ThreadingTCPServer.allow_reuse_address = True\ns.ThreadingTCPServer(('', {PORT}), H).serve_forever()"
            )
            servers.append(subprocess.Popen(["ip", "netns", "exec", pod, "python3", "-c", server]))
        for pod in PODS:
            # The loopback is never captured.
            wait("the echo server", lambda pod=pod: outcome(pod, "127.0.0.1", PORT, b"x") == b"x".hex())
        yield addresses
    finally:
        for server in servers:
            server.kill()
            server.wait(10)
        for pod in PODS:
            subprocess.run(["ip", "netns", "del", pod], capture_output=True)
        subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True)


@pytest.fixture
def agent(pods, tmp_path):
    """A running ztunnel, connected. The mesh's state is in a file that knows the pods as plain workloads."""
    agent = NodeAgent(tmp_path / "zds.sock")
    state = "workloads:\n" + "".join(
        f"  - uid: uid-{pod}\n    name: {pod}\n    namespace: demo\n    serviceAccount: default\n"
        f"    workloadIps: [{address}]\n    protocol: TCP\n    node: here\n"
        for pod, address in pods.items()
    )
    (tmp_path / "state.yaml").write_text(state + "policies: []\nservices: []\n")
    log = (tmp_path / "ztunnel.log").open("wb")
    process = subprocess.Popen(
        [program("TULLE_ZTUNNEL", "ztunnel")],
        env={
            "PROXY_MODE": "shared", "INPOD_UDS": str(tmp_path / "zds.sock"), "XDS_ADDRESS": "", "CA_ADDRESS": "",
            "LOCAL_XDS_PATH": str(tmp_path / "state.yaml"), "ISTIO_META_DNS_CAPTURE": "false", "RUST_LOG": "debug",
            "CONNECTION_TERMINATION_DEADLINE": "3s",
        },
        stdout=log, stderr=subprocess.STDOUT, cwd=tmp_path,
    )
    agent.process = process
    try:
        agent.accept()
        yield agent
    finally:
        process.kill()
        process.wait(10)
        agent.close()
        print((tmp_path / "ztunnel.log").read_text(errors="replace")[-4000:])


def test_a_pod_is_served_when_its_addition_is_acknowledged(pods, agent):
    assert outcome(PODS[0], pods[PODS[1]], PORT, b"x") == "refused", "captured, and nobody listens yet"
    for pod in PODS:
        assert agent.ask(add(f"uid-{pod}", pod), pod) == ""
    assert ready()[0] == 500 and "workload proxy manager" in ready()[1]
    assert agent.ask(SNAPSHOT) == ""
    wait("readiness", lambda: ready()[0] == 200)
    with connect(PODS[0], pods[PODS[1]], PORT) as connection:
        assert echoes(connection, b"from pod to pod" * 1000)
    sockets = subprocess.run(
        ["ip", "netns", "exec", PODS[0], "ss", "-tlneH"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    ours = [line for line in sockets if any(f":{port} " in line for port in (15001, 15006, 15008))]
    assert len(ours) >= 3 and all("fwmark:0x539" in line for line in ours), sockets
    assert agent.ask(add(f"uid-{PODS[0]}", PODS[0]), PODS[0]) == ""
    assert outcome(None, "127.0.0.1", 15001) == "refused", "the ztunnel's own namespace has no capture"


def test_deleting_a_server_ends_its_connections_and_refuses_new_ones(pods, agent):
    for pod in PODS:
        assert agent.ask(add(f"uid-{pod}", pod), pod) == ""
    assert agent.ask(SNAPSHOT) == ""
    with connect(PODS[0], pods[PODS[1]], PORT) as connection:
        assert echoes(connection, b"alive")
        assert agent.ask(delete(f"uid-{PODS[1]}")) == ""
        connection.settimeout(5)
        with pytest.raises((ConnectionError, AssertionError)):
            assert connection.recv(1) != b""
    assert outcome(PODS[0], pods[PODS[1]], PORT, b"x") in ("refused", "reset", "closed")


def test_pods_outlive_a_lost_node_agent_and_the_next_snapshot_decides(pods, agent):
    for pod in PODS:
        assert agent.ask(add(f"uid-{pod}", pod), pod) == ""
    assert agent.ask(SNAPSHOT) == ""
    wait("readiness", lambda: ready()[0] == 200)
    with connect(PODS[0], pods[PODS[1]], PORT) as connection:
        agent.connection.close()
        wait("unreadiness", lambda: ready()[0] == 500)
        agent.accept()
        assert echoes(connection, b"still alive")
        assert agent.ask(keep(f"uid-{PODS[0]}")) == ""
        assert agent.ask(keep(f"uid-{PODS[1]}")) == ""
        assert agent.ask(SNAPSHOT) == ""
        wait("readiness", lambda: ready()[0] == 200)
        assert echoes(connection, b"and again")
        agent.connection.close()
        agent.accept()
        assert agent.ask(keep(f"uid-{PODS[0]}")) == ""
        assert agent.ask(SNAPSHOT) == ""
    wait("the end of the pod that was not named", lambda: outcome(PODS[1], pods[PODS[0]], PORT, b"x") == "refused")


def test_a_shutdown_lets_connections_end_and_takes_no_new_ones(pods, agent):
    for pod in PODS:
        assert agent.ask(add(f"uid-{pod}", pod), pod) == ""
    assert agent.ask(SNAPSHOT) == ""
    with connect(PODS[0], pods[PODS[1]], PORT) as connection:
        assert echoes(connection, b"before")
        agent.process.send_signal(signal.SIGTERM)
        wait("closed listeners", lambda: outcome(PODS[0], pods[PODS[1]], PORT, b"x", 2) == "refused", 5)
        assert echoes(connection, b"while it drains")
    assert agent.process.wait(10) == 0
    assert outcome(PODS[0], pods[PODS[1]], PORT, b"x") == "refused", "the rules are still there"


def test_a_stray_descriptor_and_a_pod_without_info_are_refused(pods, agent):
    assert agent.ask(add("uid-1", PODS[0]), None).startswith("0 descriptors came with pod uid-1")
    agent.accept()
    assert "descriptors came with a request that has none" in agent.ask(delete("uid-1"), PODS[0])
    agent.accept()
    assert agent.ask(field(1, field(1, b"uid-1")), PODS[0]) == "pod uid-1 came without workload_info"
