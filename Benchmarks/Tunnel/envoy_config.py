"""Envoy as both hops of a tunnel: TCP in, HTTP/2 CONNECT over mutual TLS between them, TCP out.

What Envoy's own advice says of speed is followed: no access log, no hot restart, flow-control windows that a fast path
fills, circuit breakers that never bind. TLS is what ztunnel has, as far as Envoy can be told: 1.3, the same key exchange,
no resumption. The cipher of TLS 1.3 can't be chosen in Envoy.
"""

from __future__ import annotations

from pathlib import Path

TYPES = "type.googleapis.com/envoy"
STREAM_WINDOW, CONNECTION_WINDOW = 4 << 20, 16 << 20
TRUST = "spiffe://cluster.local/ns/demo/sa/"


def _tls(directory: Path, name: str) -> dict:
    side = "Downstream" if name == "server" else "Upstream"
    context: dict = {
        "@type": f"{TYPES}.extensions.transport_sockets.tls.v3.{side}TlsContext",
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "tls_params": {
                "tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3",
                "ecdh_curves": ["X25519MLKEM768", "X25519", "P-256", "P-384"],
            },
            "tls_certificates": [{
                "certificate_chain": {"filename": str(directory / f"{name}.crt")},
                "private_key": {"filename": str(directory / f"{name}.key")},
            }],
            "validation_context": {
                "trusted_ca": {"filename": str(directory / "root.pem")},
                "match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"prefix": TRUST}}],
            },
        },
    }
    if name == "server":
        context |= {"require_client_certificate": True, "disable_stateless_session_resumption": True,
                    "disable_stateful_session_resumption": True}
    else:
        context["max_session_keys"] = 0
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _http2() -> dict:
    return {"initial_stream_window_size": STREAM_WINDOW, "initial_connection_window_size": CONNECTION_WINDOW}


def _cluster(name: str, address: str, port: int, **more) -> dict:
    socket = {"socket_address": {"address": address, "port_value": port}}
    plenty = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), 1_000_000)
    return {
        "name": name, "type": "STATIC", "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [plenty]},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket}}]}]},
        **more,
    }


def _listener(name: str, port: int, chain: dict) -> dict:
    address = {"socket_address": {"address": "0.0.0.0", "port_value": port}}
    return {"name": name, "address": address, "filter_chains": [chain]}


def client(certificates: Path, server: str, ports: list[int], is_fresh: bool) -> dict:
    """The outbound hop: a listener for each port of the server, whose connections go through the tunnel.

    `is_fresh` gives each connection a TLS connection of its own.
    """
    name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    options: dict = {"@type": f"type.googleapis.com/{name}", "explicit_http_config": {"http2_protocol_options": _http2()}}
    if is_fresh:
        options["common_http_protocol_options"] = {"max_requests_per_connection": 1}
    listeners = []
    for port in ports:
        proxy = {
            "@type": f"{TYPES}.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": "outbound", "cluster": "tunnel", "tunneling_config": {"hostname": f"{server}:{port}"},
        }
        filters = [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]
        listeners.append(_listener(f"outbound-{port}", port, {"filters": filters}))
    tunnel = _cluster(
        "tunnel", server, 15008, typed_extension_protocol_options={name: options},
        transport_socket=_tls(certificates, "client"),
    )
    return {"static_resources": {"listeners": listeners, "clusters": [tunnel]}}


def _policy(rules: int) -> dict:
    """An allow list of which only the last rule matches the client.

    As an HTTP filter, for that is what judges each tunnelled connection, as ztunnel does; the network filter would judge
    each TLS connection once.
    """
    def principal(account: str) -> dict:
        return {"authenticated": {"principal_name": {"exact": f"{TRUST}{account}"}}}

    accounts = [f"nobody-{number}" for number in range(rules - 1)] + ["client"]
    policies = {
        f"rule-{number:06}": {"permissions": [{"any": True}], "principals": [principal(account)]}
        for number, account in enumerate(accounts)
    }
    return {
        "name": "envoy.filters.http.rbac",
        "typed_config": {
            "@type": f"{TYPES}.extensions.filters.http.rbac.v3.RBAC", "rules": {"action": "ALLOW", "policies": policies},
        },
    }


def server(certificates: Path, address: str, ports: list[int], rules: int) -> dict:
    """The inbound hop: takes CONNECT for each of the ports, and connects to the application there."""
    connect = {"upgrade_type": "CONNECT"}
    hosts = [
        {
            "name": f"app-{port}", "domains": [f"{address}:{port}"],
            "routes": [{
                "match": {"connect_matcher": {}},
                "route": {"cluster": f"app-{port}", "upgrade_configs": [{**connect, "connect_config": {}}]},
            }],
        }
        for port in ports
    ]
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{TYPES}.extensions.filters.http.router.v3.Router"},
    }
    manager = {
        "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "inbound", "codec_type": "HTTP2",
        "http2_protocol_options": {"allow_connect": True, **_http2()},
        "upgrade_configs": [connect],
        "http_filters": [_policy(rules), router] if rules else [router],
        "route_config": {"virtual_hosts": hosts},
    }
    chain = {
        "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
        "transport_socket": _tls(certificates, "server"),
    }
    clusters = [_cluster(f"app-{port}", address, port) for port in ports]
    return {"static_resources": {"listeners": [_listener("inbound", 15008, chain)], "clusters": clusters}}
