"""Envoy as the other end of HBONE, on either side."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from conftest import workload
from identities import issue
from mesh import CLUSTER, NAMESPACE, ROOT

#: The program itself: the command beside it is a Python script that a task's user can't read.
ENVOY = next((ROOT / ".venv/lib").glob("python3*/site-packages/envoy/_bin/envoy"))


def tls(files: dict, kind: str) -> dict:
    """A transport socket that presents the identity and demands one of the mesh's."""
    common = {
        "alpn_protocols": ["h2"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": [
            {"certificate_chain": {"filename": str(files["chain"])}, "private_key": {"filename": str(files["key"])}}
        ],
        "validation_context": {
            "trusted_ca": {"filename": str(files["root"])},
            "match_typed_subject_alt_names": [
                {"san_type": "URI", "matcher": {"prefix": f"spiffe://cluster.local/ns/{NAMESPACE}/sa/"}}
            ],
        },
    }
    name = "Downstream" if kind == "server" else "Upstream"
    context = {
        "@type": f"type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.{name}TlsContext",
        "common_tls_context": common,
    }
    if kind == "server":
        context["require_client_certificate"] = True
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def endpoint(address: str, port: int) -> dict:
    socket = {"socket_address": {"address": address, "port_value": port}}
    return {"endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket}}]}]}


def http2_options() -> dict:
    name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        name: {
            "@type": f"type.googleapis.com/{name}",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
    }


def client_config(files: dict, listen: tuple[str, int], tunnel: str, target: str) -> dict:
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "entrance",
                    "address": {"socket_address": {"address": listen[0], "port_value": listen[1]}},
                    "filter_chains": [
                        {
                            "filters": [
                                {
                                    "name": "envoy.filters.network.tcp_proxy",
                                    "typed_config": {
                                        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                                        "stat_prefix": "entrance",
                                        "cluster": "tunnel",
                                        "tunneling_config": {"hostname": target},
                                    },
                                }
                            ]
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "tunnel", "type": "STATIC", "connect_timeout": "5s",
                    "load_assignment": {"cluster_name": "tunnel", **endpoint(tunnel, 15008)},
                    "typed_extension_protocol_options": http2_options(),
                    "transport_socket": tls(files, "client"),
                }
            ],
        }
    }


def server_config(files: dict, app_port: int) -> dict:
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "hbone", "codec_type": "HTTP2",
        "http2_protocol_options": {"allow_connect": True},
        "upgrade_configs": [{"upgrade_type": "CONNECT"}],
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all", "domains": ["*"],
                    "routes": [
                        {
                            "match": {"connect_matcher": {}},
                            "route": {
                                "cluster": "app",
                                "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
                            },
                        }
                    ],
                }
            ]
        },
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "hbone",
                    "address": {"socket_address": {"address": "0.0.0.0", "port_value": 15008}},
                    "filter_chains": [
                        {
                            "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
                            "transport_socket": tls(files, "server"),
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "app", "type": "STATIC", "connect_timeout": "5s",
                    "load_assignment": {"cluster_name": "app", **endpoint("127.0.0.1", app_port)},
                }
            ],
        }
    }


@pytest.fixture(scope="module")
def envoy_directory(mesh):
    """Readable by every task's user, unlike pytest's own directories."""
    directory = mesh.directory.parent / "envoy"
    directory.mkdir(exist_ok=True)
    for parent in (directory, *directory.parents):
        if str(parent) in ("/", "/tmp"):
            break
        parent.chmod(parent.stat().st_mode | 0o055)
    shutil.copy(ENVOY, directory / "envoy")
    (directory / "envoy").chmod(0o755)
    return directory


def test_envoy_as_client_reaches_our_ztunnel(mesh, envoy_directory):
    files = issue(mesh.control_state, envoy_directory, f"spiffe://cluster.local/ns/{NAMESPACE}/sa/envoy")
    address = mesh.task("echo")["address"]
    config = envoy_directory / "client.json"
    config.write_text(json.dumps(client_config(files, ("127.0.0.1", 18080), address, f"{address}:8080")))
    log = open(mesh.directory / "envoy-client.log", "wb")
    envoy = subprocess.Popen(
        [str(ENVOY), "-c", str(config), "--base-id", "91", "--concurrency", "1"], stdout=log, stderr=log
    )
    try:
        body = mesh.wait("a request from Envoy", lambda: mesh.http("http://127.0.0.1:18080/from-envoy"), 30)
        assert "path: /from-envoy" in body
        large = subprocess.run(
            ["curl", "-s", "-m", "60", "http://127.0.0.1:18080/bytes/100000000"], capture_output=True, timeout=90
        ).stdout
        assert len(large) == 100_000_000
    finally:
        envoy.terminate()
        envoy.wait(20)
    assert "ns/demo/sa/envoy" in mesh.logs("echo", "ztunnel")


def test_our_ztunnel_reaches_envoy_as_server(mesh, envoy_directory):
    """A task whose tunnel end is Envoy: our ztunnel as client can't tell the difference."""
    directory = envoy_directory / "server"
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)
    files = issue(mesh.control_state, directory, f"spiffe://cluster.local/ns/{NAMESPACE}/sa/gone")
    config = directory / "server.json"
    config.write_text(json.dumps(server_config(files, 8080)))
    config.chmod(0o644)
    role = mesh.make_role("gone")
    envoy = workload("ztunnel", image="example/envoy")
    envoy["entryPoint"] = [str(envoy_directory / "envoy"), "-c", str(config), "--base-id", "92", "--concurrency", "1"]
    envoy["user"] = "15301"
    del envoy["command"]
    mesh.make_service(
        "behind-envoy", role, [workload("web", "http", "8080", port=8080, image="tulle/echo"), envoy],
        tags={"tulle/ports": "http:80:8080", "tulle/namespace": NAMESPACE, "tulle/service-account": "gone"},
    )
    try:
        def answer():
            done = mesh.exec(
                "shell", "curl", "-s", "-m", "5", f"http://behind-envoy.{NAMESPACE}/to-envoy", check=False
            )
            return done.stdout if "path: /to-envoy" in done.stdout else None

        mesh.wait("a request to Envoy", answer, 60)
        large = mesh.exec(
            "shell", "curl", "-s", "-m", "60", "-o", "/dev/null", "-w", "%{size_download}",
            f"http://behind-envoy.{NAMESPACE}/bytes/100000000", seconds=90,
        )
        assert large.stdout == "100000000"
        lines = [l for l in mesh.logs("shell", "ztunnel").splitlines() if "sa/gone" in l and "outbound" in l]
        assert lines, "the access log must show that the connection was tunnelled to Envoy's identity"
    finally:
        mesh.aws("ecs", "delete-service", "--cluster", CLUSTER, "--service", "behind-envoy", "--force")
