"""Certificates of the mesh for a peer that isn't a task: signed with the test mesh's own intermediate."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def issue(control_state: Path, directory: Path, uri: str) -> dict[str, Path]:
    """Writes chain.pem, key.pem and root.pem for an identity into `directory`."""
    signer_text = (control_state / "intermediate.pem").read_bytes()
    signer_key = serialization.load_pem_private_key(signer_text, None)
    signer = x509.load_pem_x509_certificates(signer_text)[0]
    root = x509.load_pem_x509_certificates((control_state / "root.pem").read_bytes())[0]
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    purposes = [x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH]
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=2))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()), critical=False)
        .sign(signer_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    files = {name: directory / f"{name}.pem" for name in ("chain", "key", "root")}
    files["chain"].write_bytes(leaf.public_bytes(pem) + signer.public_bytes(pem))
    files["key"].write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files["root"].write_bytes(root.public_bytes(pem))
    for path in files.values():
        path.chmod(0o644)
    return files
