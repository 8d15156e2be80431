"""Envoy as a waypoint: CONNECT over mutual TLS on 15008, as Istio's has it an internal listener behind it that reads
HTTP, then the application."""

from __future__ import annotations

from pathlib import Path

from envoy_parts import TYPES, cluster, http2, http_filter, listener, manager, socket, tls
from resources import HEADER, ISSUER, PORT, ROUTES, SERVICES, route_value

#: Istio's line of text.
LOG_FORMAT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n'
)


def waypoint(certificates: Path, services: list[str], address: str, keys: str) -> dict:
    """What the waypoint does for these services, whose application is at `address`."""
    connect = {"upgrade_type": "CONNECT"}
    hosts = [
        {
            "name": service, "domains": [f"{SERVICES[service]}:80"],
            "routes": [{
                "match": {"connect_matcher": {}},
                "route": {"cluster": f"inner-{service}", "upgrade_configs": [{**connect, "connect_config": {}}]},
            }],
        }
        for service in services
    ]
    outer = manager(
        "tunnels", hosts, [], codec_type="HTTP2", http2_protocol_options={"allow_connect": True, **http2()},
        upgrade_configs=[connect],
    )
    chain = {"filters": [outer], "transport_socket": tls(certificates, "waypoint", is_server=True)}
    listeners, clusters = [listener("tunnels", 15008, chain)], []
    for service in services:
        inner = manager(
            service, [_host(service)], _filters(service, keys), access_log=_logs(service), codec_type="AUTO",
        )
        listeners.append({"name": f"inner-{service}", "internal_listener": {}, "filter_chains": [{"filters": [inner]}]})
        clusters.append(
            cluster(f"inner-{service}", {"envoy_internal_address": {"server_listener_name": f"inner-{service}"}})
        )
        clusters.append(cluster(service, socket(address, PORT)))
    internal = {
        "name": "envoy.bootstrap.internal_listener",
        "typed_config": {"@type": f"{TYPES}.extensions.bootstrap.internal_listener.v3.InternalListener"},
    }
    return {"bootstrap_extensions": [internal], "static_resources": {"listeners": listeners, "clusters": clusters}}


def _host(service: str) -> dict:
    route = {"cluster": service, "timeout": "0s"}
    matches: list[dict] = [
        {"prefix": "/", "headers": [{"name": HEADER, "string_match": {"exact": route_value(number)}}]}
        for number in range(ROUTES.get(service, 0))
    ]
    return {
        "name": service, "domains": ["*"],
        "routes": [{"match": match, "route": route} for match in matches or [{"prefix": "/"}]],
    }


def _filters(service: str, keys: str) -> list[dict]:
    if service != "token":
        return []
    provider = {"issuer": ISSUER, "local_jwks": {"inline_string": keys}, "payload_in_metadata": "claims", "forward": True,
                "jwt_cache_config": {"jwt_cache_size": 1_000}}
    # As a RequestAuthentication has it: a token must be good, whether there must be one is up to the policy.
    either = {"requires_any": {"requirements": [{"provider_name": "issuer"}, {"allow_missing": {}}]}}
    rules = [{"match": {"prefix": "/"}, "requires": either}]
    tokens = http_filter("jwt_authn", "jwt_authn.v3.JwtAuthentication", {"providers": {"issuer": provider}, "rules": rules})
    claim = {
        "filter": "envoy.filters.http.jwt_authn", "path": [{"key": "claims"}, {"key": "groups"}],
        "value": {"list_match": {"one_of": {"string_match": {"exact": "admins"}}}},
    }
    policy = {"permissions": [{"any": True}], "principals": [{"sourced_metadata": {"metadata_matcher": claim}}]}
    rbac = http_filter("rbac", "rbac.v3.RBAC", {"rules": {"action": "ALLOW", "policies": {"admins": policy}}})
    return [tokens, rbac]


def _logs(service: str) -> list[dict]:
    if service != "logged":
        return []
    config = {
        "@type": f"{TYPES}.extensions.access_loggers.file.v3.FileAccessLog", "path": "/dev/stdout",
        "log_format": {"text_format_source": {"inline_string": LOG_FORMAT}},
    }
    return [{"name": "envoy.access_loggers.file", "typed_config": config}]
