"""The services behind the waypoint, and what is declared of them: one service for each thing that is measured."""

from __future__ import annotations

import base64
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

NAMESPACE, ACCOUNT = "demo", "waypoint"
#: The application's port; those of the services are 80.
PORT = 8080
ISSUER = "https://issuer.example"
HEADER = "x-route"
#: Rules that an HTTPRoute may have.
RULES_EACH = 16

#: Each service's virtual address, and how many routes by header it has.
SERVICES = {"plain": "10.93.0.1", "one": "10.93.0.2", "hundred": "10.93.0.3", "thousand": "10.93.0.4",
            "token": "10.93.0.5", "logged": "10.93.0.6"}
ROUTES = {"one": 1, "hundred": 100, "thousand": 1_000}


def host(service: str) -> str:
    return f"{service}.{NAMESPACE}.example"


def route_value(number: int) -> str:
    """The header's value of a route, from 0 on."""
    return f"tenant-{number:04}"


def request_headers(service: str, token: str) -> dict[str, str]:
    """What a client says to match the last of a service's routes, or its policy."""
    if service in ROUTES:
        return {HEADER: route_value(ROUTES[service] - 1)}
    return {"authorization": f"Bearer {token}"} if service == "token" else {}


class Tokens:
    """An issuer's key set, and a token of it, by an implementation that is not ours."""

    def __init__(self):
        key = rsa.generate_private_key(65537, 2048)
        numbers = key.public_key().public_numbers()
        self.keys = json.dumps({"keys": [{
            "kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig",
            "n": _encoded(numbers.n.to_bytes(256, "big")), "e": _encoded(numbers.e.to_bytes(3, "big")),
        }]})
        head = _encoded(json.dumps({"alg": "RS256", "kid": "one", "typ": "JWT"}).encode())
        claims = {"iss": ISSUER, "sub": "somebody", "exp": int(time.time()) + 36_000, "groups": ["admins"]}
        signed = f"{head}.{_encoded(json.dumps(claims).encode())}"
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.token = f"{signed}.{_encoded(signature)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _resource(kind: str, version: str, name: str, spec: dict, labels: dict[str, str] | None = None) -> dict:
    metadata: dict = {"name": name, "namespace": NAMESPACE}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def declared(services: list[str], address: str, keys: str) -> list[dict]:
    """A Gateway, the services at the application's address bound to it, and their routes and policies."""
    gateway = {
        "gatewayClassName": "istio-waypoint", "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
    }
    found = [_resource("Gateway", "gateway.networking.k8s.io/v1", ACCOUNT, gateway)]
    bound = {"istio.io/use-waypoint": ACCOUNT}
    for service in services:
        entry = {
            "hosts": [host(service)], "addresses": [SERVICES[service]], "resolution": "STATIC",
            "location": "MESH_INTERNAL", "endpoints": [{"address": address}],
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": PORT}],
        }
        found.append(_resource("ServiceEntry", "networking.istio.io/v1", service, entry, bound))
        if service in ROUTES:
            found += _routes(service, ROUTES[service])
    target = {"group": "networking.istio.io", "kind": "ServiceEntry"}
    if "token" in services:
        targets = {"targetRefs": [{**target, "name": "token"}]}
        authentication = {**targets, "jwtRules": [{"issuer": ISSUER, "jwks": keys}]}
        found.append(_resource("RequestAuthentication", "security.istio.io/v1", "token", authentication))
        rules = [{"when": [{"key": "request.auth.claims[groups]", "values": ["admins"]}]}]
        policy = {**targets, "action": "ALLOW", "rules": rules}
        found.append(_resource("AuthorizationPolicy", "security.istio.io/v1", "token", policy))
    if "logged" in services:
        logging = {"targetRefs": [{**target, "name": "logged"}], "accessLogging": [{"providers": [{"name": "envoy"}]}]}
        found.append(_resource("Telemetry", "telemetry.istio.io/v1", "logged", logging))
    return found


def _routes(service: str, count: int) -> list[dict]:
    """Routes by a header's value, in as many HTTPRoutes as their bound of rules asks for."""
    target = {"group": "networking.istio.io", "kind": "ServiceEntry", "name": service}
    found = []
    for first in range(0, count, RULES_EACH):
        rules = [
            {
                "matches": [{"headers": [{"name": HEADER, "value": route_value(number)}]}],
                "backendRefs": [{**target, "port": 80}],
            }
            for number in range(first, min(first + RULES_EACH, count))
        ]
        spec = {"parentRefs": [target], "rules": rules}
        found.append(_resource("HTTPRoute", "gateway.networking.k8s.io/v1", f"{service}-{first:04}", spec))
    return found
