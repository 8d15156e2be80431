"""A lab of its own network, and what a test asks of it: tasks, commands in them, logs, processes."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "Tests" / "Scenarios" / "clients"
#: Who may take on a task's role.
TASK_ROLE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def program(variable: str, name: str) -> str:
    """A built program: from the environment, or of the debug build."""
    path = os.environ.get(variable) or str(ROOT / ".build" / "debug" / name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not built; run `make scenario`, or set {variable}")
    return path


def wait(what: str, condition, seconds: float = 60):
    """The first true value of `condition`; fails naming `what` after a time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise TimeoutError(f"waited {seconds} s for {what}")


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float = 5):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Lab:
    """`number` keeps labs on one machine apart: network 10.(78+number).0.0/16, bridge, ports."""

    wait = staticmethod(wait)

    def __init__(self, directory: Path, number: int = 0):
        self.number = number
        self.directory = directory
        self.program = program("TULLE_LAB", "tulle-lab")
        self.lab_state = directory / "lab"
        self.subnet = f"10.{78 + number}.0.0/16"
        self.host = f"10.{78 + number}.0.1"
        self.bridge = f"tulle-test{number}"
        self.environment = dict(os.environ)
        #: The cluster that services are made in.
        self.cluster = "default"

    # --- life -------------------------------------------------------------------------------------------------------

    def up(self, *options: str, images: dict | None = None) -> None:
        python = os.environ.get("TULLE_LAB_PYTHON") or str(ROOT / ".venv/bin/python3")
        arguments = ["--detach", "--subnet", self.subnet, "--bridge", self.bridge, "--port", str(4520 + self.number)]
        arguments += ["--python", python, "--scripts", str(ROOT / "scripts/lab"), *options]
        if images:
            config = self.directory / "lab.json"
            config.write_text(json.dumps({"images": images}))
            arguments += ["--config", str(config)]
        subprocess.run(self.command("up", *arguments), check=True, timeout=120)
        for line in (self.lab_state / "env").read_text().splitlines():
            found = re.match(r"export (\w+)='(.*)'$", line)
            if found:
                self.environment[found[1]] = found[2]

    def down(self) -> None:
        subprocess.run(self.command("down", "--keep-logs"), check=False, timeout=120)

    def command(self, verb: str, *arguments: str) -> list[str]:
        return [self.program, verb, "--state-dir", str(self.lab_state), *arguments]

    def run(self, verb: str, *arguments: str, check: bool = True, seconds: float = 120) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(verb, *arguments), capture_output=True, text=True, timeout=seconds)
        assert not check or done.returncode == 0, f"{verb} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    # --- the AWS API ------------------------------------------------------------------------------------------------

    def aws(self, *arguments: str) -> dict:
        """The real CLI, as a person uses it."""
        done = subprocess.run(
            [str(ROOT / ".venv/bin/aws"), *arguments, "--output", "json"],
            env=self.environment, capture_output=True, text=True, timeout=90,
        )
        assert done.returncode == 0, f"aws {' '.join(arguments[:2])}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def client(self, service: str):
        """boto3, where many calls would take the CLI too long."""
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    @property
    def network(self) -> dict:
        """What a service or task in network mode awsvpc is created with."""
        return {
            "awsvpcConfiguration": {
                "subnets": self.environment["TULLE_LAB_SUBNETS"].split(","),
                "securityGroups": [self.environment["TULLE_LAB_SECURITY_GROUP"]],
            }
        }

    def make_cluster(self, name: str) -> None:
        self.client("ecs").create_cluster(clusterName=name)
        self.cluster = name

    def create(self, definition: dict, tags: dict[str, str] | None = None, **more) -> None:
        """A service of the definition's family, made by API; `more` goes to CreateService."""
        ecs = self.client("ecs")
        ecs.register_task_definition(**definition)
        name = definition["family"]
        request = {"cluster": self.cluster, "serviceName": name, "taskDefinition": name, **more}
        request["enableECSManagedTags"] = True
        if request.get("schedulingStrategy") != "DAEMON":
            request.setdefault("desiredCount", 1)
        request.setdefault("launchType", definition["requiresCompatibilities"][0])
        if definition["networkMode"] == "awsvpc":
            request["networkConfiguration"] = self.network
        if tags:
            request["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
            request["propagateTags"] = "SERVICE"
        ecs.create_service(**request)

    def make_zone(self, name: str) -> str:
        """A private zone of the lab's VPC; its id."""
        vpc = f"VPCRegion=us-east-1,VPCId={self.environment['TULLE_LAB_VPC_ID']}"
        return self.aws(
            "route53", "create-hosted-zone", "--name", name, "--caller-reference", name, "--vpc", vpc,
            "--hosted-zone-config", "PrivateZone=true",
        )["HostedZone"]["Id"]

    def role(self, name: str) -> str:
        """The ARN of a role."""
        return f"arn:aws:iam::{self.environment['TULLE_LAB_ACCOUNT_ID']}:role/{name}"

    def make_role(self, name: str) -> str:
        """A role that tasks may take on, made unless it is there; its ARN."""
        iam = self.client("iam")
        try:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TASK_ROLE_TRUST))
        except iam.exceptions.EntityAlreadyExistsException:
            pass
        return self.role(name)

    # --- what the container instance's own programs see ---------------------------------------------------------------

    def docker(self, target: str) -> tuple[int, object]:
        """Status and JSON of a GET on the Docker API."""
        connection = UnixConnection(self.environment["TULLE_LAB_DOCKER_SOCKET"])
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def introspection(self, path: str) -> dict:
        """JSON of the ECS agent's introspection."""
        return json.loads(self.http(self.environment["TULLE_LAB_INTROSPECTION_URL"] + path) or "null")

    @staticmethod
    def http(url: str) -> str | None:
        done = subprocess.run(["curl", "-sf", "-m", "3", url], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    # --- tasks ------------------------------------------------------------------------------------------------------

    def tasks(self, service: str | None = None) -> list[dict]:
        done = subprocess.run(self.command("status", "--json"), capture_output=True, text=True, timeout=20)
        tasks = json.loads(done.stdout)["tasks"] if done.returncode == 0 else []
        return [task for task in tasks if service in (None, task.get("service"))]

    def task(self, service: str) -> dict:
        running = [task for task in self.tasks(service) if task["lastStatus"] == "RUNNING"]
        assert running, f"no running task of {service}"
        return running[-1]

    def wait_healthy(self, service: str, count: int = 1, seconds: float = 90) -> list[dict]:
        """The service's running tasks, once there are `count` and none fails its checks."""

        def ready() -> list[dict]:
            tasks = [each for each in self.tasks(service) if each["lastStatus"] == "RUNNING"]
            healthy = [each for each in tasks if each["health"] in ("HEALTHY", "UNKNOWN")]
            return healthy if len(healthy) == len(tasks) == count else []

        return self.wait(f"{count} healthy tasks of {service}", ready, seconds)

    def wait_replaced(self, service: str, task: str, seconds: float = 90) -> dict:
        """The service's only task, once it is another than the one with this id."""

        def replaced() -> dict | None:
            tasks = self.tasks(service)
            if len(tasks) == 1 and tasks[0]["id"] != task and tasks[0]["lastStatus"] == "RUNNING":
                return tasks[0] if tasks[0]["health"] in ("HEALTHY", "UNKNOWN") else None
            return None

        return self.wait(f"another task of {service}", replaced, seconds)

    def exec(
        self, service: str, *command: str, container: str | None = None, seconds: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess:
        options = ["--container", container] if container else []
        done = subprocess.run(
            self.command("exec", service, *options, "--", *command), capture_output=True, text=True, timeout=seconds
        )
        if check:
            assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def attempt(self, service: str, *command: str, container: str | None = None) -> subprocess.CompletedProcess:
        """A command that may fail."""
        return self.exec(service, *command, container=container, check=False)

    def popen(self, service: str, *command: str) -> subprocess.Popen:
        return subprocess.Popen(
            self.command("exec", service, "--", *command),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def logs(self, service: str, container: str) -> str:
        done = subprocess.run(
            self.command("logs", service, "--container", container), capture_output=True, text=True, timeout=20
        )
        return done.stdout

    # --- processes --------------------------------------------------------------------------------------------------

    def processes(self, service: str, name: str, task: dict | None = None) -> list[int]:
        """Processes of a service's task, the latest unless said, whose program is `name`."""
        task = task or self.task(service)
        if task.get("namespace"):
            command = ["ip", "netns", "pids", task["namespace"]]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            pids = list(map(int, done.stdout.split()))
        else:
            pids = [each["processID"] for each in task["containers"] if each.get("processID")]
        found = []
        for pid in pids:
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
        return resident_kib(pid)


def resident_kib(pid: int) -> int:
    """VmRSS of a process."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1])
