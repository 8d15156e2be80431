"""What operators see of a waypoint: a real Prometheus scrapes the mesh, a collector gets spans and lines."""

from __future__ import annotations

import json
import re
import signal
import sys

import pytest

from collector import Collector
from definitions import workload
from mesh import CLIENTS, NAMESPACE, ROOT
from prometheus import Prometheus
from waypoint_mesh import GATEWAY, WAYPOINT, WaypointMesh

HOST, SERVICE = "10.85.0.1", f"app.{NAMESPACE}.mesh.internal"
IDENTITY = f"spiffe://cluster.local/ns/{NAMESPACE}/sa"
#: The members of Istio's line as an object.
MEMBERS = {
    "start_time", "route_name", "method", "path", "protocol", "response_code", "response_flags", "response_code_details",
    "connection_termination_details", "bytes_received", "bytes_sent", "duration", "upstream_service_time",
    "x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host", "upstream_cluster",
    "upstream_local_address", "downstream_local_address", "downstream_remote_address", "requested_server_name",
    "upstream_transport_failure_reason",
}


def settings(port: int) -> str:
    """Who gets spans and lines."""
    return f"""
apiVersion: tulle.mesh/v1alpha1
kind: MeshConfig
metadata: {{name: default}}
spec:
  accessLogEncoding: JSON
  extensionProviders:
    - {{name: spans, opentelemetry: {{service: {HOST}, port: {port}}}}}
    - {{name: lines, envoyOtelAls: {{service: {HOST}, port: {port}}}}}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {{name: all, namespace: {NAMESPACE}}}
spec:
  accessLogging: [{{providers: [{{name: envoy}}, {{name: lines}}]}}]
  tracing: [{{providers: [{{name: spans}}], randomSamplingPercentage: 0}}]
"""


ONE_REQUEST = f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: app, namespace: {NAMESPACE}}}
spec:
  host: {SERVICE}
  trafficPolicy: {{connectionPool: {{http: {{maxRequestsPerConnection: 1}}}}}}
