#!/usr/bin/env python3
"""Writes the fuzz targets' seeds to Fuzz/Corpus: small inputs that reach far into each reader.

Run it when a target is added: .venv/bin/python Fuzz/make_seeds.py
"""

from __future__ import annotations

import base64
import datetime
import json
import struct
from pathlib import Path

import hpack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

top = Path(__file__).resolve().parent.parent
corpus = top / "Fuzz" / "Corpus"


def seed(target: str, name: str, data: bytes | str) -> None:
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def short(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame as the target http2-frames takes it."""
    return bytes([kind, flags, stream, len(payload)]) + payload


def block(*fields: tuple[str, str]) -> bytes:
    return hpack.Encoder().encode(fields)


connect = block((":method", "CONNECT"), (":authority", "192.0.2.1:80"), ("baggage", "k8s.cluster.name=a"))
answer = block((":status", "200"), ("baggage", "x=y"))
trailers = block(("grpc-status", "0"))

requests = (
    frame(1, 4, 1, connect) + frame(0, 0, 1, b"hello") + frame(0, 1, 1, b"") + frame(8, 0, 0, b"\0\0\1\0")
    + frame(6, 0, 0, b"12345678") + frame(1, 0, 3, connect[:5]) + frame(9, 4, 3, connect[5:])
    + frame(3, 0, 3, b"\0\0\0\10") + frame(4, 0, 0, b"\0\4\0\0\0\1") + frame(2, 0, 1, b"\0\0\0\0\1")
    + frame(7, 0, 0, b"\0\0\0\0\0\0\0\0bye")
)
responses = (
    frame(1, 4, 1, answer) + frame(0, 8, 1, b"\2abc\0\0") + frame(1, 5, 1, trailers) + frame(1, 4, 3, answer)
    + frame(3, 0, 5, b"\0\0\0\7") + frame(4, 0, 0, b"\0\3\0\0\0\2\0\5\0\1\0\0") + frame(8, 0, 3, b"\0\0\1\0")
    + frame(7, 0, 0, b"\0\0\0\3\0\0\0\0")
)
for size in range(3):
    seed("http2-server", f"requests-{size}", bytes([0, size]) + requests)
    seed("http2-client", f"responses-{size}", bytes([size, size]) + responses)
seed("http2-frames", "server", b"\x00" + short(1, 4, 1, connect) + b"\x42" + short(0, 0, 1, b"data") + b"\x44\x41"
     + short(8, 0, 1, b"\0\0\0\1") + short(3, 0, 1) + short(1, 5, 3, connect) + short(9, 4, 3))
seed("http2-frames", "client", b"\x01" + short(1, 4, 1, answer) + short(0, 8, 1, b"\1x\0") + b"\x47"
     + short(1, 5, 1, trailers) + short(4, 0, 0, b"\0\4\0\0\0\0") + short(7, 0, 0, b"\0\0\0\0\0\0\0\0"))
encoder = hpack.Encoder()
first = encoder.encode([(":method", "CONNECT"), (":authority", "a.example:1"), ("x-first", "v" * 40)])
second = encoder.encode([(":method", "CONNECT"), (":authority", "a.example:1"), ("x-first", "v" * 40)])
seed("hpack", "indexed", bytes([len(first)]) + first + second)
seed("hpack", "resize", b"\3\x3f\xe1\x1f" + b"\x20\x3f\x11" + connect)
seed("hpack", "plain", b"\0" + hpack.Encoder().encode([(":method", "CONNECT"), (":authority", "b:2")], huffman=False))
seed("grpc", "messages", b"\x0f\x02" + b"\0\0\0\0\3abc" + b"\0\0\0\0\0" + b"\1\0\0\0\1x")
seed("grpc", "percent", b"\x05\x00a%20b%zz%")

for name, size, text in (
    ("get", 0, "GET /a?b=c HTTP/1.1\r\nHost: a.test\r\nCookie: x=y\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n\r\n"),
    ("counted", 1, "POST http://a.test/ HTTP/1.1\r\nHost: A.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"),
    ("chunked", 3, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nGrpc-Status: 0\r\n\r\n"),
    ("upgrade", 2, "GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nTE: trailers\r\n\r\nraw"),
    ("connect", 0, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"),
    ("options", 0, "OPTIONS * HTTP/1.0\r\nHost: a\r\n\r\n"),
):
    seed("http1-request", name, bytes([size]) + text.encode())
for name, request, text in (
    ("counted", 0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nhi"),
    ("chunked", 0, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n"),
    ("head", 1, "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
    ("upgrade", 4, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nraw"),
    ("close", 0, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nuntil the end"),
):
    seed("http1-response", name, bytes([request, 1]) + text.encode())
seed("http1-chunks", "plain", b"\x02" + b"4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n")
seed("http1-chunks", "extensions", b"\x01" + b"a;x=\"y z\"\r\n0123456789\r\n000\r\nT: u\r\n\r\n")
for name, data in (
    ("http1", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ("http2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4"),
    ("tls", b"\x16\3\1\0\5\1\0\0\1\3"), ("ssh", b"SSH-2.0-x\r\n"),
):
    seed("protocol-sniffer", name, data)


def counted(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


names = b"\0\0" + counted(counted(b"\0" + counted(b"Shop.example", 2), 2), 2)
protocols = b"\0\x10" + counted(counted(counted(b"h2", 1) + counted(b"http/1.1", 1), 2), 2)
hello = b"\3\3" + bytes(32) + counted(b"", 1) + counted(b"\x13\1", 2) + counted(b"\0", 1)
message = b"\1" + counted(hello + counted(names + protocols, 2), 3)
seed("client-hello", "whole", b"\x16\3\1" + counted(message, 2))
seed("client-hello", "cut", b"".join(b"\x16\3\1" + counted(message[at:at + 20], 2) for at in range(0, len(message), 20)))

kinds = {
    "envoy.service.discovery.v3.DeltaDiscoveryResponse": ["proto-discovery", "xds-response"],
    "envoy.service.discovery.v3.DeltaDiscoveryRequest": ["proto-discovery"],
    "istio.workload.Address": ["proto-workload", "state-address"],
    "istio.workload.Workload": ["proto-workload"],
    "istio.workload.Service": ["proto-service"],
    "istio.security.Authorization": ["proto-authorization", "state-authorization"],
    "istio.v1.auth.IstioCertificateResponse": ["proto-certificate"],
    "google.protobuf.Struct": ["proto-certificate"],
}
count: dict[str, int] = {}
for file in ("samples.txt", "random.txt"):
    for line in (top / "Tests/MeshProtosTests/Fixtures" / file).read_text().splitlines():
        kind, _, text = line.partition(" ")
        data = bytes.fromhex(text.split(" ")[-1])
        for target in kinds.get(kind, []):
            count[target] = count.get(target, 0) + 1
            if count[target] <= 5 and len(data) < 4096:
                seed(target, f"{kind.rpartition('.')[2].lower()}-{count[target]}", data)


def name(text: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


question = name("echo.demo") + b"\0\1\0\1"
header = b"\x12\x34\x81\x80\0\1\0\2\0\0\0\1"
records = (
    b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1a\xc0\x0c" + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
)
seed("dns-message", "answer", header + question + records)
seed("dns-message", "query", b"\0\1\1\0\0\1\0\0\0\0\0\0" + name("a.b.mesh.internal") + b"\0\x1c\0\1")
seed("dns-message", "loop", b"\0\1\x81\x80\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1")
tail = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
seed("dns-forwarder", "answers", b"".join(bytes([mode, len(tail)]) + tail for mode in (3, 3, 1, 0x31, 3, 3, 5)))
seed("dns-forwarder", "garbage", bytes([0, 5]) + b"12345" + bytes([0x33, 0, 0x21, 0, 0x53, 0]))
for index, text in enumerate(("echo.demo.mesh.internal.", ".", "_a-b.C", "x" * 63 + ".y")):
    seed("dns-name", f"name-{index}", text)
seed("resolv-conf", "usual", "# x\nnameserver 169.254.169.253\nnameserver fd00::1\nsearch a.test b.test\n"
     "options ndots:5 timeout:1 attempts:3 rotate edns0\n")

seed("proxy-negotiation", "socks-name", b"\0\0\5\1\0\5\1\0\3\11echo.demo\0\x50GET /")
seed("proxy-negotiation", "socks-v4", b"\x80\1\5\2\2\0\5\1\0\1\xc0\0\2\1\x1f\x90")
seed("proxy-negotiation", "socks-v6", b"\0\0\5\1\0\5\1\0\4" + bytes(15) + b"\1\0\x50")
seed("proxy-negotiation", "socks-bind", b"\0\0\5\1\0\5\2\0\1\xc0\0\2\1\0\x50")
seed("proxy-negotiation", "connect", b"\0\0CONNECT echo.demo:80 HTTP/1.1\r\nHost: echo.demo:80\r\n\r\nearly")
seed("proxy-negotiation", "chunked", b"\0\5POST http://echo.demo/x HTTP/1.1\r\nHost: echo.demo\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\nGET /")
seed("proxy-negotiation", "plain", b"\x83\0GET http://[::1]:8080/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcdef")
seed("http-server", "get", b"\0GET /config_dump?a=b&c HTTP/1.1\r\nHost: localhost\r\n\r\n")
seed("http-server", "post", b"\2POST /quitquitquit HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
seed("http-client", "counted", b"\0HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
seed("http-client", "chunked", b"\3HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
seed("http-client", "until-end", b"\0HTTP/1.0 404 Not Found\r\n\r\nnothing")

key = ec.generate_private_key(ec.SECP256R1())
subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "seed")])
start = datetime.datetime(2026, 1, 1)
names = x509.SubjectAlternativeName([
    x509.UniformResourceIdentifier("spiffe://cluster.local/ns/a/sa/b"), x509.DNSName("a.example"),
])
certificate = (
    x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    .serial_number(7).not_valid_before(start).not_valid_after(start + datetime.timedelta(days=3650))
    .add_extension(names, critical=False).add_extension(x509.BasicConstraints(True, None), critical=True)
    .sign(key, hashes.SHA256())
)
pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
if not (corpus / "pem" / "two").exists():
    # Signed anew on each run, so only what is missing is written.
    seed("certificate", "root", certificate.public_bytes(serialization.Encoding.DER))
    seed("pem", "two", f"comment\n{pem}{pem}")
    token = {
        "version": 1, "url": "https://tulled:15012", "trustBundle": pem, "trustDomain": "cluster.local",
        "namespace": "a", "serviceAccount": "b", "network": "n", "cluster": "c", "platform": "ecs",
        "audience": "istio-ca", "meshDomain": "mesh.internal",
    }
    seed("bootstrap-token", "json", json.dumps(token))
    seed("bootstrap-token", "encoded", base64.urlsafe_b64encode(json.dumps(token).encode()).rstrip(b"="))
seed("container-documents", "credentials", json.dumps({
    "AccessKeyId": "AKID", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-01-02T03:04:05.5+01:00",
}))
seed("container-documents", "metadata", json.dumps({
    "TaskARN": "arn:aws:ecs:eu-west-1:1:task/c/0123", "Containers": [{"Networks": [{
        "NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.0.1"], "IPv6Addresses": ["fd00::1"],
    }]}],
}))

seed("json", "all", '{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\ud83d\\ude00\\n"],"b":{"c":{}}}')
seed("json", "deep", "[" * 40 + "]" * 40)
seed("spiffe-id", "usual", "spiffe://cluster.local/ns/default/sa/web")
for index, text in enumerate(("192.0.2.1:80", "[2001:db8::1]:443", "::ffff:192.0.2.1", "1:2:3:4:5:6:7::", "::")):
    seed("ip-address", f"address-{index}", text)
for index, text in enumerate(("https://tulled.example:15012/", "[::1]:15012", "a.example")):
    seed("control-plane-url", f"url-{index}", text)
for index, text in enumerate(("1h30m", "500ms", "30", "7d5s")):
    seed("duration", f"duration-{index}", text)
for index, text in enumerate(("hello 7", "socket [::]:15008 =task a", "socket 127.0.0.1:15000 -", "end 12", "ready")):
    seed("restart-message", f"message-{index}", f"tulle-restart/1 {text}")
for index, text in enumerate([
    "response.code >= 400 && !connection.mtls || request.headers['x-a'] in ['b', \"c\"]",
    "has(request.path) ? request.path.startsWith('/a') : -1 < size('x' + string(response.code))",
    "filter_state['downstream_peer'].workload == 'a' && request.duration > duration('1.5s')",
]):
    seed("telemetry-expression", f"expression-{index}", text)
seed("access-log-format", "operators", (
    "[%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%] \"%REQ(X-A?:PATH):9% %RESPONSE_CODE%%%\" %GRPC_STATUS(SNAKE_STRING)% "
    "%CEL(request.headers['a'].contains('b'))% %DYNAMIC_METADATA(a:b)% %COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%\n"
    "a\"b\\c\x01\x7f\u2028\n"
))
trace, span = "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7"
seed("trace-headers", "w3c", f"00-{trace}-{span}-01\n\n\n\n\n\nf4a5c0f2-0c1d-9b3e-8f7a-001122334455")
seed("trace-headers", "b3", f"\n{trace}-{span}-d-{span}\n{trace}\n{span}\n1\n1\nid")
seed("yaml", "state", (
    "# comment\nworkloads:\n- uid: a//Pod/b/c\n  workloadIps: [10.0.0.1, \"::1\"]\n  services: {demo/echo: {80: 8080}}\n"
    "  text: |\n    two\n    lines\npolicies: []\n"
))
seed("yaml", "aliases", "a: &x [1, 2]\nb: *x\nc: !!str 3\n---\nd: {? e : f}\n")
seed("yaml", "deep", "[" * 100)

declared = {
    "policies": """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow, namespace: shop, labels: {team: a}}
