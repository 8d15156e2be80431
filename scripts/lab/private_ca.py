"""Intermediates of AWS Private CA as AWS signs them, where moto leaves out what makes them authorities."""

from __future__ import annotations

import datetime
import re
from typing import Any

from cryptography import x509
from moto.acmpca import models

#: Templates of intermediates; the number is how many more may follow below.
SUBORDINATE = re.compile(r"^arn:aws[a-z-]*:acm-pca:::template/SubordinateCACertificate_PathLen([0-3])/V1$")


def authority_extensions(signer: Any, csr: x509.CertificateSigningRequest, below: int) -> list[tuple[Any, bool]]:
    """What the template says, whatever the request asks for."""
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )
    return [
        (x509.BasicConstraints(ca=True, path_length=below), True),
        (usage, True),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), False),
        (x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), False),
    ]


def install() -> None:
    """Puts itself before moto's own list of extensions, makes authorities general-purpose and backdates what they sign, as AWS does."""
    usual_now = models.utcnow
    usual_extensions = models.CertificateAuthority._x509_extensions
    usual_init = models.CertificateAuthority.__init__

    def extensions(self: Any, csr: x509.CertificateSigningRequest, template_arn: str | None) -> Any:
        found = SUBORDINATE.match(template_arn or "")
        return authority_extensions(self, csr, int(found[1])) if found else usual_extensions(self, csr, template_arn)

    def make(self: Any, *arguments: Any, **named: Any) -> None:
        usual_init(self, *arguments, **named)
        self.usage_mode = "GENERAL_PURPOSE"

    # What it signs holds from an hour ago, unless the caller says otherwise: clocks differ.
    models.utcnow = lambda: usual_now() - datetime.timedelta(hours=1)
    models.CertificateAuthority._x509_extensions = extensions
    models.CertificateAuthority.__init__ = make
