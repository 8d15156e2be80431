"""An authority that speaks istiod's certificate service, on another gRPC and another TLS than ours."""

from __future__ import annotations

import datetime
import ipaddress
import threading
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

METHOD = "/istio.v1.auth.IstioCertificateService/CreateCertificate"
PEM = serialization.Encoding.PEM


def fields(message: bytes) -> dict[int, list]:
    """A protobuf message's varints and byte strings by field number."""
    found: dict[int, list] = {}
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            assert key & 7 == 2, f"wire type {key & 7}"
            size = varint()
            value = message[place:place + size]
            place += size
        found.setdefault(key >> 3, []).append(value)
    return found


def strings(number: int, values: list[bytes]) -> bytes:
    """A repeated string field."""
    message = b""
    for value in values:
        size, length = len(value), b""
        while size >= 0x80:
            length += bytes([size & 0x7F | 0x80])
            size >>= 7
        message += bytes([number << 3 | 2]) + length + bytes([size]) + value
    return message


class Root:
    """A self-signed root in memory."""

    def __init__(self, name: str):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.certificate = self._build(self.name, self.key.public_key(), 3600).add_extension(
            x509.BasicConstraints(True, None), critical=True
        ).add_extension(identifier, critical=False).sign(self.key, hashes.SHA256())

    def _build(self, subject: x509.Name, key, seconds: float) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(seconds=seconds))
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    def leaf(self, key, names: list[x509.GeneralName], seconds: float = 3600) -> bytes:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        built = self._build(x509.Name([]), key, seconds)
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=True)
        built = built.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return built.add_extension(authority, critical=False).sign(self.key, hashes.SHA256()).public_bytes(PEM)


@dataclass
class Request:
    """What one request of a ztunnel said."""

    csr: x509.CertificateSigningRequest
    seconds: int
    metadata: dict[str, str]
    impersonated: bool


@dataclass
class Istiod(grpc.GenericRpcHandler):
    """Signs what it is asked to, for `seconds`, once it has refused `refusals` requests as istiod does."""

    seconds: float = 3600
    refusals: int = 0
    mesh: Root = field(default_factory=lambda: Root("mesh"))
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self):
        self.lock = threading.Lock()
        self.server = None
        self.port = 0

    def listen(self, root: Root, *names: str) -> None:
        """Serves with a certificate of these names below `root`; again at the same port after `stop`."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
        ]
        chain = root.leaf(key.public_key(), alternatives)
        secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(self,))
        credentials = grpc.ssl_server_credentials([(secret, chain)])
        self.port = self.server.add_secure_port(f"127.0.0.1:{self.port}", credentials)
        assert self.port, "the port is taken"
        self.server.start()

    def stop(self) -> None:
        if self.server:
            self.server.stop(0).wait(5)

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(self._create) if details.method == METHOD else None

    def _create(self, message: bytes, context) -> bytes:
        parts = fields(message)
        csr = x509.load_pem_x509_csr(parts[1][0])
        request = Request(csr, parts.get(3, [0])[0], dict(context.invocation_metadata()), 4 in parts)
        with self.lock:
            self.requests.append(request)
            refused = self.refusals > 0
            self.refusals -= 1 if refused else 0
        if refused:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "authentication failure")
        assert csr.is_signature_valid
        names = list(csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        return strings(1, [self.mesh.leaf(csr.public_key(), names, self.seconds), self.mesh.pem])
