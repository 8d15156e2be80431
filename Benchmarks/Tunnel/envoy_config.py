"""Envoy as both hops of a tunnel: TCP in, HTTP/2 CONNECT over mutual TLS between them, TCP out."""

from __future__ import annotations

from pathlib import Path

from envoy_parts import TRUST, TYPES, cluster, http2, http_filter, listener, manager, socket, tls


def client(certificates: Path, server: str, ports: list[int], is_fresh: bool, known: int = 0) -> dict:
    """The outbound hop: a listener for each port of the server, whose connections go through the tunnel.

    `is_fresh` gives each connection a TLS connection of its own. `known` further workloads are endpoints of services of
    ten each.
    """
    name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    options: dict = {"@type": f"type.googleapis.com/{name}", "explicit_http_config": {"http2_protocol_options": http2()}}
    if is_fresh:
        options["common_http_protocol_options"] = {"max_requests_per_connection": 1}
    listeners = []
    for port in ports:
        proxy = {
            "@type": f"{TYPES}.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": "outbound", "cluster": "tunnel", "tunneling_config": {"hostname": f"{server}:{port}"},
        }
        filters = [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]
        listeners.append(listener(f"outbound-{port}", port, {"filters": filters}))
    tunnel = cluster(
        "tunnel", socket(server, 15008), typed_extension_protocol_options={name: options},
        transport_socket=tls(certificates, "client", is_server=False),
    )
    return {"static_resources": {"listeners": listeners, "clusters": [tunnel, *_services(known)]}}


def _services(workloads: int) -> list[dict]:
    clusters = []
    for first in range(0, workloads, 10):
        service = cluster(f"service-{first // 10}", socket("10.128.0.0", 8080))
        service["load_assignment"]["endpoints"][0]["lb_endpoints"] = [
            {"endpoint": {"address": socket(f"10.128.{number // 256}.{number % 256}", 8080)}}
            for number in range(first, min(first + 10, workloads))
        ]
        clusters.append(service)
    return clusters


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
    return http_filter("rbac", "rbac.v3.RBAC", {"rules": {"action": "ALLOW", "policies": policies}})


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
    http = manager(
        "inbound", hosts, [_policy(rules)] if rules else [], codec_type="HTTP2",
        http2_protocol_options={"allow_connect": True, **http2()}, upgrade_configs=[connect],
    )
    chain = {"filters": [http], "transport_socket": tls(certificates, "server", is_server=True)}
    clusters = [cluster(f"app-{port}", socket(address, port)) for port in ports]
    return {"static_resources": {"listeners": [listener("inbound", 15008, chain)], "clusters": clusters}}
