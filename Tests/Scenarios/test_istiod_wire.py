"""Joining a control plane that speaks as istiod does: no client certificate, a bearer token, one delta stream."""

from __future__ import annotations

import ipaddress
import json
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from discovery_plane import ADDRESS, AUTHORIZATION, Authority, Istiod, load_messages
from local_mesh import ZTunnel, fetch, get, wait

PLANE, SHELL, ECHO = "127.2.0.9", "127.2.0.1", "127.2.0.2"
IDENTITY = "spiffe://cluster.local/ns/demo/sa/shell"


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    return load_messages(tmp_path_factory.mktemp("protos"))


@pytest.fixture
def istiod(messages):
    istiod = Istiod(messages, Authority(), PLANE, {"token-1": IDENTITY, "token-2": IDENTITY})
    istiod.set(ADDRESS, "uid/shell", "1", istiod.workload("uid/shell", name="shell", namespace="demo",
               service_account="shell", addresses=[ipaddress.ip_address(SHELL).packed], tunnel_protocol=1), [f"/{SHELL}"])
    istiod.start()
    yield istiod
    istiod.stop()


@pytest.fixture
def start(tmp_path, istiod):
    """Starts a ztunnel that joins; further settings as keywords."""
    running = []

    def start(**settings) -> ZTunnel:
        (tmp_path / "root.pem").write_bytes(istiod.authority.pem)
        (tmp_path / "token").write_text("token-1\n")
        joined = {
            "PROXY_MODE": "dedicated", "XDS_ADDRESS": f"https://{PLANE}:15012",
            "XDS_ROOT_CA": str(tmp_path / "root.pem"), "CA_ROOT_CA": str(tmp_path / "root.pem"),
            "AUTH_TOKEN": str(tmp_path / "token"), "POD_NAME": "shell-1", "POD_NAMESPACE": "demo",
            "NODE_NAME": "node-a", "INSTANCE_IP": SHELL, "CLUSTER_ID": "c1", **settings,
        }
        running.append(ZTunnel(tmp_path, "shell", SHELL, **joined))
        return running[-1]

    yield start
    for ztunnel in running:
        ztunnel.stop()


def uids(ztunnel: ZTunnel) -> set[str]:
    return {w["uid"] for w in json.loads(ztunnel.dump())["workloads"]}


def test_it_joins_as_istios_ztunnel_does(start, istiod):
    settings = {"XDS_HEADER_X-Tenant": "blue", "CA_HEADER_X-Key": "green", "ISTIO_META_MESH_ID": "m1",
                "ISTIO_METAJSON_LABELS": '{"app": "shell"}', "SECRET_TTL": "1h"}
    ztunnel = start(**settings).wait_ready()

    first = istiod.of(ADDRESS)[0]
    assert first.node.id == f"ztunnel~{SHELL}~shell-1.demo~demo.svc.cluster.local"
    metadata = first.node.metadata
    for name, value in {"NAME": "shell-1", "NAMESPACE": "demo", "INSTANCE_IPS": SHELL, "NODE_NAME": "node-a",
                        "CLUSTER_ID": "c1", "MESH_ID": "m1"}.items():
        assert metadata[name] == value
    assert metadata["LABELS"]["app"] == "shell"
    assert not first.resource_names_subscribe and not first.resource_names_unsubscribe
    assert all(not r.HasField("node") for r in istiod.of(ADDRESS)[1:] if r.response_nonce)
    acks = wait("an ACK of each type", lambda: [
        r for kind in (ADDRESS, AUTHORIZATION) for r in istiod.of(kind) if r.response_nonce])
    assert all(not r.HasField("error_detail") for r in acks)

    # The token's file ends with a line break; the headers go to their own server only.
    for seen in istiod.stream_metadata + istiod.csr_metadata:
        assert seen["authorization"] == "Bearer token-1"
        assert seen["clusterid"] == "c1"
    assert istiod.stream_metadata[0]["x-tenant"] == "blue" and "x-key" not in istiod.stream_metadata[0]
    assert istiod.csr_metadata[0]["x-key"] == "green" and "x-tenant" not in istiod.csr_metadata[0]
    for secret in ("token-1", "blue", "green"):
        assert secret not in ztunnel.log and secret not in ztunnel.dump()

    request, csr = istiod.csrs[0]
    assert request.validity_duration == 3600 and not request.metadata.fields
    assert not list(csr.subject) and isinstance(csr.public_key().curve, ec.SECP256R1)
    [extension] = csr.extensions
    assert extension.critical and extension.value.get_values_for_type(x509.UniformResourceIdentifier) == [IDENTITY]
    assert json.loads(ztunnel.dump())["certificates"][0]["identity"] == IDENTITY


def test_without_a_valid_token_nothing_is_served(start, istiod):
    ztunnel = start(AUTH_TOKEN="stolen")
    wait("the refusals", lambda: ztunnel.log.count("UNAUTHENTICATED") >= 2)
    assert get(SHELL, 15021, "/healthz/ready") is None
    assert "stolen" not in ztunnel.log


def test_the_token_is_read_again_for_each_stream(start, istiod, tmp_path):
    start().wait_ready()
    (tmp_path / "token").write_text("token-2")
    istiod.stop()
    istiod.start()
    wait("a second stream", lambda: len(istiod.stream_metadata) > 1)
    assert istiod.stream_metadata[-1]["authorization"] == "Bearer token-2"


