"""A ztunnel outside of ECS, whose certificates come from an authority of istiod's kind."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from istiod import Istiod, Root
from lab import program, wait

#: A loopback address of the test's own, as ztunnel's ports are fixed.
ADDRESS = "127.0.99.1"
IDENTITY = "spiffe://cluster.local/ns/demo/sa/app"


@pytest.fixture
def istiod():
    istiod = Istiod()
    yield istiod
    istiod.stop()


@pytest.fixture
def start(tmp_path, istiod):
    """Starts ztunnel with the authority's roots and a token in files; gives the process's log."""
    started = []

    def run(roots: bytes, **more: str):
        (tmp_path / "roots.pem").write_bytes(roots)
        (tmp_path / "token").write_text("first.token\n")
        environment = {
            "PATH": os.environ["PATH"], "TULLE_LISTEN_ADDRESS": ADDRESS, "INSTANCE_IP": ADDRESS,
            "PROXY_WORKLOAD_INFO": "demo/app-1/app", "TRUST_DOMAIN": "cluster.local", "CLUSTER_ID": "c1",
            "XDS_ADDRESS": "", "LOCAL_XDS": "{}", "CA_ADDRESS": f"https://127.0.0.1:{istiod.port}",
            "CA_ROOT_CA": str(tmp_path / "roots.pem"), "AUTH_TOKEN": str(tmp_path / "token"), **more,
        }
        log = tmp_path / "ztunnel.log"
        with open(log, "wb") as output:
            started.append(
                subprocess.Popen([program("TULLE_ZTUNNEL", "ztunnel")], env=environment, stdout=output, stderr=output)
            )
        return log

    yield run
    for process in started:
        process.terminate()
        process.wait(20)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{ADDRESS}:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def serial() -> int:
    """The serial number of the certificate in use; 0 without one."""
    status, body = get(15000, "/config_dump")
    certificates = json.loads(body)["certificates"] if status == 200 else []
    chains = [certificate["certChain"] for certificate in certificates if certificate["certChain"]]
    return int(chains[0][0]["serialNumber"]) if chains else 0


def test_an_authority_of_istiods_kind_gets_what_it_expects(istiod, start):
    root = Root("control plane")
    istiod.refusals = 2
    istiod.listen(root, "127.0.0.1")
    log = start(root.pem, CA_HEADER_x_extra="more")
    wait("a certificate", serial, 30)
    wait("readiness", lambda: get(15021, "/healthz/ready")[0] == 200, 10)
    # Refused twice, and tried again each time with a new key.
    assert len(istiod.requests) == 3
    assert len({request.csr.public_key().public_numbers() for request in istiod.requests}) == 3
    assert log.read_text().count("certificate not issued") == 2
    for request in istiod.requests:
        assert request.metadata["authorization"] == "Bearer first.token"
        assert request.metadata["clusterid"] == "c1"
        assert request.metadata["x_extra"] == "more"
        assert request.seconds == 86_400
        # The token is the workload's own, so nobody is impersonated.
        assert not request.impersonated
        assert len(request.csr.subject.rdns) == 0
        assert isinstance(request.csr.public_key().curve, ec.SECP256R1)
        [extension] = request.csr.extensions
        assert extension.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME and extension.critical
        assert list(extension.value) == [x509.UniformResourceIdentifier(IDENTITY)]
    assert "first.token" not in log.read_text() + get(15000, "/config_dump")[1]


def test_a_rotated_root_and_token_are_used_for_the_next_request(istiod, start, tmp_path):
    old, new = Root("old"), Root("new")
    istiod.seconds = 8
    istiod.listen(old, "127.0.0.1")
    log = start(old.pem)
    first = wait("a certificate", serial, 30)
    wait("a renewal", lambda: serial() not in (0, first), 15)
    istiod.stop()
    istiod.listen(new, "127.0.0.1")
    wait("a refusal of the unknown root", lambda: "peer_certificate_untrusted" in log.read_text(), 15)
    # What can't be read leaves the old root in use, which still isn't the right one.
    (tmp_path / "roots.pem").write_text("nonsense")
    wait("the file's refusal", lambda: "roots of the control plane are not read anew" in log.read_text(), 15)
    before = serial()
    (tmp_path / "token").write_text("second.token")
    (tmp_path / "roots.pem").write_bytes(new.pem)
    wait("a certificate by the new root", lambda: serial() not in (0, before), 30)
    assert istiod.requests[-1].metadata["authorization"] == "Bearer second.token"


def test_an_alternative_name_is_enough_and_any_other_is_not(istiod, start):
    root = Root("control plane")
    istiod.listen(root, "istiod.test")
    log = start(root.pem, ALT_CA_HOSTNAME="istiod.test")
    wait("a certificate", serial, 30)
    assert "peer_identity_mismatch" not in log.read_text()


def test_a_server_of_another_name_is_not_asked(istiod, start):
    root = Root("control plane")
    istiod.listen(root, "istiod.test")
    log = start(root.pem)
    wait("the refusal", lambda: "peer_identity_mismatch" in log.read_text(), 30)
    assert not istiod.requests
    assert get(15021, "/healthz/ready")[0] == 500