"""


class ObservedMesh(WaypointMesh):
    """`app` speaks HTTP, gRPC and nothing that anyone reads."""

    def make(self, port: int) -> None:
        self.make_waypoint()
        self.make_service("shell", self.make_role("shell"), [workload("shell", "idle")])
        self.make_service(
            "app", self.make_role("app"),
            [
                workload("app", "app", "8080", port=8080, image="tulle/l7"),
                workload("grpc", "app", "9090", port=9090, image="tulle/grpc"),
                workload("tcp", "tcp-echo", "9000", port=9000),
            ],
            tags={"tulle/ports": "http:80:8080/grpc:81:9090/tcp:9000"},
        )
        for name in ("shell", "app"):
            self.enrol(name, name, "appmesh")
        for name in ("shell", "app"):
            self.wait_enrolled(name)
        self.tulle_in("apply", "-f", "-", text=GATEWAY + "---" + settings(port))
        self.wait(
            "a request through the waypoint",
            lambda: "x-envoy-upstream-service-time" in self.curl(f"http://app.{NAMESPACE}/").headers,
        )

    def call(self) -> list[str]:
        """The answers of a call of gRPC with three messages each way."""
        program = str(CLIENTS / "grpc_echo.py")
        done = self.exec("shell", sys.executable, program, "call", f"app.{NAMESPACE}:81", "both", check=False)
        return done.stdout.split()

    def echo(self, text: str) -> str:
        """What comes back of the opaque port."""
        script = (
            "import socket; c = socket.create_connection(('app.demo', 9000), 5); "
            f"c.sendall(b'{text}'); c.shutdown(socket.SHUT_WR); print(c.makefile().read())"
        )
        return self.exec("shell", sys.executable, "-c", script, check=False).stdout.strip()

    def lines(self) -> list[dict]:
        """The access log on standard output."""
        text = self.logs(WAYPOINT, "waypoint").splitlines()
        return [json.loads(line[line.index("{"):]) for line in text if '{"start_time"' in line]


@pytest.fixture(scope="module")
def observed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("observed")
    collector = Collector("0.0.0.0")
    export = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{collector.port}",
    }
    try:
        with ObservedMesh(directory, number=7, settings={"tulle/ztunnel": export}) as mesh:
            mesh.make(collector.port)
            yield mesh, collector
    finally:
        collector.stop()


@pytest.fixture(scope="module")
def prometheus(observed, tmp_path_factory):
    mesh, _ = observed
    address = {name: mesh.task(name)["address"] for name in ("shell", "app", WAYPOINT)}
    prometheus = Prometheus(
        tmp_path_factory.mktemp("prometheus"),
        {
            "waypoint": [f"{address[WAYPOINT]}:15020"],
            "ztunnel": [f"{address['shell']}:15020", f"{address['app']}:15020"],
            "tulled": [f"127.0.0.1:{mesh.control_plane.admin_port}"],
        },
    )
    yield prometheus
    prometheus.stop()


def test_prometheus_scrapes_every_program(observed, prometheus):
    targets = observed[0].wait(
        "all targets to be scraped",
        lambda: found if set((found := prometheus.targets()).values()) == {"up"} else None, 30,
    )
    assert len(targets) == 4
    builds = {one["metric"]["component"] for one in prometheus.query("istio_build")}
    assert {"proxy", "ztunnel"} <= builds


def test_the_labels_are_those_of_istios_own_test(observed, prometheus):
    """TestL7Telemetry: one query with every label."""
    mesh, _ = observed
    assert mesh.curl(f"http://app.{NAMESPACE}/").status == 200
    labels = {
        "reporter": "waypoint", "request_protocol": "http", "response_code": "200", "response_flags": "-",
        "connection_security_policy": "mutual_tls",
        # The revision of a workload is that of its task definition: enrolling made the second.
        "source_canonical_service": "shell", "source_canonical_revision": "2",
        "destination_canonical_service": "app", "destination_canonical_revision": "2",
        "destination_service": SERVICE, "destination_service_name": "app", "destination_service_namespace": NAMESPACE,
        "destination_principal": f"{IDENTITY}/app", "source_principal": f"{IDENTITY}/shell",
        "source_workload": "shell", "source_workload_namespace": NAMESPACE,
        "destination_workload": "app", "destination_workload_namespace": NAMESPACE,
    }
    selector = ",".join(f'{name}="{value}"' for name, value in labels.items())
    try:
        mesh.wait("the request to be counted", lambda: prometheus.query(f"istio_requests_total{{{selector}}}"), 20)
    except TimeoutError:
        pytest.fail(f"no series has all of {labels}: {prometheus.query('istio_requests_total')}")
    sizes = prometheus.query(f"istio_request_bytes_sum{{{selector}}} / istio_request_bytes_count{{{selector}}}")
    # `GET / HTTP/1.1`, host, user agent, accept.
    assert 60 < float(sizes[0]["value"][1]) < 200
    sizes = prometheus.query(f"istio_response_bytes_sum{{{selector}}} / istio_response_bytes_count{{{selector}}}")
    assert 200 < float(sizes[0]["value"][1]) < 2_000


def shown(name: str) -> list[str]:
    """The queries of a dashboard that are about requests or waypoints."""
    dashboard = json.loads((ROOT / "deploy/grafana" / f"{name}.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return [query for query in queries if name == "waypoint" or re.search("istio_(request|response)", query)]


def test_the_dashboards_show_something(observed, prometheus):
    """Each query for requests that was given a reason to answer answers."""
    mesh, _ = observed
    paths = ("/", "/bytes/10000", "/status/404", "/status/401", "/status/403", "/status/429", "/status/503")
    for path in paths:
        mesh.curl(f"http://app.{NAMESPACE}{path}")
    assert mesh.call() == ["app:m0", "app:m1", "app:m2"]
    assert mesh.echo("hello") == "hello"
    # A client that leaves before there is an answer has a flag of its own.
    mesh.curl(f"http://app.{NAMESPACE}/delay/3000", seconds=1)
    #: What this mesh gives no reason for: authorizers, dry runs, what is no HTTP, a control plane that went.
    idle = (
        "tulle_authorizer_checks_total", "istio_dry_run_total", "tulle_http_refusals_total",
        "istio_xds_connection_terminations_total", 'connection_security_policy!="mutual_tls"',
    )
    values = {
        "$__rate_interval": "1m", "$instance": ".*", "$service": SERVICE, "$source": ".*", "$namespace": NAMESPACE,
        "$workload": "app",
    }
    asked = 0
    for name in ("waypoint", "mesh", "service", "workload"):
        for query in shown(name):
            if any(word in query for word in idle):
                continue
            text = query
            for variable, value in values.items():
                text = text.replace(variable, value)
            if 'source_workload="app"' in text:
                # The workload's own requests: it makes none, its client does.
                text = text.replace('source_workload="app"', 'source_workload="shell"')
            asked += 1
            # Traffic goes on: a rate needs two scrapes.
            def answers() -> bool:
                if prometheus.query(text):
                    return True
                for path in paths:
                    mesh.curl(f"http://app.{NAMESPACE}{path}")
                mesh.curl(f"http://app.{NAMESPACE}/delay/3000", seconds=0.5)
                return bool(mesh.call()) and bool(mesh.echo("x")) and bool(prometheus.query(text))

            mesh.wait(f"{name}: {text} to have data", answers, 20)
    assert asked > 40


def test_a_request_is_one_trace_from_ztunnel_to_ztunnel(observed):
    mesh, collector = observed

    def of(trace_id: bytes) -> list:
        return [span for span in collector.spans if span.trace_id == trace_id]

    def connected():
        """A trace of three spans, each the parent of the next."""
        assert mesh.curl(f"http://app.{NAMESPACE}/").status == 200
        for span in [one for one in collector.spans if collector.services[one.span_id] == f"{WAYPOINT}.{NAMESPACE}"]:
            above = [one for one in of(span.trace_id) if one.span_id == span.parent_span_id]
            below = [one for one in of(span.trace_id) if one.parent_span_id == span.span_id]
            if above and below:
                return above[0], span, below[0]
        return None

    # A connection belongs to the request that it was opened for, and its span comes when it ends.
    with mesh.applied(ONE_REQUEST):
        client, waypoint, server = mesh.wait("a connected trace", connected, 30)
    assert client.kind == 3 and client.name == "outbound" and not client.parent_span_id
    assert waypoint.kind == 2 and waypoint.name == f"{SERVICE}:80/*"
    assert server.kind == 2 and server.name == "inbound"
    facts = {a.key: a.value.string_value for a in waypoint.attributes}
    assert facts["http.status_code"] == "200" and facts["http.method"] == "GET"
    assert facts["istio.source_workload"] == "shell" and facts["istio.destination_workload"] == "app"
    assert facts["istio.canonical_service"] == WAYPOINT


def test_a_request_goes_on_with_its_applications_trace(observed):
    mesh, collector = observed
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = mesh.curl(f"http://app.{NAMESPACE}/", "-H", f"traceparent: {parent}")
    _, trace, span, flags = answer.json["headers"]["traceparent"].split("-")
    assert trace == "4bf92f3577b34da6a3ce929d0e0e4736" and flags == "01"
    found = mesh.wait(
        "the waypoint's span", lambda: [one for one in collector.spans if one.span_id.hex() == span], 20
    )[0]
    assert found.parent_span_id.hex() == "00f067aa0ba902b7"


def test_the_access_log_has_istios_fields(observed):
    mesh, collector = observed
    mesh.curl(f"http://app.{NAMESPACE}/bytes/1000?a=b", "-H", "x-request-id: logged", "-d", "12345")
    line = mesh.wait("the line", lambda: [one for one in mesh.lines() if one["request_id"] == "logged"], 20)[0]
    assert set(line) == MEMBERS
    app, shell = mesh.task("app")["address"], mesh.task("shell")["address"]
    expected = {
        "method": "POST", "path": "/bytes/1000?a=b", "protocol": "HTTP/1.1", "response_code": 200, "response_flags": "-",
        "response_code_details": "via_upstream", "bytes_received": 5, "bytes_sent": 1000,
        "authority": f"app.{NAMESPACE}", "upstream_host": f"{app}:8080", "upstream_cluster": f"outbound|80||{SERVICE}",
    }
    assert {name: line[name] for name in expected} == expected
    assert line["downstream_remote_address"].rpartition(":")[0] == shell
    waypoint = mesh.task(WAYPOINT)["address"]
    assert line["upstream_local_address"].rpartition(":")[0] == waypoint
    assert line["downstream_local_address"].endswith(":80") and line["user_agent"].startswith("curl/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["start_time"])
    assert isinstance(line["duration"], int) and line["requested_server_name"] is None

    def record():
        return [one for one in collector.logs.records if '"logged"' in one.body.string_value]

    exported = mesh.wait("the line at the collector", record, 20)[0]
    body = exported.body.string_value
    assert f'"POST /bytes/1000?a=b HTTP/1.1" 200 - via_upstream - "-" 5 1000 ' in body and f'"{app}:8080"' in body
    assert exported.time_unix_nano > 0
    assert {one["service.name"] for one in collector.logs.resources} == {f"{WAYPOINT}.{NAMESPACE}"}


def test_nothing_is_lost_when_the_waypoint_ends(observed):
    mesh, collector = observed
    parent = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = mesh.curl(f"http://app.{NAMESPACE}/", "-H", f"traceparent: {parent}")
    span = answer.json["headers"]["traceparent"].split("-")[2]
    (process,) = mesh.processes(WAYPOINT, "waypoint")
    mesh.signal(process, signal.SIGTERM)
    # Less than the five seconds that spans may wait for others.
    mesh.wait("the last span", lambda: any(one.span_id.hex() == span for one in collector.spans), 4)
