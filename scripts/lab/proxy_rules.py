"""What RegisterTaskDefinition asks of a proxyConfiguration (type APPMESH)."""

from __future__ import annotations

from typing import Any

#: Property → the words ECS begins its refusal with.
NEEDED = {
    "ProxyIngressPort": "Ingress port not found",
    "ProxyEgressPort": "Egress port not found",
    "AppPorts": "App ports not found",
    "EgressIgnoredIPs": "Egress ignored IPs not found",
}


def check_proxy_configuration(
    configuration: dict[str, Any] | None, network_mode: str | None, containers: list[str | None]
) -> str | None:
    """The reason to refuse, or None."""
    if configuration is None:
        return None
    kind = configuration.get("type", "APPMESH")
    if kind != "APPMESH":
        return f"Proxy configuration type must be APPMESH, not {kind}."
    if network_mode not in (None, "awsvpc"):
        return f"Proxy configuration needs networkMode awsvpc, not {network_mode}."
    name = configuration.get("containerName")
    if name not in containers:
        return f"Proxy configuration names container {name}, which the task definition does not have."
    properties = {entry.get("name"): entry.get("value") for entry in configuration.get("properties") or []}
    for key, words in NEEDED.items():
        if not properties.get(key):
            return f"{words} in proxy configuration: property {key} is needed."
    if not properties.get("IgnoredUID") and not properties.get("IgnoredGID"):
        return "IgnoredUID or IgnoredGID is needed in proxy configuration."
    for key in ("ProxyIngressPort", "ProxyEgressPort", "AppPorts", "EgressIgnoredPorts"):
        for text in (properties.get(key) or "").split(","):
            if text and not (text.strip().isdigit() and 0 < int(text) < 65536):
                return f"Proxy configuration property {key} holds {text!r}, which is no port."
    return None
