"""The admin port of a real control plane: over loopback, and with client certificates of the mesh."""

from __future__ import annotations

import http.client
import json
import ssl

import pytest

from lab import wait
from xds_plane import NAMESPACE, Cloud, Plane

ADMINISTRATOR = "spiffe://cluster.local/ns/ops/sa/admin"
TLS_PORT = 15915


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.create("one")
    plane = Plane(
        tmp_path_factory.mktemp("plane"), 83, cloud,
        "--admin-tls-listen", f"127.0.98.83:{TLS_PORT}", "--admin-identity", ADMINISTRATOR,
    )
    wait("the service", lambda: plane.get("/v1/services")["services"], 20)
    yield plane
    plane.stop()
    cloud.stop()


def call(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"", **headers: str):
    """Status and JSON of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def loopback(plane: Plane) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", plane.process.admin_port, timeout=10)


def with_certificate(plane: Plane, identity: str | None) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(plane.files(identity or ADMINISTRATOR)["root"]))
    if identity:
        files = plane.files(identity)
        context.load_cert_chain(files["chain"], files["key"])
    return http.client.HTTPSConnection(plane.host, TLS_PORT, context=context, timeout=10)


def test_loopback_sees_and_writes_all(plane):
    status, version = call(loopback(plane), "GET", "/v1/version")
    assert status == 200 and version["trustDomain"] == "cluster.local" and version["ready"]
    status, services = call(loopback(plane), "GET", "/v1/services?namespace=shop")
    assert status == 200 and [each["name"] for each in services["services"]] == ["one"]
    status, certificates = call(loopback(plane), "GET", "/v1/certificates")
    assert status == 200 and [each["type"] for each in certificates["certificates"]] == ["Root", "Intermediate"]
    # Allowed, so what is asked next is whether there is anything to do it: the route, not the right.
    status, answer = call(loopback(plane), "DELETE", "/v1/resources/Gateway/shop/none")
    assert status in (404, 501), answer


@pytest.mark.parametrize("header", ["Origin", "Sec_Fetch_Site"])
def test_a_browser_cannot_write(plane, header):
    body = b"kind: Namespace"
    status, answer = call(
        loopback(plane), "POST", "/v1/resources", body, content_type="application/yaml", **{header: "null"}
    )
    assert (status, answer["error"]["code"]) == (403, "foreign_origin")
    status, answer = call(loopback(plane), "POST", "/v1/resources", body, content_type="text/plain")
    assert (status, answer["error"]["code"]) == (415, "unsupported_media_type")


def test_a_name_that_was_bound_to_loopback_is_refused(plane):
    status, answer = call(loopback(plane), "GET", "/v1/version", Host="evil.example")
    assert (status, answer["error"]["code"]) == (421, "foreign_host")


def test_a_body_is_bounded(plane):
    connection = loopback(plane)
    connection.putrequest("POST", "/v1/resources")
    connection.putheader("content-type", "application/yaml")
    connection.putheader("content-length", str(1 << 30))
    connection.endheaders()
    answer = None
    try:
        for _ in range(5 * 16):
            connection.send(b"a" * (1 << 16))
        answer = connection.getresponse()
    except (BrokenPipeError, ConnectionResetError):
        pass
    # Whether the answer is read before the connection is reset is up to the network.
    assert answer is None or answer.status == 413
    connection.close()
    assert call(loopback(plane), "GET", "/v1/version")[0] == 200


def test_without_a_certificate_there_is_no_answer(plane):
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        call(with_certificate(plane, None), "GET", "/v1/version")


def test_an_identity_of_another_trust_domain_is_nobody(plane):
    status, answer = call(with_certificate(plane, "spiffe://other.example/ns/ops/sa/admin"), "GET", "/v1/version")
    assert (status, answer["error"]["code"]) == (401, "unauthenticated")


def test_a_workload_reads_its_own_namespace(plane):
    own = f"spiffe://cluster.local/ns/{NAMESPACE}/sa/app"
    status, services = call(with_certificate(plane, own), "GET", "/v1/services")
    assert status == 200 and len(services["services"]) == 1
    foreign = "spiffe://cluster.local/ns/bank/sa/app"
    status, services = call(with_certificate(plane, foreign), "GET", "/v1/services")
    assert status == 200 and services["services"] == []
    assert call(with_certificate(plane, own), "GET", "/debug/registry")[0] == 403
    status, answer = call(with_certificate(plane, own), "DELETE", f"/v1/resources/Gateway/{NAMESPACE}/x")
    assert (status, answer["error"]["code"]) == (403, "forbidden")


def test_an_administrator_may_write(plane):
    status, answer = call(with_certificate(plane, ADMINISTRATOR), "DELETE", "/v1/resources/Gateway/shop/none")
    assert status in (404, 501), answer
    assert len(call(with_certificate(plane, ADMINISTRATOR), "GET", "/v1/services")[1]["services"]) == 1
