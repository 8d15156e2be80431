#!/usr/bin/env python3
"""Makes signatures for SignatureTests with another library than ours.

    pip install cryptography
    make_vectors.py        writes Vectors/made.txt with fresh keys, after checking Vectors/rfc.txt

A line of rfc.txt is `<name> <alg> <key> <compact JWS>`, from RFC 7515 appendix A, RFC 7520 §4 and RFC 8037 appendix A;
the key is `<n>:<e>`, `<x>:<y>` or `<x>` of its JWK. A line of made.txt is
`<name> <alg> <key> <message> <signature> <good|bad>`, all in base64url.
"""
import base64
import hashlib
import pathlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

VECTORS = pathlib.Path(__file__).resolve().parent / "Vectors"
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"ES256": (ec.SECP256R1, 32), "ES384": (ec.SECP384R1, 48), "ES512": (ec.SECP521R1, 66)}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(data):
    return int.from_bytes(data, "big")


def verify(alg, parts, message, signature):
    """Raises InvalidSignature unless the signature fits."""
    if alg == "EdDSA":
        return ed25519.Ed25519PublicKey.from_public_bytes(parts[0]).verify(signature, message)
    digest = HASHES[alg[2:]]()
    first, second = map(number, parts)
    if alg.startswith("ES"):
        curve, size = CURVES[alg]
        if len(signature) != 2 * size:
            raise InvalidSignature
        pair = encode_dss_signature(number(signature[:size]), number(signature[size:]))
        return ec.EllipticCurvePublicNumbers(first, second, curve()).public_key().verify(
            pair, message, ec.ECDSA(digest))
    scheme = padding.PKCS1v15()
    if alg.startswith("PS"):
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return rsa.RSAPublicNumbers(second, first).public_key().verify(signature, message, scheme, digest)


def check_rfc():
    for line in (VECTORS / "rfc.txt").read_text().splitlines():
        _, alg, key, token = line.split(" ")
        signed, _, signature = token.rpartition(".")
        verify(alg, [decode(part) for part in key.split(":")], signed.encode(), decode(signature))


def sign(alg, key, message):
    digest = HASHES.get(alg[2:], hashes.SHA256)()
    if alg == "EdDSA":
        return key.sign(message)
    if alg.startswith("ES"):
        size = CURVES[alg][1]
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if alg.startswith("PS"):
        return key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return key.sign(message, padding.PKCS1v15(), digest)


def public(alg, key):
    numbers = None if alg == "EdDSA" else key.public_key().public_numbers()
    if alg == "EdDSA":
        return [key.public_key().public_bytes_raw()]
    if alg.startswith("ES"):
        size = CURVES[alg][1]
        return [numbers.x.to_bytes(size, "big"), numbers.y.to_bytes(size, "big")]
    return [numbers.n.to_bytes(numbers.n.bit_length() + 7 >> 3, "big"), numbers.e.to_bytes(3, "big")]


def spoilt(alg, key, message, signature):
    """Signatures that must not be taken, with what is wrong with them."""
    yield "other-message", message + b".", signature
    for place in (0, len(signature) // 2, len(signature) - 1):
        yield f"bit-{place}", message, bytes(b ^ (1 if i == place else 0) for i, b in enumerate(signature))
    yield "short", message, signature[:-1]
    yield "long", message, signature + b"\0"
    yield "empty", message, b""
    yield "zero", message, bytes(len(signature))
    if alg.startswith("ES"):
        size = CURVES[alg][1]
        yield "swapped", message, signature[size:] + signature[:size]
        yield "r-only", message, signature[:size] + bytes(size)
        yield "der", message, encode_dss_signature(number(signature[:size]), number(signature[size:]))
    if alg.startswith("PS"):
        digest = HASHES[alg[2:]]()
        yield "no-salt", message, key.sign(message, padding.PSS(padding.MGF1(digest), 0), digest)
        other = hashes.SHA512() if alg != "PS512" else hashes.SHA256()
        yield "other-mask", message, key.sign(message, padding.PSS(padding.MGF1(other), digest.digest_size), digest)
        yield "pkcs1", message, key.sign(message, padding.PKCS1v15(), digest)
    if alg.startswith("RS"):
        other = hashes.SHA512() if alg != "RS512" else hashes.SHA256()
        yield "other-digest", message, key.sign(message, padding.PKCS1v15(), other)


def main():
    check_rfc()
    lines = []
    for alg in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]:
        if alg == "EdDSA":
            key = ed25519.Ed25519PrivateKey.generate()
        elif alg in CURVES:
            key = ec.generate_private_key(CURVES[alg][0]())
        else:
            key = rsa.generate_private_key(65537, 2048)
        parts = public(alg, key)
        for index, message in enumerate([b"", b"a", hashlib.sha512(alg.encode()).digest() * 20]):
            signature = sign(alg, key, message)
            verify(alg, parts, message, signature)
            lines.append((f"{alg}-{index}", alg, parts, message, signature, "good"))
        for what, other, bad in spoilt(alg, key, message, signature):
            try:
                verify(alg, parts, other, bad)
                raise SystemExit(f"{alg} {what} is good after all")
            except InvalidSignature:
                lines.append((f"{alg}-{what}", alg, parts, other, bad, "bad"))
    with open(VECTORS / "made.txt", "w") as out:
        for name, alg, parts, message, signature, verdict in lines:
            key = ":".join(map(encode, parts))
            print(name, alg, key, encode(message), encode(signature), verdict, file=out)


main()
