"""Two captured tasks without control plane: certificates from files and state from a file, so that tests can be rough.

`client` and `server` are network namespaces with a ztunnel each. The server's applications are started here; what the
client's applications connect to on their ports is redirected to its ztunnel, as the platform does it.
"""

from __future__ import annotations

import datetime
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from network import inside, outcome

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "Tests" / "Scenarios" / "clients"
USER = 15301
#: The server's applications: port to what it does with a connection.
APPLICATIONS = {9000: "echo", 9001: "sink", 9002: "source", 9003: "deaf", 9004: "close"}
#: A port of the server that is no part of the mesh's protocol: for plain traffic.
SERVER, CLIENT = "10.91.0.2", "10.91.0.1"
PEM = serialization.Encoding.PEM
_numbers = itertools.count()


class Authority:
    """A root, and certificates for SPIFFE identities under it."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "cluster.local")])
        self.certificate = self._sign(self.name, self.key.public_key(), [
            (x509.BasicConstraints(True, None), True),
            (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True),
        ], 86_400)
        directory.mkdir(parents=True, exist_ok=True)
        self.root = directory / "root.pem"
        self.root.write_bytes(self.certificate.public_bytes(PEM))
        self.root.chmod(0o644)

    def _sign(self, subject, key, extensions, seconds: int):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=2))
            .not_valid_after(now + datetime.timedelta(seconds=seconds))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name: str, seconds: int = 3_600) -> tuple[Path, Path]:
        """Writes a certificate and key of `spiffe://cluster.local/ns/demo/sa/<name>`, in place of earlier ones."""
        key = ec.generate_private_key(ec.SECP256R1())
        uri = x509.UniformResourceIdentifier(f"spiffe://cluster.local/ns/demo/sa/{name}")
        certificate = self._sign(x509.Name([]), key.public_key(), [
            (x509.SubjectAlternativeName([uri]), True),
            (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
            (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        ], seconds)
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        # The key first: whoever watches the certificate finds both.
        return self._write(f"{name}.crt", certificate.public_bytes(PEM), f"{name}.key", private)

    def _write(self, chain: str, chain_bytes: bytes, key: str, key_bytes: bytes) -> tuple[Path, Path]:
        for file, content in ((key, key_bytes), (chain, chain_bytes)):
            fresh = self.directory / f".{file}"
            fresh.write_bytes(content)
            fresh.chmod(0o644)
            fresh.rename(self.directory / file)
        return self.directory / chain, self.directory / key


@dataclass
class Ztunnel:
    """A running ztunnel of one side."""

    process: subprocess.Popen
    namespace: str
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def status(self, field_name: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{field_name}:\s+(\d+)", text)[1])

    @property
    def resident_kib(self) -> int:
        return self.status("VmRSS")

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def metric(self, name: str) -> float:
        """The sum of a metric over all its labels."""
        text = http(self.namespace, "http://127.0.0.1:15020/metrics") or ""
        values = re.findall(rf"^{re.escape(name)}(?:\{{[^\n]*\}})? ([0-9.eE+-]+)$", text, re.MULTILINE)
        return sum(map(float, values))

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)


def http(namespace: str, url: str, seconds: float = 3) -> str | None:
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, "curl", "-sf", "-m", str(seconds), url], capture_output=True, text=True
    )
    return done.stdout if done.returncode == 0 else None


def wait(what: str, condition, seconds: float = 20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s for {what}")


@dataclass
class Pair:
    """Makes everything on enter, removes everything on exit."""

    #: Settings of both ztunnels.
    environment: dict[str, str] = field(default_factory=dict)
    policies: list[dict] = field(default_factory=list)
    #: The most descriptors of a ztunnel; None leaves the system's limit.
    descriptors: int | None = None

    def __post_init__(self) -> None:
        self.binary = os.environ.get("TULLE_ZTUNNEL") or str(ROOT / "out" / "ztunnel")
        if not os.access(self.binary, os.X_OK):
            raise FileNotFoundError(f"{self.binary} is not built; run `make release`, or set TULLE_ZTUNNEL")
        # Not one of pytest's: those are closed to ztunnel's user.
        self.directory = Path(tempfile.mkdtemp(prefix="tulle-pair-"))
        self.directory.chmod(0o777)
        tag = f"{os.getpid() % 100_000}-{next(_numbers)}"
        self.client, self.server = f"tulle-c{tag}", f"tulle-s{tag}"
        self.authority = Authority(self.directory / "certificates")
        self.processes: list[subprocess.Popen] = []
        self.started = 0
        for name in ("client", "server", "attacker"):
            self.authority.issue(name)
        self.state = self.directory / "state.yaml"
        self.write_state()

    # --- life -------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Pair":
        try:
            self.make_network()
            for port, kind in APPLICATIONS.items():
                self.run(self.server, [sys.executable, str(CLIENTS / "application.py"), kind, str(port)])
            self.server_ztunnel = self.start("server")
            self.client_ztunnel = self.start("client")
            self.wait_ready(self.server)
            self.wait_ready(self.client)
            for port in APPLICATIONS:
                wait(f"the application on port {port}", lambda: outcome(self.server, SERVER, port, b"", 0.2) != "refused")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        for namespace in (self.client, self.server):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def logs(self) -> dict[str, str]:
        """The ends of all ztunnels' logs, without the connections that went well."""
        found = {}
        for log in sorted(self.directory.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            found[log.stem] = "\n".join(line for line in lines if "connection complete" not in line or "error=" in line)[-4000:]
        return found

    def make_network(self) -> None:
        def ip(*arguments: str) -> None:
            subprocess.run(["ip", *arguments], check=True)

        for namespace in (self.client, self.server):
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        ip("-n", self.client, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.server)
        for namespace, address in ((self.client, CLIENT), (self.server, SERVER)):
            ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", namespace, "link", "set", "eth0", "up")
        ports = ",".join(map(str, APPLICATIONS))
        rules = f"""
            table ip tulle {{
                chain out {{
                    type nat hook output priority -100;
                    meta skuid {USER} accept
                    ip daddr {SERVER} tcp dport {{ {ports} }} redirect to :15001
                }}
            }}
        """
        subprocess.run(
            ["ip", "netns", "exec", self.client, "nft", "-f", "-"], input=rules, text=True, check=True
        )

    def run(self, namespace: str, command: list[str], **options) -> subprocess.Popen:
        process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command], stdin=subprocess.DEVNULL, **options
        )
        self.processes.append(process)
        return process

    def start(self, side: str, **more: str) -> Ztunnel:
        """Starts a ztunnel of the side; there may be one already."""
        namespace = self.client if side == "client" else self.server
        self.started += 1
        log = self.directory / f"ztunnel-{side}-{self.started}.log"
        environment = {
            "PATH": os.environ["PATH"], "PROXY_MODE": "dedicated", "PROXY_WORKLOAD_INFO": f"demo/{side}/{side}",
            "XDS_ADDRESS": "", "LOCAL_XDS_PATH": str(self.state), "INSTANCE_IP": SERVER if side == "server" else CLIENT,
            "TULLE_CERT_FILE": str(self.authority.directory / f"{side}.crt"),
            "TULLE_KEY_FILE": str(self.authority.directory / f"{side}.key"),
            "TULLE_ROOT_FILE": str(self.authority.root), "NODE_NAME": side, "CLUSTER_ID": "pair",
            "ISTIO_META_DNS_CAPTURE": "true", "RUST_LOG": "info,access=warn",
            "TULLE_RESTART_SOCKET": str(self.directory / f"{side}.sock"), **self.environment, **more,
        }
        for name in list(environment):
            if environment[name] is None:
                del environment[name]
        command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", self.binary]
        if self.descriptors:
            command = ["prlimit", f"--nofile={self.descriptors}:{self.descriptors}", *command]
        with open(log, "wb") as output:
            process = self.run(namespace, command, env=environment, stdout=output, stderr=output)
        return Ztunnel(process, namespace, log)

    def wait_ready(self, namespace: str, seconds: float = 20) -> None:
        wait(
            f"ztunnel of {namespace} to be ready",
            lambda: http(namespace, "http://127.0.0.1:15021/healthz/ready", 1), seconds,
        )

    # --- state ------------------------------------------------------------------------------------------------------

    def write_state(self, more: list[dict] | None = None) -> None:
        """The mesh as both ztunnels see it, in Istio's local format; JSON is YAML too."""
        def workload(name: str, address: str) -> dict:
            return {
                "uid": f"pair//Pod/demo/{name}", "name": name, "namespace": "demo", "serviceAccount": name,
                "workloadIps": [address], "protocol": "HBONE", "node": name, "network": "",
            }

        workloads = [workload("client", CLIENT), workload("server", SERVER), *(more or [])]
        state = {"policies": self.policies, "services": [], "workloads": workloads}
        fresh = self.directory / ".state.yaml"
        fresh.write_text(json.dumps(state))
        fresh.rename(self.state)

    def inside(self, namespace: str, body):
        return inside(namespace, body)
