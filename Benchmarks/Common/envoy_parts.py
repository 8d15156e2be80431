"""Envoy's program, and the parts of its configuration that our benchmarks have in common.

What Envoy's own advice says of speed is followed: flow-control windows that a fast path fills, circuit breakers that never
bind, no access log unless it is what is measured. TLS is what ztunnel has, as far as Envoy can be told: 1.3, the same key
exchange, no resumption. The cipher of TLS 1.3 can't be chosen in Envoy.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from bench_lab import ROOT

TYPES = "type.googleapis.com/envoy"
STREAM_WINDOW, CONNECTION_WINDOW = 4 << 20, 16 << 20
TRUST = "spiffe://cluster.local/ns/demo/sa/"


def binary() -> Path:
    """Where PyPI's Envoy is."""
    found = sorted((ROOT / ".venv/lib").glob("python3*/site-packages/envoy/_bin/envoy"))
    if not found:
        raise FileNotFoundError("no Envoy in .venv; run `make setup`")
    return found[0]


def version() -> str:
    said = subprocess.run([str(binary()), "--version"], capture_output=True, text=True).stdout
    found = re.search(r"/(\d+\.\d+\.\d+)", said)
    return found[1] if found else "?"


def tls(directory: Path, name: str, is_server: bool) -> dict:
    """Mutual TLS with the certificate `name`, towards identities of the mesh."""
    side = "Downstream" if is_server else "Upstream"
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
    if is_server:
        context |= {"require_client_certificate": True, "disable_stateless_session_resumption": True,
                    "disable_stateful_session_resumption": True}
    else:
        context["max_session_keys"] = 0
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def http2() -> dict:
    return {"initial_stream_window_size": STREAM_WINDOW, "initial_connection_window_size": CONNECTION_WINDOW}


def cluster(name: str, endpoint: dict, **more) -> dict:
    """A cluster of one endpoint, whose limits never bind."""
    plenty = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), 1_000_000)
    return {
        "name": name, "type": "STATIC", "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [plenty]},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": endpoint}}]}]},
        **more,
    }


def socket(address: str, port: int) -> dict:
    return {"socket_address": {"address": address, "port_value": port}}


def listener(name: str, port: int, chain: dict) -> dict:
    return {"name": name, "address": socket("0.0.0.0", port), "filter_chains": [chain]}


def manager(prefix: str, routes: list[dict], filters: list[dict], **more) -> dict:
    """A network filter that reads HTTP: virtual hosts, and the filters before the router."""
    router = http_filter("router", "router.v3.Router", {})
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": prefix, "http_filters": [*filters, router], "route_config": {"virtual_hosts": routes}, **more,
        },
    }


def http_filter(name: str, kind: str, config: dict) -> dict:
    """A filter `envoy.filters.http.<name>`; its type is below `envoy.extensions.filters.http`."""
    return {
        "name": f"envoy.filters.http.{name}", "typed_config": {"@type": f"{TYPES}.extensions.filters.http.{kind}", **config}
    }
