"""What a task sends to prove itself, made by the test: a signed request to STS, and the call that carries it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BODY = "Action=GetCallerIdentity&Version=2011-06-15"
METHOD = "/istio.v1.auth.IstioCertificateService/CreateCertificate"


def attestation(credentials: dict, region: str, audience: str, key_digest: str, age: float = 0) -> str:
    """The authorization of a call, signed `age` seconds ago with a task's credentials."""
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": f"sts.{region}.amazonaws.com",
        "x-amz-date": stamp,
        "x-amz-security-token": credentials["SessionToken"],
        "x-tulle-audience": audience,
        "x-tulle-key-sha256": key_digest,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(BODY.encode()).hexdigest()])
    scope = f"{day}/{region}/sts/aws4_request"
    signed = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = b"AWS4" + credentials["SecretAccessKey"].encode()
    for part in (day, region, "sts", "aws4_request", signed):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials['AccessKeyId']}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    )
    document = json.dumps({"headers": headers, "region": region}).encode()
    return "Bearer tulle-aws-sts-v1." + base64.urlsafe_b64encode(document).decode().rstrip("=")


def ask_for_certificate(
    address: str, root: bytes, credentials: dict, region: str, audience: str, age: float = 0
) -> tuple[str, str]:
    """Status and message of a call for a certificate with a new key; a certificate's URI in the message's place."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    text = request.public_bytes(serialization.Encoding.PEM)
    # Field 1, a string; lengths over 127 have two bytes.
    message = b"\x0a" + bytes([len(text) & 0x7F | 0x80, len(text) >> 7]) + text
    token = attestation(credentials, region, audience, hashlib.sha256(public).hexdigest(), age)
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(root)) as channel:
        call = channel.unary_unary(METHOD, lambda data: data, lambda data: data)
        try:
            answer = call(message, metadata=[("authorization", token)], timeout=15)
        except grpc.RpcError as error:
            return error.code().name, error.details()
    start, end = answer.index(b"-----BEGIN"), answer.index(b"-----END CERTIFICATE-----") + 25
    certificate = x509.load_pem_x509_certificate(answer[start:end])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return "OK", names.get_values_for_type(x509.UniformResourceIdentifier)[0]
