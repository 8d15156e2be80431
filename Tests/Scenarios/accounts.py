"""A control plane of two AWS accounts in two regions, without a lab: moto behind a proxy, and tulled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3

from faulting_proxy import FaultingProxy
from lab import Lab, program, wait
from xds_plane import free_port

#: By the name of the ECSAccount: the account and its region.
PLACES = {"a": ("444455556666", "us-east-1"), "b": ("777788889999", "eu-west-1")}
CLUSTER = "c1"
ZONE = "c1"


class Accounts:
    """`a` and `b` each have a service `echo` with two tasks in a cluster `c1`, and so in a namespace `c1`."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_port()
        self.listen, self.admin = free_port(), free_port()
        self.tulled: subprocess.Popen | None = None
        self.log = directory / "tulled.log"
        self.resources = directory / "resources"
        self.resources.mkdir()
        moto = [sys.executable, str(Path(__file__).parent / "moto_with_ids.py")]
        with open(directory / "moto.log", "wb") as log:
            self.moto = subprocess.Popen([*moto, "-H", "127.0.0.1", "-p", str(self.port)], stdout=log, stderr=log)
        self.proxy = FaultingProxy(self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        wait("moto", lambda: Lab.http(f"{self.url}/moto-api/data.json") is not None)
        # Else each look at a task would bring it nearer to its end.
        rule = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 1_000_000}}
        request = urllib.request.Request(
            f"{self.url}/moto-api/state-manager/set-transition", json.dumps(rule).encode(),
            {"content-type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).read()
        for name in PLACES:
            self.fill(name)

    def client(self, service: str, name: str | None = None, **credentials: str):
        """A client of one of the accounts, or of the control plane's own."""
        region = PLACES[name][1] if name else "us-east-1"
        credentials = credentials or {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        if name:
            tokens = self.credentials(name, "maker", "maker")
            credentials = {
                "aws_access_key_id": tokens["AccessKeyId"], "aws_secret_access_key": tokens["SecretAccessKey"],
                "aws_session_token": tokens["SessionToken"],
            }
        return boto3.client(service, endpoint_url=self.url, region_name=region, **credentials)

    def role(self, name: str, role: str) -> str:
        return f"arn:aws:iam::{PLACES[name][0]}:role/{role}"

    def credentials(self, name: str, role: str, session: str) -> dict:
        """A session of a role; a task's is called as the task."""
        answer = self.client("sts").assume_role(RoleArn=self.role(name, role), RoleSessionName=session)
        return answer["Credentials"]

    def fill(self, name: str) -> None:
        ecs = self.client("ecs", name)
        ecs.create_cluster(clusterName=CLUSTER, tags=[{"key": "tulle/discovery-enabled", "value": "true"}])
        ecs.register_task_definition(
            family="echo", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            taskRoleArn=self.role(name, "echo"),
            containerDefinitions=[
                {"name": "app", "image": "x", "memory": 64, "portMappings": [{"containerPort": 8080}]}
            ],
        )
        ecs.create_service(cluster=CLUSTER, serviceName="echo", taskDefinition="echo", desiredCount=2)
        self.run_task(name, 2)

    def run_task(self, name: str, count: int = 1) -> list[str]:
        """Tasks of `echo`, as its scheduler would start them; their ARNs."""
        subnet = self.client("ec2", name).describe_subnets()["Subnets"][0]["SubnetId"]
        tasks = self.client("ecs", name).run_task(
            cluster=CLUSTER, taskDefinition="echo", count=count, launchType="FARGATE", group="service:echo",
            networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
        )["tasks"]
        return [task["taskArn"] for task in tasks]

    def declare(self, **more: str) -> None:
        """Declares both accounts; `more` are lines of the spec of one of them. None leaves it out."""
        documents = []
        for name, (account, region) in PLACES.items():
            lines = more.get(name, "")
            if lines is not None:
                documents.append(
                    "apiVersion: tulle.mesh/v1alpha1\nkind: ECSAccount\n"
                    f"metadata: {{name: {name}}}\nspec:\n  account: \"{account}\"\n  role: {self.role(name, 'tulle')}\n"
                    f"  externalID: secret\n  regions: [{region}]\n  {lines}\n"
                )
        fresh = self.directory / "accounts.new"
        fresh.write_text("---\n".join(documents))
        fresh.rename(self.resources / "accounts.yaml")

    # --- the control plane ------------------------------------------------------------------------------------------

    def start(self) -> None:
        environment = {
            **os.environ, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL": self.proxy.url, "AWS_EC2_METADATA_DISABLED": "true",
        }
        arguments = [program("TULLE_TULLED", "tulled"), "--state-dir", str(self.directory / "state")]
        arguments += ["--listen", f"127.0.0.1:{self.listen}", "--admin-listen", f"127.0.0.1:{self.admin}"]
        arguments += ["--server-name", "127.0.0.1", "--poll-interval", "1s"]
        arguments += ["--config-dir", str(self.resources), "--route53-zone", ZONE]
        for name, (_, region) in PLACES.items():
            arguments += ["--region", region, "--sts-endpoint", f"{region}={self.proxy.url}"]
            arguments += ["--binding", f"{self.role(name, 'echo')}=c1/echo"]
        with open(self.log, "ab") as log:
            self.tulled = subprocess.Popen(
                arguments, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

        def ready() -> bool:
            assert self.tulled.poll() is None, f"tulled ended:\n{self.log.read_text(errors='replace')[-2000:]}"
            return Lab.http(f"http://127.0.0.1:{self.admin}/healthz") is not None

        wait("tulled", ready, 30)

    def stop(self) -> None:
        if self.tulled and self.tulled.poll() is None:
            self.tulled.terminate()
            self.tulled.wait(20)

    def close(self) -> None:
        self.stop()
        self.proxy.stop()
        self.moto.terminate()
        self.moto.wait(10)

    def get(self, path: str) -> dict:
        return json.loads(Lab.http(f"http://127.0.0.1:{self.admin}{path}") or "{}")

    def tulle(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [program("TULLE_CLI", "tulle"), *arguments, "--control-plane", f"http://127.0.0.1:{self.admin}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def workers(self) -> dict[str, dict]:
        """What is said of each worker, by the name of its ECSAccount."""
        return {each["resource"]: each for each in self.get("/v1/accounts").get("accounts", [])}

    def states(self) -> dict[str, str]:
        return {name: each["state"] for name, each in self.workers().items()}

    def tasks(self) -> set[str]:
        """The ids of all tasks that data planes are told of."""
        return {each["name"] for each in self.get("/v1/workloads").get("workloads", [])}