spec:
  selector: {matchLabels: {app: web}}
  action: ALLOW
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/web], ipBlocks: [10.0.0.0/8], notNamespaces: [x-*]}}]
    to: [{operation: {ports: ["80"]}}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
""",
    "services": """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db, namespace: shop}
spec:
  hosts: [db.example]
  addresses: [240.240.9.9]
  ports: [{number: 5432, name: tcp, protocol: TCP}]
  resolution: STATIC
  endpoints: [{address: 10.1.2.3, ports: {tcp: 15432}, labels: {app: db}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/use-waypoint: way}}
""",
    "routes": """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: way, namespace: shop}
spec:
  gatewayClassName: istio-waypoint
  listeners: [{name: mesh, port: 15008, protocol: HBONE}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{kind: Service, group: "", name: web, port: 80}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /a}, headers: [{name: x, value: y}]}]
    timeouts: {request: 10s}
    backendRefs: [{name: web, port: 80, weight: 9}, {name: web2, port: 80, weight: 1}]
""",
    "list": """\
apiVersion: v1
kind: List
items:
- &b
  apiVersion: tulle.mesh/v1alpha1
  kind: ServiceAccountBinding
  metadata: {name: web}
  spec: {role: "arn:aws:iam::111122223333:role/web", namespace: shop, serviceAccount: web}
