"""What operators see of two ztunnels that talk: metrics, log, spans, admin pages. They take their state from a file."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from collector import Collector
from files import issue_pair
from lab import program, wait

SHELL, ECHO, OUTSIDE = "127.31.0.1", "127.31.0.2", "127.31.0.3"
HOSTNAME = "echo.demo.mesh.internal"
STATE = f"""
workloads:
- {{uid: demo/shell-1, name: shell-1, namespace: demo, serviceAccount: shell, trustDomain: cluster.local,
   workloadIps: [{SHELL}], protocol: HBONE, workloadName: shell, canonicalName: shell, canonicalRevision: "7",
   clusterId: c1, locality: {{region: eu-west-1, zone: eu-west-1a, subzone: ""}}, services: {{}}}}
- {{uid: demo/echo-1, name: echo-1, namespace: demo, serviceAccount: echo, trustDomain: cluster.local,
   workloadIps: [{ECHO}], protocol: HBONE, workloadName: echo, canonicalName: echo, clusterId: c1,
   waypoint: null, services: {{demo/{HOSTNAME}: {{80: 9000}}}}}}
policies: []
services:
- {{name: echo, namespace: demo, hostname: {HOSTNAME}, vips: [/240.240.9.9], ports: {{80: 9000}}}}
""".replace("waypoint: null, ", "")


class ZTunnel:
    """One ztunnel at a loopback address."""

    def __init__(self, directory: Path, name: str, address: str, collector: Collector, **more: str):
        self.address = address
        self.log = directory / f"{name}.log"
        files = issue_pair(directory, f"spiffe://cluster.local/ns/demo/sa/{name}")
        state = directory / "state.yaml"
        state.write_text(STATE)
        environment = {
            "PROXY_MODE": "dedicated", "PROXY_WORKLOAD_INFO": f"demo/{name}-1/{name}", "XDS_ADDRESS": "",
            "CA_ADDRESS": "", "LOCAL_XDS_PATH": str(state), "TULLE_LISTEN_ADDRESS": address, "INSTANCE_IP": address,
            "CLUSTER_ID": "c1", "ISTIO_META_DNS_CAPTURE": "false", "XDS_HEADER_SECRET": "header-marker",
            "TULLE_CERT_FILE": str(files["chain"]), "TULLE_KEY_FILE": str(files["key"]),
            "TULLE_ROOT_FILE": str(files["root"]), "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-token=token-marker", "OTEL_SERVICE_NAME": f"ztunnel-{name}", **more,
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [program("TULLE_ZTUNNEL", "ztunnel")], env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        wait(f"{name} to be ready", self.is_ready, 30)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get(15021, "/healthz/ready")[0] == 200
        except OSError:
            return False

    def get(self, port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict, bytes]:
        connection = http.client.HTTPConnection(self.address, port, timeout=10)
        try:
            connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def samples(self) -> dict[str, list]:
        text = self.get(15020, "/metrics")[2].decode()
        return {family.name: family.samples for family in parse_prometheus(text)}

    def value(self, name: str, **labels: str) -> float:
        """The sum of a counter's samples that have the labels."""
        samples = self.samples().get(name.removesuffix("_total"), [])
        found = [s for s in samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(sample.value for sample in found)

    def lines(self, message: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if message in line]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def serve(address: str, port: int, times: int) -> socket.socket:
    """Answers what comes by sending it back so many times."""
    listener = socket.create_server((address, port))

    def talk(peer: socket.socket) -> None:
        with peer:
            while data := peer.recv(65536):
                peer.sendall(data * times)

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    directory = tmp_path_factory.mktemp("observability")
    collector = Collector()
    listeners = [serve(ECHO, 9000, 2), serve(OUTSIDE, 9000, 1)]
    shell = ZTunnel(directory, "shell", SHELL, collector)
    echo = ZTunnel(directory, "echo", ECHO, collector, LOG_FORMAT="json")
    yield shell, echo, collector
    shell.stop()
    echo.stop()
    for listener in listeners:
        listener.close()
    collector.stop()


def connect(target: str) -> socket.socket:
    client = socket.create_connection((SHELL, 15080), timeout=10)
    client.sendall(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(1)
        assert more, head
        head += more
    assert b" 200 " in head.splitlines()[0], head
    return client


def call(target: str, answer: int) -> None:
    with connect(target) as client:
        client.sendall(b"hello world")
        left = answer
        while left:
            left -= len(client.recv(left)) or pytest.fail("the answer is cut short")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_both_sides_count_the_same_bytes_and_log_their_own(pair):
    """Case 130, 133, 137."""
    shell, echo, _ = pair
    to_echo = {"destination_workload": "echo", "response_flags": "-", "connection_security_policy": "mutual_tls"}
    sides = ((shell, "source"), (echo, "destination"))
    with connect("echo.demo:80") as client:
        client.sendall(b"hello world")
        assert len(client.recv(22, socket.MSG_WAITALL)) == 22
        for ztunnel, reporter in sides:
            assert ztunnel.value("istio_tcp_connections_opened_total", reporter=reporter, **to_echo) == 1
            assert ztunnel.value("istio_tcp_connections_closed_total", reporter=reporter, **to_echo) == 0
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    for ztunnel, reporter in sides:
        wait(
            "the end to be counted",
            lambda: ztunnel.value("istio_tcp_connections_closed_total", reporter=reporter, **to_echo) == 1, 10,
        )
        assert ztunnel.value("istio_tcp_received_bytes_total", reporter=reporter, **to_echo) == 11
        assert ztunnel.value("istio_tcp_sent_bytes_total", reporter=reporter, **to_echo) == 22
        service = {
            "destination_service": HOSTNAME, "destination_service_name": "echo", "destination_service_namespace": "demo"
        }
        assert ztunnel.value("istio_tcp_connections_opened_total", **service) == 1
        opened = ztunnel.samples()["istio_tcp_connections_opened"][0].labels
        assert opened["source_principal"] == "spiffe://cluster.local/ns/demo/sa/shell"
        assert opened["source_app"] == "shell" and opened["source_version"] == "7"
        assert opened["source_zone"] == "eu-west-1a" and opened["destination_zone"] == "unknown"
    outbound = wait("the client's line", lambda: shell.lines("connection complete"), 10)[0]
    assert "bytes_sent=11 bytes_recv=22" in outbound
    inbound = json.loads(wait("the server's line", lambda: echo.lines("connection complete"), 10)[0])
    assert (inbound["bytes_sent"], inbound["bytes_recv"]) == (22, 11)
    assert inbound["dst.service"] == HOSTNAME and f'dst.service="{HOSTNAME}"' in outbound


def test_identities_stand_in_the_log_only_with_mutual_tls(pair):
    """Case 131."""
    shell, echo, _ = pair
    before = len(shell.lines("connection complete")), len(echo.lines("connection complete"))
    call("echo.demo:80", 22)
    call(f"{OUTSIDE}:9000", 11)
    both = wait("both lines", lambda: lines if len(lines := shell.lines("connection complete")[before[0]:]) == 2 else None)
    assert 'src.identity="spiffe://cluster.local/ns/demo/sa/shell"' in both[0]
    assert 'dst.identity="spiffe://cluster.local/ns/demo/sa/echo"' in both[0]
    assert "identity" not in both[1] and f"dst.addr={OUTSIDE}:9000" in both[1]
    server = json.loads(wait("the server's line", lambda: echo.lines("connection complete")[before[1]:], 10)[0])
    assert server["src.identity"].endswith("/sa/shell") and server["dst.identity"].endswith("/sa/echo")


def test_an_early_refusal_is_a_warning_with_its_code(pair):
    shell, _, _ = pair
    # The reset may come before connect has returned.
    with pytest.raises(ConnectionResetError):
        with socket.create_connection((SHELL, 15001), timeout=10) as client:
            assert client.recv(1) != b""
    line = wait("the warning", lambda: shell.lines("connection failed"), 10)[-1]
    assert "\twarn\taccess\t" in line and 'error.code="recursive_call"' in line and "src.workload" not in line
    assert shell.value("tulle_connection_failures_total", reporter="source", code="recursive_call") >= 1


def test_the_metrics_are_what_a_scraper_reads(pair):
    """Case 134, 135: the parsers are Prometheus' own."""
    shell, _, _ = pair
    call("echo.demo:80", 22)
    status, headers, plain = shell.get(15020, "/stats/prometheus")
    assert status == 200 and headers["content-type"].startswith("text/plain") and "content-encoding" not in headers
    families = {family.name: family for family in parse_prometheus(plain.decode())}
    assert all(family.samples for family in families.values()), "an empty family is shown"
    stable = {name for name, family in families.items() if "(unstable)" not in family.documentation}
    assert stable == {
        "istio_build", "istio_tcp_connections_opened", "istio_tcp_connections_closed", "istio_tcp_received_bytes",
        "istio_tcp_sent_bytes", "process_open_fds", "process_max_fds",
    }
    status, headers, text = shell.get(15020, "/metrics", Accept="application/openmetrics-text;version=1.0.0")
    assert headers["content-type"] == "application/openmetrics-text;charset=utf-8;version=1.0.0"
    assert text.endswith(b"# EOF\n")
    assert {family.name for family in parse_openmetrics(text.decode())} == set(families)
    status, headers, compressed = shell.get(15020, "/metrics", Accept_Encoding="gzip, br")
    assert headers["content-encoding"] == "gzip"

    def steady(text: bytes) -> list[str]:
        # What measures the process itself moves between two scrapes.
        return [l for l in text.decode().splitlines() if not l.startswith(("process_", "tulle_loop_"))]

    def are_equal() -> bool:
        _, _, plain = shell.get(15020, "/stats/prometheus")
        _, _, compressed = shell.get(15020, "/metrics", Accept_Encoding="gzip, br")
        return steady(gzip.decompress(compressed)) == steady(plain)

    # Connections of the tests before may still end between two scrapes.
    wait("two equal scrapes", are_equal, 10)
    assert shell.get(15020, "/other")[0] == 404


def test_spans_of_both_ends_share_a_trace_and_arrive_at_a_collector(pair):
    shell, echo, collector = pair
    call("echo.demo:80", 22)

    def joined():
        by_kind = {kind: [s for s in collector.spans if s.kind == kind] for kind in (2, 3)}
        pairs = [
            (client, server) for client in by_kind[3] for server in by_kind[2]
            if server.trace_id == client.trace_id and server.parent_span_id == client.span_id
        ]
        return pairs

    client, server = wait("both ends of a trace", joined, 20)[-1]
    assert len(client.trace_id) == 16 and len(client.span_id) == 8 and not client.parent_span_id
    assert client.start_time_unix_nano <= server.start_time_unix_nano <= server.end_time_unix_nano
    facts = {a.key: a.value for a in server.attributes}
    assert facts["tulle.source.identity"].string_value == "spiffe://cluster.local/ns/demo/sa/shell"
    assert facts["tulle.bytes_sent"].int_value == 22 and facts["server.port"].int_value == 15008
    assert facts["tulle.destination.service"].string_value == HOSTNAME
    assert {r["service.name"] for r in collector.resources} == {"ztunnel-shell", "ztunnel-echo"}
    assert all(m["x-token"] == "token-marker" for m in collector.metadata)
    trace = client.trace_id.hex()
    assert any(f'trace_id="{trace}"' in line for line in shell.lines("connection complete"))
    assert any(json.loads(line).get("trace_id") == trace for line in echo.lines("connection complete"))


def test_the_dump_has_istioctls_names_and_no_secret(pair):
    """Case 138."""
    shell, echo, _ = pair
    with connect("echo.demo:80") as client:
        client.sendall(b"x")
        assert client.recv(2, socket.MSG_WAITALL) == b"xx"
        status, headers, body = shell.get(15000, "/config_dump")
        inbound = json.loads(echo.get(15000, "/config_dump")[2])
        listing = json.loads(shell.get(15000, "/connections")[2])
    dump = json.loads(body)
    assert status == 200 and headers["content-type"] == "application/json"
    for secret in (b"header-marker", b"token-marker", b"PRIVATE"):
        assert secret not in body
    assert [w["uid"] for w in dump["workloads"]] == ["demo/echo-1", "demo/shell-1"]
    assert dump["workloads"][0]["services"] == [f"demo/{HOSTNAME}"] and dump["workloads"][0]["protocol"] == "HBONE"
    service = dump["services"][0]
    assert service["vips"] == ["/240.240.9.9"] and service["ports"] == {"80": 9000}
    assert service["endpoints"]["demo/echo-1"]["workloadUid"] == "demo/echo-1"
    certificate = dump["certificates"][0]
    assert certificate["identity"] == "spiffe://cluster.local/ns/demo/sa/shell" and certificate["state"] == "Available"
    assert certificate["certChain"][0]["serialNumber"].isdigit() and certificate["rootCerts"]
    connections = dump["workloadState"]["demo/shell-1"]["connections"]
    assert connections["outbound"][0]["actualDst"] == f"{ECHO}:15008"
    assert connections["outbound"][0]["protocol"] == "HBONE" and connections["inbound"] == []
    other = inbound["workloadState"]["demo/echo-1"]
    assert other["state"] == "Up" and other["info"] == {
        "name": "echo-1", "namespace": "demo", "serviceAccount": "echo", "trustDomain": "cluster.local"
    }
    assert other["connections"]["inbound"][0]["originalDst"] == HOSTNAME
    assert listing["live"] == 1 and listing["connections"][0]["state"] == "established"
    assert listing["connections"][0]["peer"] == "spiffe://cluster.local/ns/demo/sa/echo"
    assert listing["connections"][0]["bytesReceived"] == 1


def test_levels_change_while_it_runs(pair):
    """Case 139."""
    shell, _, _ = pair
    ask = lambda path: shell.get(15000, path, method="POST")  # noqa: E731
    assert ask("/logging")[2] == b"current log level is info\n"
    assert ask("/logging?level=access=debug,info")[2] == b"current log level is access=debug,info\n"
    call("echo.demo:80", 22)
    wait("the opening's line", lambda: shell.lines("connection opened"), 10)
    assert ask("/logging?level=nonsense")[0] == 400
    assert ask("/logging?reset")[2] == b"current log level is info\n"
    assert shell.get(15000, "/logging")[0] == 405


def test_the_admin_page_quits_by_post_only(pair, tmp_path):
    _, _, collector = pair
    other = ZTunnel(tmp_path, "other", "127.31.0.4", collector)
    assert b"config_dump" in other.get(15000, "/")[2]
    assert other.get(15000, "/quitquitquit")[0] == 405
    status, _, body = other.get(15000, "/quitquitquit", method="POST")
    assert (status, body) == (200, b"shutdown now\n")
    assert other.process.wait(10) == 0
