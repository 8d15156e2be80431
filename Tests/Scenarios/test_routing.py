"""Where connections go: through a waypoint, through another network's gateway, past endpoints that are gone.

Waypoint and gateway are real Envoys, the far ends real ztunnels; all on loopback addresses, without a control plane.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess

import pytest

from identities import issue
from local_mesh import ZTunnel, fetch, make_certificates, wait
from test_envoy import ENVOY, server_config

CLIENT, NEAR, OTHER, DEAD = "127.2.0.1", "127.2.0.2", "127.2.0.3", "127.2.0.4"
FRONT, GATEWAY = "127.2.0.5", "127.2.0.6"
URL = "http://echo.demo.mesh.internal"
KEY = "demo/echo.demo.mesh.internal"


def workload(name: str, address: str, *more: str, serves: bool = True, account: str | None = None) -> str:
    lines = [
        f"- uid: test/{name}", f"  name: {name}", "  namespace: demo", f"  serviceAccount: {account or name}",
        f'  workloadIps: ["{address}"]', "  protocol: HBONE", *[f"  {line}" for line in more],
    ]
    if serves:
        lines += ["  services:", f"    {KEY}: {{80: 8080}}"]
    return "\n".join(lines) + "\n"


def service(*more: str, network: str = "") -> str:
    lines = [
        "- name: echo", "  namespace: demo", "  hostname: echo.demo.mesh.internal",
        f"  vips: [{network}/240.240.0.1]", "  ports: {80: 8080}", *[f"  {line}" for line in more],
    ]
    return "\n".join(lines) + "\n"


class Envoy:
    """Ends CONNECT requests at one address and sends what is in them to another."""

    def __init__(self, place: "Place", account: str, listen: tuple[str, int], to: tuple[str, int]):
        config = server_config(place.identity(account), to[1])
        resources = config["static_resources"]
        resources["listeners"][0]["address"]["socket_address"] = {"address": listen[0], "port_value": listen[1]}
        endpoint = resources["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
        endpoint["address"]["socket_address"]["address"] = to[0]
        manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        manager["access_log"] = [
            {
                "name": "log",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                    "log_format": {
                        "text_format_source": {
                            "inline_string": "asked=%REQ(:AUTHORITY)% network=%REQ(X-FORWARDED-NETWORK)%\n"
                        }
                    },
                },
            }
        ]
        self.config = place.directory / f"{account}.json"
        self.config.write_text(json.dumps(config))
        self.log_path = place.directory / f"{account}-envoy.log"
        self.listen = listen
        self.start()

    def start(self) -> None:
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(ENVOY), "-c", str(self.config), "--use-dynamic-base-id", "--concurrency", "1"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )
        wait("Envoy to listen", lambda: not socket.socket().connect_ex(self.listen), 30)

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


class Place:
    """Certificates, programs and their end."""

    def __init__(self, directory):
        self.directory = directory
        make_certificates(directory)
        signer = (directory / "root-key.pem").read_text() + (directory / "root.pem").read_text()
        (directory / "intermediate.pem").write_text(signer)
        self.parts: list = []

    def identity(self, account: str) -> dict:
        directory = self.directory / f"id-{account}"
        directory.mkdir(exist_ok=True)
        return issue(self.directory, directory, f"spiffe://cluster.local/ns/demo/sa/{account}")

    def ztunnel(self, name: str, address: str, mesh: str, **settings: str) -> ZTunnel:
        path = self.directory / f"{name}.yaml"
        path.write_text(mesh)
        files = self.identity(name)
        made = ZTunnel(
            self.directory, name, address, XDS_ADDRESS="", LOCAL_XDS_PATH=str(path),
            TULLE_CERT_FILE=str(files["chain"]), TULLE_KEY_FILE=str(files["key"]), TULLE_ROOT_FILE=str(files["root"]),
            **settings,
        )
        self.parts.append(made)
        return made.wait_ready()

    def envoy(self, *arguments) -> Envoy:
        self.parts.append(Envoy(self, *arguments))
        return self.parts[-1]

    def application(self, address: str) -> None:
        pages = self.directory / "pages"
        pages.mkdir(exist_ok=True)
        (pages / "hello").write_text("hello")
        (pages / "large").write_bytes(b"x" * 50_000_000)
        # It keeps connections open: Envoy resets a tunnel whose server closes while bytes are queued in Envoy, towards
        # another Envoy with windows of this size as well.
        server = subprocess.Popen(
            ["python3", "-m", "http.server", "8080", "--protocol", "HTTP/1.1", "--bind", address, "--directory", pages],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.parts.append(server)
        wait("the application", lambda: not socket.socket().connect_ex((address, 8080)))

    def stop(self) -> None:
        for part in self.parts:
            if isinstance(part, subprocess.Popen):
                part.kill()
                part.wait(5)
            else:
                part.stop()


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    try:
        yield place
    finally:
        place.stop()


def outbound(ztunnel: ZTunnel) -> list[str]:
    return [l for l in ztunnel.log.splitlines() if "connection complete" in l and 'direction="outbound"' in l]


def test_envoy_is_the_waypoint(place):
    """The service's endpoint has no tunnel end at all: whatever goes round the waypoint gets nowhere."""
    front = [
        "- name: front", "  namespace: demo", "  hostname: front.demo.mesh.internal", "  vips: []",
        "  ports: {15008: 15008}",
    ]
    gateway = ["waypoint:", "  destination: demo/front.demo.mesh.internal", "  hboneMtlsPort: 15008"]
    ports = ["services:", "  demo/front.demo.mesh.internal: {15008: 15008}"]
    mesh = (
        "workloads:\n" + workload("shell", CLIENT, serves=False) + workload("echo", NEAR)
        + workload("front", FRONT, *ports, serves=False)
        + "services:\n" + service(*gateway) + "\n".join(front) + "\n"
    )
    place.application(NEAR)
    envoy = place.envoy("front", (FRONT, 15008), (NEAR, 8080))
    shell = place.ztunnel("shell", CLIENT, mesh)
    assert fetch(CLIENT, f"{URL}/hello") == (200, "hello"), shell.log[-3000:]
    status, body = fetch(CLIENT, f"{URL}/large")
    assert (status, len(body)) == (200, 50_000_000)
    [line, _] = wait("two access lines", lambda: outbound(shell) if len(outbound(shell)) == 2 else None)
    for words in (
        f"dst.addr={FRONT}:15008", "dst.hbone_addr=240.240.0.1:80", 'dst.service="echo.demo.mesh.internal"',
        'dst.workload="front"', 'dst.identity="spiffe://cluster.local/ns/demo/sa/front"',
    ):
        assert words in line
    envoy.stop()
    assert fetch(CLIENT, f"{URL}/hello")[0] == 0, "nothing goes round a waypoint that is gone"
    envoy.start()
    assert fetch(CLIENT, f"{URL}/hello") == (200, "hello"), shell.log[-3000:]
    envoy.stop()
    assert "asked=240.240.0.1:80 network=-" in envoy.log


