"""A whole mesh in the lab: AWS API, control plane, services in tasks of their own network namespaces."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "Tests" / "Scenarios" / "clients"
SUBNET = "10.78.0.0/16"
HOST = "10.78.0.1"
BRIDGE = "tulle-test0"
CLUSTER = "scenarios"
NAMESPACE = "demo"
ADMIN_PORT = 15914


def program(variable: str, name: str) -> str:
    path = os.environ.get(variable) or str(ROOT / ".build" / "debug" / name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not built; run `make scenario`, or set {variable}")
    return path


class Mesh:
    """Starts everything on enter, removes everything on exit."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.ztunnel = program("TULLE_ZTUNNEL", "ztunnel")
        self.tulled = program("TULLE_TULLED", "tulled")
        self.tulle = program("TULLE_CLI", "tulle")
        self.lab = program("TULLE_LAB", "tulle-lab")
        self.lab_state = directory / "lab"
        self.control_state = directory / "tulled"
        self.environment = dict(os.environ)
        self.control: subprocess.Popen | None = None
        #: What each service's ztunnel held resident, in KiB, before any traffic but the first request.
        self.idle_memory: dict[str, int] = {}

    # --- life -------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Mesh":
        try:
            self.start_lab()
            self.start_control_plane()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        if self.control and self.control.poll() is None:
            self.control.terminate()
            try:
                self.control.wait(20)
            except subprocess.TimeoutExpired:
                self.control.kill()
        subprocess.run(self.lab_command("down", "--keep-logs"), check=False, timeout=120)

    def lab_command(self, verb: str, *arguments: str) -> list[str]:
        return [self.lab, verb, "--state-dir", str(self.lab_state), *arguments]

    def start_lab(self) -> None:
        images = {"images": {"tulle/ztunnel": {"entryPoint": ["/ztunnel"], "files": {"/ztunnel": self.ztunnel}}}}
        config = self.directory / "lab.json"
        config.write_text(json.dumps(images))
        arguments = ["--detach", "--subnet", SUBNET, "--bridge", BRIDGE, "--port", "4520", "--config", str(config)]
        arguments += ["--python", str(ROOT / ".venv/bin/python3"), "--scripts", str(ROOT / "scripts/lab")]
        subprocess.run(self.lab_command("up", *arguments), check=True, timeout=120)
        for line in (self.lab_state / "env").read_text().splitlines():
            found = re.match(r"export (\w+)='(.*)'$", line)
            if found:
                self.environment[found[1]] = found[2]

    def start_control_plane(self, *more: str) -> None:
        log = open(self.directory / "tulled.log", "ab")
        arguments = [self.tulled, "--state-dir", str(self.control_state)]
        arguments += ["--listen", f"{HOST}:15012", "--admin-listen", f"127.0.0.1:{ADMIN_PORT}"]
        arguments += ["--public-url", f"https://{HOST}:15012", "--server-name", HOST]
        arguments += ["--cluster", CLUSTER, "--poll-interval", "1s", "--region", "us-east-1"]
        arguments += ["--sts-endpoint", f"us-east-1={self.environment['AWS_ENDPOINT_URL']}"]
        arguments += ["--route53-zone", NAMESPACE, "--route53-zone", "mesh.internal"]
        for role in ("shell", "echo", "gone"):
            account = self.environment["TULLE_LAB_ACCOUNT_ID"]
            arguments += ["--binding", f"arn:aws:iam::{account}:role/{role}={NAMESPACE}/{role}"]
        self.control = subprocess.Popen(
            [*arguments, *more], env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        self.wait("tulled to be ready", lambda: self.http(f"http://127.0.0.1:{ADMIN_PORT}/healthz") is not None)

    # --- tools ------------------------------------------------------------------------------------------------------

    @staticmethod
    def http(url: str) -> str | None:
        done = subprocess.run(["curl", "-sf", "-m", "3", url], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    @staticmethod
    def wait(what: str, condition, seconds: float = 60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.2)
        raise TimeoutError(f"waited {seconds} s for {what}")

    def aws(self, *arguments: str) -> dict:
        done = subprocess.run(
            [str(ROOT / ".venv/bin/aws"), *arguments, "--output", "json"],
            env=self.environment, capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, f"aws {' '.join(arguments[:2])}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def cli(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.tulle, *arguments], env=self.environment, capture_output=True, text=True, timeout=120
        )

    def tasks(self) -> list[dict]:
        done = subprocess.run(self.lab_command("status", "--json"), capture_output=True, text=True, timeout=20)
        return json.loads(done.stdout)["tasks"] if done.returncode == 0 else []

    def task(self, service: str) -> dict:
        running = [t for t in self.tasks() if t.get("service") == service and t["lastStatus"] == "RUNNING"]
        assert running, f"no running task of {service}"
        return running[-1]

    def exec(self, service: str, *command: str, seconds: float = 60, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            self.lab_command("exec", service, "--", *command), capture_output=True, text=True, timeout=seconds
        )
        if check:
            assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def popen(self, service: str, *command: str) -> subprocess.Popen:
        return subprocess.Popen(
            self.lab_command("exec", service, "--", *command),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def logs(self, service: str, container: str) -> str:
        done = subprocess.run(
            self.lab_command("logs", service, "--container", container), capture_output=True, text=True, timeout=20
        )
        return done.stdout

    def processes(self, service: str, name: str) -> list[int]:
        """Processes of a service's task whose program is `name`."""
        task = self.task(service)
        done = subprocess.run(
            ["ip", "netns", "pids", task["namespace"]], capture_output=True, text=True, check=True
        )
        found = []
        for pid in map(int, done.stdout.split()):
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            # A health check is the same program for a moment.
            if b"healthcheck" in line:
                continue
            if line and os.path.basename(line[0].decode(errors="replace")) == name:
                found.append(pid)
        return found

    def resident_kib(self, service: str) -> int:
        """VmRSS of the service's ztunnel."""
        [pid] = self.processes(service, "ztunnel")
        status = Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    # --- services ---------------------------------------------------------------------------------------------------

    def make_zone(self, name: str) -> None:
        vpc = f"VPCRegion=us-east-1,VPCId={self.environment['TULLE_LAB_VPC_ID']}"
        self.aws(
            "route53", "create-hosted-zone", "--name", name, "--caller-reference", name, "--vpc", vpc,
            "--hosted-zone-config", "PrivateZone=true",
        )

    def make_role(self, name: str) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        made = self.aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", json.dumps(trust))
        return made["Role"]["Arn"]

    def make_service(self, name: str, role: str, containers: list[dict], tags: dict[str, str] | None = None) -> None:
        definition = {
            "family": name, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "taskRoleArn": role, "containerDefinitions": containers,
        }
        self.aws("ecs", "register-task-definition", "--cli-input-json", json.dumps(definition))
        subnets = self.environment["TULLE_LAB_SUBNETS"].split(",")
        network = {
            "awsvpcConfiguration": {
                "subnets": subnets, "securityGroups": [self.environment["TULLE_LAB_SECURITY_GROUP"]],
            }
        }
        arguments = ["--cluster", CLUSTER, "--service-name", name, "--task-definition", name]
        arguments += ["--desired-count", "1", "--launch-type", "FARGATE", "--network-configuration", json.dumps(network)]
        arguments += ["--propagate-tags", "SERVICE", "--enable-ecs-managed-tags"]
        if tags:
            arguments += ["--tags", *[f"key={key},value={value}" for key, value in tags.items()]]
        self.aws("ecs", "create-service", *arguments)

    def enrol(self, service: str, account: str, capture: str) -> None:
        done = self.cli(
            "ecs", "add-service", service, "--cluster", CLUSTER, "--namespace", NAMESPACE, "--service-account", account,
            "--capture", capture, "--image", "tulle/ztunnel", "--control-plane", f"http://127.0.0.1:{ADMIN_PORT}",
        )
        assert done.returncode == 0, done.stderr

    def wait_enrolled(self, service: str) -> None:
        def ready() -> bool:
            tasks = [t for t in self.tasks() if t.get("service") == service]
            return bool(tasks) and all(
                t["lastStatus"] == "RUNNING" and any(c["name"] == "ztunnel" for c in t["containers"]) for t in tasks
            )

        self.wait(f"{service} to run with ztunnel", ready, 90)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