- *b
- 7
""",
    "broken": "a: [\n---\nkind: Gateway\n---\n\xff\n...\n%YAML 9.9\n---\n? {a: b}\n: !!float x\n",
    "json": '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x","creationTimestamp":"2026-01-01T00:00:00Z"}}',
}
for name, text in declared.items():
    seed("configuration", name, text.encode("latin-1"))
seed("tulled-settings", "all", """\
trustDomain: cluster.local
listen: 0.0.0.0:15012
admin: {identities: ["spiffe://cluster.local/ns/ops/sa/admin"], writesFromLoopback: false, tlsListen: "127.0.0.1:15016"}
serviceAccountBindings:
- {role: "arn:aws:iam::111122223333:role/web", namespace: shop, serviceAccount: web}
clusters: [a, b]
push: {debounce: 50ms, debounceMax: 1s}
""")
seed("tulled-settings", "wrong", "listen: 5\nregions: {a: b}\npush: [1]\nnope: &x [*x]\n")
revoked = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(start).build()
revocations = (
    x509.CertificateRevocationListBuilder().issuer_name(subject).last_update(start)
    .next_update(start + datetime.timedelta(days=9)).add_revoked_certificate(revoked).sign(key, hashes.SHA256())
)
if not (corpus / "revocation-list" / "der").exists():
    seed("revocation-list", "der", revocations.public_bytes(serialization.Encoding.DER))
    seed("revocation-list", "pem", revocations.public_bytes(serialization.Encoding.PEM))

seed("dns-request", "query", b"\0\1\1\0\0\1\0\0\0\0\0\1" + name("a.b.mesh.internal") + b"\0\x1c\0\1" + b"\0\0\x29\4\xd0" + bytes(6))
seed("dns-request", "transfer", b"\0\1\0\0\0\1\0\0\0\0\0\0" + name("b") + b"\0\xfc\0\1")
seed("dns-request", "update", b"\0\1\x28\0\0\1\0\0\0\0\0\0" + name("b") + b"\0\6\0\1")
seed("dns-request", "response", b"\0\1\x81\x80\0\1\0\0\0\0\0\0" + name("b") + b"\0\1\0\1")
seed("node-agent", "add", bytes.fromhex("0a150a0361626312 0e0a01611201621a0163".replace(" ", "")))
seed("node-agent", "delete", bytes.fromhex("1a050a03616263"))
seed("node-agent", "sent", bytes.fromhex("2200"))
seed("tunnel-headers", "baggage", "k8s.cluster.name=a,k8s.namespace.name=b,k8s.deployment.name=c,service.name=d,service.version=e")
seed("tunnel-headers", "forwarded", 'for="192.0.2.1:80";host=echo.demo.mesh.internal')
seed("tunnel-headers", "quoted", 'for=_x;by="a\\\"b";host="[::1]:80", host=c')


def encoded(data: str | bytes) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def token(header: dict, payload: dict, signature: bytes) -> str:
    return f"{encoded(json.dumps(header))}.{encoded(json.dumps(payload))}.{encoded(signature)}"


seed("token", "good", token({"alg": "EdDSA"}, {"iss": "https://i", "sub": "u", "exp": 2000000000}, bytes(64)))
seed("token", "scopes", token({"alg": "EdDSA", "kid": "k"}, {"iss": "https://i", "aud": ["a"], "scope": "a b",
                                                             "nbf": 1.5e9}, bytes(64)))
seed("token", "none", token({"alg": "none"}, {"iss": "https://i"}, b""))
seed("key-set", "all", json.dumps({"keys": [
    {"kty": "RSA", "n": encoded(bytes([255] * 256)), "e": "AQAB", "use": "sig", "alg": "RS256", "kid": "a"},
    {"kty": "EC", "crv": "P-256", "x": encoded(bytes(32)), "y": encoded(bytes(32)), "key_ops": ["verify"]},
    {"kty": "OKP", "crv": "Ed25519", "x": encoded(bytes(32))}, {"kty": "oct", "k": "AAAA"},
]}))
seed("json-body", "pointed", b"\2" + b'{"a":{"b":10.5e0,"c":[1,true,null,"\\ud83d\\ude00\\n"]},"A":{}}')
seed("json-body", "deep", b"\0" + b"[" * 9 + b"1" + b"]" * 9)
seed("json-body", "twice", b"\1" + b' {"a":{"b":1,"b":2}} ')
seed("form-body", "pairs", b"\3a=b+c&%61=b%20c&x&=&a=%zz&A=b%20c")
seed("forwarded-for", "two", b"\2198.51.100.1, 203.0.113.9:80\n[2001:db8::1]:5, ::ffff:10.0.0.1")
seed("forwarded-for", "odd", b"\1unknown, ,\n,")
