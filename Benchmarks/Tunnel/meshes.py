"""A ztunnel in a mesh of many workloads: of what they cost whom they are told about.

The control plane is the scenarios' own: it speaks as istiod does and pushes all, or answers what is asked for.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import subprocess
import time
from pathlib import Path

import labs  # noqa: F401  first: it shows the way to the scenarios' modules
from discovery_plane import ADDRESS, Authority, Istiod, load_messages
from measures import memory_kib
from network import inside
from pair import CLIENT, Pair, http, wait

PLANE = "127.0.0.1"
IDENTITY = "spiffe://cluster.local/ns/demo/sa/client"
TOKEN = "bench"
#: Workloads that a ztunnel on demand has asked for.
ASKED = 100


def address(number: int) -> str:
    """That of a workload."""
    return str(ipaddress.ip_address("10.128.0.0") + number)


def make_mesh(directory: Path, workloads: int) -> Istiod:
    """Services with ten tasks each, as large as they are on ECS, and the workload that the ztunnel serves."""
    messages = load_messages(directory)
    plane = Istiod(messages, Authority(), PLANE, {TOKEN: IDENTITY})
    workload_type, service_type = messages("istio.workload.Address"), messages("istio.workload.Service")

    def add(uid: str, ip: str, **fields) -> None:
        packed = ipaddress.ip_address(ip).packed
        message = plane.workload(
            uid, addresses=[packed], tunnel_protocol=1, cluster_id="ecs-prod", canonical_revision="42", **fields
        )
        plane.set(ADDRESS, uid, "1", message, [f"/{ip}"])

    add("client", CLIENT, name="client", namespace="demo", service_account="client")
    for number in range((workloads + 9) // 10):
        namespace, name = f"team-{number % 50}", f"service-{number}"
        host = f"{name}.{namespace}.mesh.internal"
        service = service_type(name=name, namespace=namespace, hostname=host, canonical=True)
        vip = ipaddress.ip_address("240.240.0.0") + number
        service.addresses.add(address=vip.packed)
        service.ports.add(service_port=80, target_port=8080)
        plane.set(ADDRESS, f"{namespace}/{host}", "1", workload_type(service=service), [f"/{vip}"])
    for number in range(workloads):
        namespace, name, task = f"team-{number // 10 % 50}", f"service-{number // 10}", f"{number:032x}"
        uid = f"ecs-prod/ecs.amazonaws.com/Task/{namespace}/{task}"
        add(
            uid, address(number), name=task, namespace=namespace, service_account=name, node=f"fargate/{task}",
            canonical_name=name, workload_name=name,
            locality={"region": "eu-west-1", "zone": f"eu-west-1{'abc'[number % 3]}"},
            services={f"{namespace}/{name}.{namespace}.mesh.internal": {"ports": [{"service_port": 80, "target_port": 8080}]}},
        )
    return plane


class KnowingLab(Pair):
    """One namespace with the control plane and a ztunnel; makes everything on enter, removes everything on exit."""

    def __init__(self, plane: Istiod, threads: int, is_on_demand: bool):
        self.plane, self.is_on_demand = plane, is_on_demand
        self.workloads = sum("/Task/" in name for name in plane.resources[ADDRESS])
        super().__init__({"ZTUNNEL_WORKER_THREADS": str(threads)})

    def make_network(self) -> None:
        for command in (
            ["netns", "add", self.client], ["-n", self.client, "link", "set", "lo", "up"],
            ["-n", self.client, "address", "add", f"{CLIENT}/32", "dev", "lo"],
        ):
            subprocess.run(["ip", *command], check=True)

    def __enter__(self) -> "KnowingLab":
        try:
            self.make_network()
            inside(self.client, self.plane.start)
            root, token = self.directory / "plane.pem", self.directory / "token"
            root.write_bytes(self.plane.authority.pem)
            token.write_text(TOKEN)
            mode = {"XDS_ON_DEMAND": "true", "ISTIO_META_DNS_CAPTURE": "false"} if self.is_on_demand else {}
            ztunnel = self.start(
                "client", XDS_ADDRESS=f"https://{PLANE}:15012", XDS_ROOT_CA=str(root), CA_ROOT_CA=str(root),
                AUTH_TOKEN=str(token), LOCAL_XDS_PATH=None, TULLE_CERT_FILE=None, TULLE_KEY_FILE=None,
                TULLE_ROOT_FILE=None, **mode,
            )
            self.wait_ready(self.client, 60)
            if self.is_on_demand:
                inside(self.client, lambda: [_connect(address(number)) for number in range(ASKED)])
            self.pid = ztunnel.pid
        except BaseException as error:
            said = self.logs()
            self.__exit__()
            if isinstance(error, Exception):
                raise RuntimeError(f"the knowing ztunnel does not come up: {error}\n{json.dumps(said)}") from error
            raise
        return self

    def __exit__(self, *_) -> None:
        self.plane.stop()
        super().__exit__()

    def resident_kib(self) -> int:
        time.sleep(0.45)
        return memory_kib(self.pid, "Rss")

    def check(self) -> None:
        """That ztunnel knows as many workloads as it should. Asking costs it memory."""
        dump = wait("the configuration", lambda: http(self.client, "http://127.0.0.1:15000/config_dump", 20))
        known, wanted = len(json.loads(dump)["workloads"]) - 1, ASKED if self.is_on_demand else self.workloads
        if known != wanted:
            raise RuntimeError(f"ztunnel knows {known} workloads and should know {wanted}")


def _connect(ip: str) -> None:
    """Asks ztunnel for a connection. Nobody is there; but by then it knows who would be."""
    with socket.create_connection(("127.0.0.1", 15080), 10) as client:
        client.sendall(f"CONNECT {ip}:8080 HTTP/1.1\r\nHost: {ip}\r\n\r\n".encode())
        client.settimeout(10)
        line = client.recv(4_096).split(b"\r\n")[0].decode(errors="replace")
        if " 5" not in line[8:10]:
            raise RuntimeError(f"a connection to {ip}, where nobody is, was answered with {line!r}")
