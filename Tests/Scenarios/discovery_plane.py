"""A control plane that behaves towards a ztunnel as istiod does, on Python's own gRPC and protobuf.

No client certificate is asked for; every call needs the bearer token. One delta stream carries both types; a client's
initial versions decide what is sent again and what is said to be gone; a name asked for on demand that nobody has is
answered as removed. Certificates are signed for the impersonated identity, or for the token's own.
"""

from __future__ import annotations

import datetime
import ipaddress
import queue
import threading
from concurrent import futures
from pathlib import Path

import grpc
import grpc_tools
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

from mesh import ROOT

ADDRESS = "type.googleapis.com/istio.workload.Address"
AUTHORIZATION = "type.googleapis.com/istio.security.Authorization"
PEM = serialization.Encoding.PEM


def load_messages(directory: Path):
    """Message classes by name, from Protos/. In a pool of their own, as other packages bring modules of these names."""
    path = directory / "protos.bin"
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    files = [str(file) for file in sorted((ROOT / "Protos").rglob("*.proto"))]
    arguments = [f"-I{ROOT / 'Protos'}", f"-I{well_known}", "--include_imports", f"--descriptor_set_out={path}"]
    assert protoc.main(["protoc", *arguments, *files]) == 0
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


class Authority:
    """A root that signs the server's and the workloads' certificates."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "istiod.test")])
        basic = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.root = (
            self._builder(self.name, self.key.public_key(), days=2)
            .add_extension(basic, critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def _builder(self, subject, key, days=1):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=2))
            .not_valid_after(now + datetime.timedelta(days=days))
        )

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(PEM)

    def sign(self, key, names) -> bytes:
        purposes = [x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH]
        leaf = (
            self._builder(x509.Name([]), key)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return leaf.public_bytes(PEM)

    def server(self, *names) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return private, self.sign(key.public_key(), list(names))


class Istiod:
    """The server. `tokens` maps bearer tokens to the identities of their pods."""

    def __init__(self, messages, authority: Authority, address: str, tokens: dict[str, str], names=None):
        self.request = messages("envoy.service.discovery.v3.DeltaDiscoveryRequest")
        self.response = messages("envoy.service.discovery.v3.DeltaDiscoveryResponse")
        self.certificate_request = messages("istio.v1.auth.IstioCertificateRequest")
        self.certificate_response = messages("istio.v1.auth.IstioCertificateResponse")
        self.messages, self.authority, self.address, self.tokens = messages, authority, address, tokens
        self.names = names or [x509.IPAddress(ipaddress.ip_address(address))]
        #: type → name → (version, bytes, aliases)
        self.resources: dict[str, dict[str, tuple[str, bytes, list[str]]]] = {ADDRESS: {}, AUTHORIZATION: {}}
        #: Every discovery request with the number of its stream, and the metadata of each stream and CSR call.
        self.requests: list[tuple[int, object]] = []
        self.stream_metadata: list[dict[str, str]] = []
        self.csr_metadata: list[dict[str, str]] = []
        self.csrs: list[tuple[object, x509.CertificateSigningRequest]] = []
        self.is_silent = False
        self.lock = threading.Lock()
        self.server = None

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> "Istiod":
        self.server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=32),
            options=[("grpc.max_receive_message_length", 4 << 20), ("grpc.max_send_message_length", -1)],
        )
        discovery = grpc.stream_stream_rpc_method_handler(
            self.delta, self.request.FromString, self.response.SerializeToString
        )
        certificates = grpc.unary_unary_rpc_method_handler(
            self.create_certificate, self.certificate_request.FromString, self.certificate_response.SerializeToString
        )
        self.server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler(
                "envoy.service.discovery.v3.AggregatedDiscoveryService", {"DeltaAggregatedResources": discovery}
            ),
            grpc.method_handlers_generic_handler(
                "istio.v1.auth.IstioCertificateService", {"CreateCertificate": certificates}
            ),
        ))
        credentials = grpc.ssl_server_credentials([self.authority.server(*self.names)])
        assert self.server.add_secure_port(f"{self.address}:15012", credentials) == 15012
        self.server.start()
        return self

    def stop(self) -> None:
        if self.server:
            self.server.stop(0).wait(5)
            self.server = None

    # --- state ------------------------------------------------------------------------------------------------------

    def set(self, kind: str, name: str, version: str, message, aliases=()) -> None:
        data = message if isinstance(message, bytes) else message.SerializeToString()
        self.resources[kind][name] = (version, data, list(aliases))

    def workload(self, uid: str, **fields):
        return self.messages("istio.workload.Address")(
            workload=self.messages("istio.workload.Workload")(uid=uid, **fields)
        )

    def of(self, kind: str, stream: int | None = None) -> list:
        """The discovery requests of a type."""
        with self.lock:
            return [r for number, r in self.requests if r.type_url == kind and stream in (None, number)]

    # --- calls ------------------------------------------------------------------------------------------------------

    def caller(self, context) -> str:
        metadata = dict(context.invocation_metadata())
        identity = self.tokens.get(metadata.get("authorization", "").removeprefix("Bearer "))
        if identity is None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "authentication failure: no valid token")
        return identity

    def create_certificate(self, request, context):
        with self.lock:
            self.csr_metadata.append(dict(context.invocation_metadata()))
        identity = self.caller(context)
        if "ImpersonatedIdentity" in request.metadata.fields:
            identity = request.metadata.fields["ImpersonatedIdentity"].string_value
        csr = x509.load_pem_x509_csr(request.csr.encode())
        assert csr.is_signature_valid
        with self.lock:
            self.csrs.append((request, csr))
        leaf = self.authority.sign(csr.public_key(), [x509.UniformResourceIdentifier(identity)])
        return self.certificate_response(cert_chain=[leaf.decode(), self.authority.pem.decode()])

    def delta(self, requests, context):
        with self.lock:
            self.stream_metadata.append(dict(context.invocation_metadata()))
            stream = len(self.stream_metadata)
        self.caller(context)
        answers: queue.Queue = queue.Queue()
        context.add_callback(lambda: answers.put(None))
        threading.Thread(target=self.read, args=(stream, requests, answers), daemon=True).start()
        while (answer := answers.get()) is not None:
            yield answer

    def read(self, stream: int, requests, answers) -> None:
        seen = set()
        try:
            for request in requests:
                with self.lock:
                    self.requests.append((stream, request))
                if request.response_nonce or self.is_silent:
                    continue
                is_first = request.type_url not in seen
                seen.add(request.type_url)
                names = list(request.resource_names_subscribe)
                if is_first and (not names or "*" in names) and "*" not in request.resource_names_unsubscribe:
                    answers.put(self.everything(request))
                else:
                    answers.put(self.named(request.type_url, [n for n in names if n != "*"]))
        except Exception:  # the stream has ended
            answers.put(None)

    def resource(self, kind: str, name: str):
        version, data, aliases = self.resources[kind][name]
        resource = self.messages("envoy.service.discovery.v3.Resource")(name=name, version=version, aliases=aliases)
        resource.resource.type_url = kind
        resource.resource.value = data
        return resource

    def everything(self, request):
        known, held = dict(request.initial_resource_versions), self.resources[request.type_url]
        return self.response(
            type_url=request.type_url, nonce=f"n{len(self.requests)}",
            resources=[self.resource(request.type_url, n) for n in held if known.get(n) != held[n][0]],
            removed_resources=[n for n in known if n not in held],
        )

    def named(self, kind: str, names: list[str]):
        held = self.resources[kind]
        found = {n: next((h for h in held if n == h or n in held[h][2]), None) for n in names}
        return self.response(
            type_url=kind, nonce=f"n{len(self.requests)}",
            resources=[self.resource(kind, h) for h in dict.fromkeys(filter(None, found.values()))],
            removed_resources=[n for n in names if found[n] is None],
        )