def test_envoy_is_the_gateway_into_another_network(place):
    """Two tunnels: the outer one ends at Envoy, which can't read the inner one; that ends at a real ztunnel."""
    near = ["network: n1"]
    far = ["network: n2"]
    door = ["networkGateway:", f"  destination: n2/{GATEWAY}", "  hboneMtlsPort: 15009"]
    here = (
        "workloads:\n" + workload("shell", CLIENT, *near, serves=False) + workload("echo", "10.99.0.1", *far, *door)
        + workload("door", GATEWAY, *far, serves=False) + "services:\n" + service(network="n1")
    )
    there = "workloads:\n" + workload("echo", NEAR, *far) + "services:\n" + service(network="n2")
    place.application(NEAR)
    envoy = place.envoy("door", (GATEWAY, 15009), (NEAR, 15008))
    echo = place.ztunnel("echo", NEAR, there, NETWORK="n2")
    shell = place.ztunnel("shell", CLIENT, here, NETWORK="n1")
    assert fetch(CLIENT, f"{URL}/hello") == (200, "hello"), shell.log[-3000:] + echo.log[-3000:]
    status, body = fetch(CLIENT, f"{URL}/large")
    assert (status, len(body)) == (200, 50_000_000)
    [line, _] = wait("two access lines", lambda: outbound(shell) if len(outbound(shell)) == 2 else None)
    for words in (
        f"dst.addr={GATEWAY}:15009", "dst.hbone_addr=echo.demo.mesh.internal:80", 'dst.workload="echo"',
        'dst.identity="spiffe://cluster.local/ns/demo/sa/echo"',
    ):
        assert words in line
    inbound = [l for l in echo.log.splitlines() if 'direction="inbound"' in l and "connection complete" in l]
    assert inbound and 'src.identity="spiffe://cluster.local/ns/demo/sa/shell"' in inbound[0]
    envoy.stop()
    assert "asked=echo.demo.mesh.internal:80 network=-" in envoy.log


def test_dead_endpoints_cost_no_request(place):
    """One of three endpoints does not exist, another one freezes: no client notices more than a delay."""
    mesh = (
        "workloads:\n" + workload("shell", CLIENT, serves=False) + workload("echo", NEAR)
        + workload("other", OTHER, account="other") + workload("gone", DEAD) + "services:\n" + service()
    )
    for address in (NEAR, OTHER):
        place.application(address)
    place.ztunnel("echo", NEAR, mesh)
    other = place.ztunnel("other", OTHER, mesh)
    shell = place.ztunnel("shell", CLIENT, mesh)
    for _ in range(40):
        assert fetch(CLIENT, f"{URL}/hello") == (200, "hello"), shell.log[-3000:]
    assert "trying another endpoint" in shell.log
    other.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(4):
            assert fetch(CLIENT, f"{URL}/hello", seconds=15) == (200, "hello"), shell.log[-3000:]
    finally:
        other.process.send_signal(signal.SIGCONT)
    lines = wait("44 access lines", lambda: outbound(shell) if len(outbound(shell)) == 44 else None)
    assert not [l for l in lines if "error" in l]
    assert not [l for l in lines if ":8080" in l.split("dst.hbone_addr")[0]], "never in plain TCP"
