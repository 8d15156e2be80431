"""Certificates in files, of an authority of their own."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from identities import issue

PEM = serialization.Encoding.PEM


def make_authority(directory: Path) -> None:
    """Writes root.pem, and intermediate.pem with its key, as the control plane keeps them."""
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)

    def certificate(name: str, key, issuer: str, issuer_key) -> x509.Certificate:
        title = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])  # noqa: E731
        return (
            x509.CertificateBuilder()
            .subject_name(title(name))
            .issuer_name(title(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(hours=2))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )

    root_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    (directory / "root.pem").write_bytes(certificate("root", root_key, "root", root_key).public_bytes(PEM))
    signer = certificate("intermediate", signer_key, "root", root_key).public_bytes(PEM)
    key = signer_key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "intermediate.pem").write_bytes(signer + key)


def issue_pair(directory: Path, uri: str) -> dict[str, Path]:
    """chain, key and root for an identity, signed by the directory's authority, which is made when it is missing."""
    authority = directory / "authority"
    if not authority.exists():
        authority.mkdir()
        make_authority(authority)
    own = directory / uri.rsplit("/", 1)[-1]
    own.mkdir(exist_ok=True)
    return issue(authority, own, uri)