def test_a_reconnect_lists_what_is_held_and_hears_what_is_gone(start, istiod):
    keep, gone = "uid/keep", "uid/gone"
    for uid in (keep, gone):
        istiod.set(ADDRESS, uid, "7", istiod.workload(uid, namespace="demo"))
    istiod.set(ADDRESS, "uid/bad", "7", b"\xff\xff\xff")
    ztunnel = start().wait_ready()
    assert {keep, gone} <= uids(ztunnel)
    istiod.stop()
    del istiod.resources[ADDRESS][gone]
    istiod.start()
    again = wait("a second stream", lambda: istiod.of(ADDRESS, 2))[0]
    held = dict(again.initial_resource_versions)
    assert held[keep] == "7" and held[gone] == "7"
    # Rejected: held without a version, so that it is sent again.
    assert held.get("uid/bad", "") == ""
    wait("the removal", lambda: gone not in uids(ztunnel))
    assert keep in uids(ztunnel)


def test_one_bad_resource_is_named_and_keeps_nothing_else_from_serving(start, istiod):
    istiod.set(ADDRESS, "uid/good", "1", istiod.workload("uid/good", namespace="demo"))
    istiod.set(ADDRESS, "uid/bad", "1", istiod.workload("uid/bad", namespace="demo", addresses=[b"\1\2\3"]))
    ztunnel = start().wait_ready()
    nack = wait("the NACK", lambda: [r for r in istiod.of(ADDRESS) if r.HasField("error_detail")])[0]
    assert nack.error_detail.message.startswith("uid/bad: ") and "uid/good" not in nack.error_detail.message
    assert "uid/good" in uids(ztunnel) and "uid/bad" not in uids(ztunnel)


def test_it_is_not_ready_before_both_types_were_answered(start, istiod):
    istiod.is_silent = True
    ztunnel = start()
    wait("the stream", lambda: len(istiod.of(ADDRESS)) == 1 and len(istiod.of(AUTHORIZATION)) == 1)
    done = subprocess.run(["curl", "-s", f"http://{SHELL}:15021/healthz/ready"], capture_output=True, text=True)
    assert "state manager" in done.stdout
    istiod.is_silent = False
    istiod.stop()
    istiod.start()
    ztunnel.wait_ready()


def test_another_name_of_the_server_does_only_where_it_is_configured(start, istiod):
    istiod.stop()
    istiod.names = [x509.DNSName("istiod.example")]
    istiod.start()
    ztunnel = start()
    wait("the refusals", lambda: ztunnel.log.count("peer_identity_mismatch") >= 2)
    ztunnel.stop()
    start(ALT_XDS_HOSTNAME="istiod.example", ALT_CA_HOSTNAME="istiod.example").wait_ready()


@pytest.fixture
def server():
    process = subprocess.Popen(
        ["python3", "-m", "http.server", "8080", "--bind", ECHO], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait("the HTTP server", lambda: get(ECHO, 8080, "/") is not None)
    yield process
    process.kill()
    process.wait(5)


def test_losing_the_control_plane_changes_nothing(start, istiod, server):
    ztunnel = start().wait_ready()
    istiod.stop()
    wait("the loss", lambda: "control plane stream ended" in ztunnel.log)
    for _ in range(3):
        assert fetch(SHELL, f"http://{ECHO}:8080/")[0] == 200
        assert get(SHELL, 15021, "/healthz/ready") == "ready\n"
    assert "uid/shell" in uids(ztunnel)


def test_on_demand_asks_for_exactly_what_a_connection_needs(start, istiod, server):
    """Three thousand other resources come in the same answer, and the connection still finds its own."""
    packed = ipaddress.ip_address(ECHO).packed
    echo = istiod.workload("uid/echo", name="echo", namespace="demo", addresses=[packed], cluster_id="found-on-demand")
    istiod.set(ADDRESS, "uid/echo", "1", echo, aliases=[f"/{ECHO}"])
    for number in range(3_000):
        uid = f"uid/other-{number}"
        address = (ipaddress.ip_address("10.9.0.0") + number).packed
        istiod.set(ADDRESS, uid, "1", istiod.workload(uid, namespace="demo", addresses=[address]), [f"/{ECHO}"])
    named = istiod.named

    def named_with_all(kind, names):
        answer = named(kind, names)
        if f"/{ECHO}" in names:
            del answer.resources[:]
            answer.resources.extend(istiod.resource(kind, n) for n in istiod.resources[kind] if n != "uid/shell")
        return answer

    istiod.named = named_with_all
    ztunnel = start(XDS_ON_DEMAND="true", ISTIO_META_DNS_CAPTURE="false").wait_ready()
    first = istiod.of(ADDRESS)[0]
    assert "*" in first.resource_names_subscribe and list(first.resource_names_unsubscribe) == ["*"]
    assert "uid/echo" not in uids(ztunnel)

    assert fetch(SHELL, f"http://{ECHO}:8080/")[0] == 200
    asked = [list(r.resource_names_subscribe) for r in istiod.of(ADDRESS)]
    assert [f"/{ECHO}"] in asked
    line = wait("the access line", lambda: [l for l in ztunnel.log.splitlines() if f"dst.addr={ECHO}:8080" in l])
    assert 'dst.workload="echo"' in line[0] and "found-on-demand" in line[0]

    # What nobody has is asked for once and passes through.
    before = len(istiod.of(ADDRESS))
    for _ in range(2):
        fetch(SHELL, "http://127.2.0.77:8080/")
    asked = [n for r in istiod.of(ADDRESS)[before:] for n in r.resource_names_subscribe]
    assert asked == ["/127.2.0.77"]


def test_on_demand_without_an_answer_refuses_in_time(start, istiod, server):
    ztunnel = start(XDS_ON_DEMAND="true", ISTIO_META_DNS_CAPTURE="false").wait_ready()
    istiod.is_silent = True
    assert fetch(SHELL, f"http://{ECHO}:8080/")[0] == 0
    wait("the code", lambda: "discovery_unanswered" in ztunnel.log)
