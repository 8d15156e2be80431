"""A client with our ztunnel, and behind its tunnels a waypoint with the application: once ours, once Envoy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import boto3

import envoy_parts
from bench_lab import ROOT, SERVER, BenchLab
from envoy_waypoint import waypoint
from identities import issue
from network import inside
from pair import CLIENT, http, wait
from resources import ACCOUNT, NAMESPACE, PORT, SERVICES, Tokens, declared, host, request_headers

#: Bytes of an answer.
BODY = 1024
MOTO, ADMIN = 4566, 15014


class WaypointLab(BenchLab):
    """`services` are those of `resources.SERVICES` that are declared."""

    program: str
    peer: str

    def __init__(self, threads: int, services: list[str], tokens: Tokens):
        self.services, self.tokens = services, tokens
        super().__init__(threads)

    def bring_up(self) -> None:
        self.inside_of(self.client, "ip", "route", "add", "10.93.0.0/16", "via", SERVER)
        self._start_application()
        started = self.start_waypoint()
        self.start("client", ZTUNNEL_WORKER_THREADS=str(self.threads))
        self.wait_ready(self.client)
        for service in self.services:
            # What is declared holds once a request without what it asks for is refused.
            wait(f"{service} through {self.name}", lambda: self._status(service, True) == "200", 30)
            if request_headers(service, ""):
                wait(f"{service} to hold through {self.name}", lambda: self._status(service, False) in ("403", "404"), 30)
        self.pid = self.check(started, self.program)

    def captured(self) -> str:
        return "ip daddr 10.93.0.0/16 tcp dport 80 redirect to :15001"

    def write_state(self, more: list[dict] | None = None) -> None:
        """The client's ztunnel knows the services and their waypoint."""
        def workload(name: str, address: str, account: str) -> dict:
            return {
                "uid": f"bench//Task/{NAMESPACE}/{name}", "name": name, "namespace": NAMESPACE, "serviceAccount": account,
                "workloadIps": [address], "protocol": "HBONE", "node": name, "network": "",
            }

        services = [
            {
                "name": service, "namespace": NAMESPACE, "hostname": host(service), "vips": [f"/{SERVICES[service]}"],
                "ports": {"80": PORT}, "waypoint": {"destination": f"/{SERVER}", "hboneMtlsPort": 15008},
            }
            for service in self.services
        ]
        workloads = [workload("client", CLIENT, "client"), workload("waypoint", SERVER, ACCOUNT)]
        self.state.write_text(json.dumps({"policies": [], "services": services, "workloads": workloads}))

    def _start_application(self) -> None:
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if not nginx:
            raise FileNotFoundError("no nginx on PATH; run `make setup`")
        config = self.directory / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {self.directory}/nginx.pid; error_log stderr; worker_processes 1; user root;\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; server_tokens off;\n"
            f"server {{ listen {PORT} backlog=4096; location / {{ return 200 '{'x' * BODY}'; }} }} }}\n"
        )
        self.run_logged(self.server, "nginx", [nginx, "-c", str(config), "-e", "stderr"])

    def _status(self, service: str, is_right: bool) -> str:
        headers = request_headers(service, self.tokens.token) if is_right else {}
        options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        command = ["curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", *options, f"http://{SERVICES[service]}/"]
        return subprocess.run(["ip", "netns", "exec", self.client, *command], capture_output=True, text=True).stdout


class TulleWaypoint(WaypointLab):
    """Ours has its state from a control plane, which runs beside it and has nothing to do while it is measured."""

    name, program, peer = "our waypoint", "waypoint", "tulle"

    def start_waypoint(self) -> subprocess.Popen:
        self._start_control_plane()
        resources = declared(self.services, SERVER, self.tokens.keys)
        self._tulle("apply", "-f", "-", input="\n---\n".join(map(json.dumps, resources)))
        issued = issue(self.plane_state, self.authority.directory, f"spiffe://cluster.local/ns/{NAMESPACE}/sa/client")
        for part, name in (("chain", "client.crt"), ("key", "client.key")):
            issued[part].rename(self.authority.directory / name)
        token = self._tulle("bootstrap", "--platform", "vm", "-n", NAMESPACE, "-s", ACCOUNT).strip()
        environment = {
            "PATH": os.environ["PATH"], "BOOTSTRAP_TOKEN": token, "INSTANCE_IP": SERVER, "TULLE_IDENTITY_FILE": "",
            "WORKER_THREADS": str(self.threads), "LOG_LEVEL": "info",
        }
        binary = _built("TULLE_WAYPOINT", "waypoint")
        limit = ["prlimit", f"--nofile={self.descriptors}:{self.descriptors}"]
        process = self.run_logged(self.server, "waypoint", [*limit, binary], env=environment)
        self.wait_ready(self.server)
        return process

    def _start_control_plane(self) -> None:
        self.plane_state = self.directory / "tulled"
        endpoint = f"http://127.0.0.1:{MOTO}"
        moto = [str(ROOT / ".venv/bin/moto_server"), "-H", "127.0.0.1", "-p", str(MOTO)]
        self.run_logged(self.server, "moto", moto)
        wait("moto", lambda: http(self.server, f"{endpoint}/moto-api/data.json"), 30)
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        inside(self.server, lambda: boto3.client("ecs", endpoint_url=endpoint, **keys).create_cluster(clusterName="bench"))
        environment = {
            **os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true",
        }
        flags = {
            "state-dir": self.plane_state, "listen": f"{SERVER}:15012", "admin-listen": f"127.0.0.1:{ADMIN}",
            "public-url": f"https://{SERVER}:15012", "server-name": SERVER, "cluster": "bench", "region": "us-east-1",
            "sts-endpoint": f"us-east-1={endpoint}", "poll-interval": "10m",
        }
        command = [_built("TULLE_TULLED", "tulled"), *(word for key, value in flags.items() for word in (f"--{key}", str(value)))]
        self.run_logged(self.server, "tulled", command, env=environment)
        wait("tulled", lambda: http(self.server, f"http://127.0.0.1:{ADMIN}/healthz"), 30)

    def _tulle(self, *arguments: str, **options) -> str:
        command = [_built("TULLE_CLI", "tulle"), *arguments, "--control-plane", f"http://127.0.0.1:{ADMIN}"]
        return self.inside_of(self.server, *command, **options)


class EnvoyWaypoint(WaypointLab):
    name, program, peer = "Envoy as waypoint", "envoy", "envoy"

    def start_waypoint(self) -> subprocess.Popen:
        self.authority.issue(ACCOUNT)
        config = waypoint(self.authority.directory, self.services, SERVER, self.tokens.keys)
        return self.run_envoy(self.server, "waypoint", config, envoy_parts.binary())


def _built(variable: str, name: str) -> str:
    path = Path(os.environ.get(variable) or ROOT / "out" / name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not built; run `make release`, or set {variable}")
    return str(path)
