"""Two replicas of tulled that share a table, behind one address: one dies under traffic and under writes."""

from __future__ import annotations

import datetime
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from control_plane import ControlPlane
from definitions import workload
from load import Load
from mesh import CLUSTER, NAMESPACE, ROOT, Mesh
from network import connect, echoes

PORT = 9000
TABLE = "tulle-shared"
#: Where the replicas listen behind the address that data planes call.
PORTS = (15112, 15113)


def make_authority(directory: Path) -> None:
    """The files of a plugged-in authority: both replicas sign with it."""
    directory.mkdir()
    now = datetime.datetime.now(datetime.timezone.utc)
    signer = None
    for name in ("root", "ca"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer, issuer_key = signer or (subject, key)
        certificate = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        (directory / ("root-cert.pem" if name == "root" else "ca-cert.pem")).write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
        )
        if name == "ca":
            (directory / "ca-key.pem").write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        signer = (subject, key)
    (directory / "cert-chain.pem").write_bytes((directory / "ca-cert.pem").read_bytes())
    (directory / "ca-key.pem").chmod(0o600)


def balancer(mesh: Mesh) -> subprocess.Popen:
    """Envoy as a network load balancer: TCP to the replicas that answer."""
    def address(host: str, port: int) -> dict:
        return {"socket_address": {"address": host, "port_value": port}}

    proxy = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "replicas", "cluster": "replicas", "max_connect_attempts": 5,
    }
    cluster = {
        "name": "replicas", "type": "STATIC", "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "replicas",
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address(mesh.host, port)}} for port in PORTS]}
            ],
        },
        "health_checks": [
            {
                "timeout": "1s", "interval": "0.5s", "no_traffic_interval": "0.5s", "unhealthy_threshold": 1,
                "healthy_threshold": 1, "tcp_health_check": {},
            }
        ],
        # With one replica up it gets everything.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }
    listener = {
        "name": "control-plane", "address": address(mesh.host, 15012),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}],
    }
    config = mesh.directory / "balancer.json"
    config.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}}))
    program = next((ROOT / ".venv/lib").glob("python3*/site-packages/envoy/_bin/envoy"))
    with open(mesh.directory / "balancer.log", "wb") as log:
        return subprocess.Popen(
            [program, "-c", str(config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )


class Replicas(Mesh):
    """A mesh with two replicas of the control plane."""

    def __init__(self, directory: Path, number: int):
        super().__init__(directory, number, prepare=lambda _: self._prepare())
        first = self.control_plane
        self.second = ControlPlane(
            self, CLUSTER, first.zones, first.bindings, "tulled-2", first.admin_port + 100
        )
        self.replicas = (first, self.second)
        for replica, port in zip(self.replicas, PORTS):
            replica.port = port
            replica.options = [
                "--shared-table", TABLE, "--authority", "plugged-in", "--authority-dir", str(directory / "cacerts"),
            ]
        self.balancer: subprocess.Popen | None = None

    def _prepare(self) -> None:
        self.client("dynamodb").create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
        make_authority(self.directory / "cacerts")
        self.balancer = balancer(self)

    def close(self) -> None:
        self.second.stop()
        if self.balancer:
            self.balancer.kill()
            self.balancer.wait(10)
        super().close()


def call(replica: ControlPlane, path: str, body: str | None = None, method: str | None = None) -> tuple[int, dict]:
    """Status and JSON of the admin API; status 0 where nobody answers to the end."""
    request = urllib.request.Request(
        f"{replica.bootstrap_url}{path}", body.encode() if body else None, {"content-type": "application/yaml"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except (OSError, ValueError):
        return 0, {}


def policy(name: str, namespace: str = "elsewhere") -> str:
    return (
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{action: DENY, rules: [{{}}]}}\n"
    )


class Writer:
    """Applies one policy after another at a replica, and remembers what became of each."""

    def __init__(self, replica: ControlPlane, name: str):
        self.replica = replica
        self.name = name
        self.accepted: list[str] = []
        self.statuses: dict[int, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        count = 0
        while not self._stop.is_set():
            name = f"{self.name}-{count}"
            status, answer = call(self.replica, "/v1/resources", policy(name))
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                assert [result["action"] for result in answer["results"]] == ["created"], answer
                self.accepted.append(name)
            # People and pipelines pause; without it one replica may come before the other five times in a row.
            time.sleep(0.1 if status == 0 else 0.03)
            count += 1

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()


def shared(replica: ControlPlane) -> dict:
    return call(replica, "/v1/version")[1].get("shared", {})


def holders(replica: ControlPlane) -> dict[str, bool]:
    return {lease["work"]: lease["isOurs"] for lease in shared(replica).get("leases", [])}


def declared(replica: ControlPlane) -> set[str]:
    return {item["metadata"]["name"] for item in call(replica, "/v1/resources")[1].get("items", [])}


def versions(replica: ControlPlane) -> dict[str, str]:
    return {each["name"]: each["version"] for each in call(replica, "/debug/resources")[1].get("resources", [])}


def identities(replica: ControlPlane) -> set[str]:
    status, connections = call(replica, "/debug/connections")
    return {each["identity"].rpartition("/")[2] for each in connections} if status == 200 else set()


def reaches(namespace: str, address: str) -> bool:
    try:
        with connect(namespace, address, PORT, 2) as connection:
            return echoes(connection, b"hello")
    except OSError:
        return False


def test_a_replica_dies_under_traffic_and_writes_and_nothing_is_lost(tmp_path):
    with Replicas(tmp_path, 11) as mesh:
        mesh.second.start()
        for name in ("shell", "echo"):
            mesh.make_service(
                name, mesh.make_role(name), [workload("tcp", "tcp-echo", str(PORT), port=PORT)],
                tags={"tulle/ports": f"tcp:{PORT}"},
            )
            mesh.enrol(name, name, "appmesh")
        for name in ("shell", "echo"):
            mesh.wait_enrolled(name)
        shell = mesh.task("shell")["namespace"]
        echo = mesh.wait("echo's address", lambda: mesh.address_of(f"echo.{NAMESPACE}"), 30)
        mesh.wait("shell to reach echo", lambda: reaches(shell, echo), 30)

        # The one that does what one replica only may do is the one that dies.
        works = {"route53", "events"}
        mesh.wait(
            "both leases to be held", lambda: works <= {w for r in mesh.replicas for w, o in holders(r).items() if o}, 15
        )
        victim, survivor = mesh.replicas if holders(mesh.replicas[0])["route53"] else reversed(mesh.replicas)
        # Two services and their tasks; those from before they were enrolled are gone by then.
        mesh.wait(
            "both replicas to say the same",
            lambda: len(versions(victim)) == 4 and versions(victim) == versions(survivor), 30,
        )
        before = versions(survivor)

        with Load(shell, echo, PORT, every=0.02) as load:
            with Writer(victim, "victim") as first, Writer(survivor, "survivor") as second:
                mesh.wait("writes at both", lambda: min(len(first.accepted), len(second.accepted)) > 5, 20)
                victim.kill()
                died, written = time.monotonic(), len(second.accepted)
                mesh.wait("the leases to be taken over", lambda: holders(survivor) == dict.fromkeys(works, True), 10)
                taken = time.monotonic() - died
                mesh.wait("writes to go on", lambda: len(second.accepted) > written + 10, 10)
                mesh.wait("data planes to be back", lambda: {"shell", "echo"} <= identities(survivor), 20)
        print(f"leases after {taken:.1f} s, {load.done} connections, writes {first.statuses} and {second.statuses}")
        assert not load.failures and load.done > 100, load.failures[:5]
        # What was not accepted was said so: another came before, or nobody answered any more.
        assert set(first.statuses) <= {0, 200, 409} and set(second.statuses) <= {200, 409}
        accepted = set(first.accepted + second.accepted)
        assert accepted <= declared(survivor), accepted - declared(survivor)
        assert versions(survivor) == before, "nobody was told anything new"

        # Changes reach those that moved.
        assert call(survivor, "/v1/resources", policy("closed", NAMESPACE))[0] == 200
        mesh.wait("the policy to be in force", lambda: not reaches(shell, echo), 10)
        path = f"/v1/resources/AuthorizationPolicy/{NAMESPACE}/closed"
        assert call(survivor, path, method="DELETE")[0] == 200
        mesh.wait("the policy to be gone", lambda: reaches(shell, echo), 10)

        # The one that died catches up.
        victim.start()
        mesh.wait("it to have all", lambda: declared(victim) == declared(survivor), 15)
        assert accepted <= declared(victim) and shared(victim)["revision"] == shared(survivor)["revision"]
        mesh.wait("it to say the same", lambda: versions(victim) == before, 15)
        assert call(victim, "/v1/resources", policy("last"))[0] == 200
        mesh.wait("the other one to have it", lambda: "last" in declared(survivor), 5)
        # A graceful stop gives the leases back at once.
        survivor.stop()
        mesh.wait("the leases to be handed over", lambda: holders(victim) == dict.fromkeys(works, True), 4)
        assert reaches(shell, echo)
