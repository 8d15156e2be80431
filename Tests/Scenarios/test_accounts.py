"""Two AWS accounts in two regions behind one control plane, without a lab: an API of moto's and `tulled` are enough."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import boto3
import pytest

ACCOUNTS = {"a": ("444455556666", "us-east-1"), "b": ("777788889999", "eu-west-1")}
TULLED = os.environ.get("TULLE_TULLED", "")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def resource(name: str) -> str:
    account, region = ACCOUNTS[name]
    return (
        f"---\napiVersion: tulle.mesh/v1alpha1\nkind: ECSAccount\nmetadata: {{name: {name}}}\n"
        f'spec: {{account: "{account}", role: "arn:aws:iam::{account}:role/tulle", externalID: secret, '
        f"regions: [{region}]}}\n"
    )


def eventually(what: str, condition, seconds: float = 20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{what}: not in {seconds} s")


@pytest.mark.skipif(not TULLED, reason="TULLE_TULLED names no tulled")
def test_two_accounts_and_regions_are_one_mesh_and_follow_their_resources(tmp_path: Path):
    api, listen, admin = f"http://127.0.0.1:{(port := free_port())}", free_port(), free_port()
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    moto = subprocess.Popen(
        ["moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    tulled = None
    try:
        eventually("moto answers", lambda: urllib.request.urlopen(f"{api}/moto-api/", timeout=2).status == 200)
        for account, region in ACCOUNTS.values():
            own = {"region_name": region, "endpoint_url": api}
            tokens = boto3.client(
                "sts", aws_access_key_id="testing", aws_secret_access_key="testing", **own
            ).assume_role(RoleArn=f"arn:aws:iam::{account}:role/maker", RoleSessionName="maker")["Credentials"]
            ecs = boto3.client(
                "ecs", aws_access_key_id=tokens["AccessKeyId"], aws_secret_access_key=tokens["SecretAccessKey"],
                aws_session_token=tokens["SessionToken"], **own,
            )
            ecs.create_cluster(clusterName="c1", tags=[{"key": "tulle/discovery-enabled", "value": "true"}])
            app = {"name": "app", "image": "x", "memory": 64, "portMappings": [{"containerPort": 8080}]}
            ecs.register_task_definition(family="echo", containerDefinitions=[app])
            ecs.create_service(cluster="c1", serviceName="echo", taskDefinition="echo", desiredCount=1)
        resources = tmp_path / "resources"
        resources.mkdir()
        (resources / "accounts.yaml").write_text(resource("a") + resource("b"))
        environment = {**os.environ, **keys, "AWS_ENDPOINT_URL": api, "AWS_EC2_METADATA_DISABLED": "true"}
        with (tmp_path / "tulled.log").open("w") as log:
            tulled = subprocess.Popen(
                [TULLED, "--state-dir", str(tmp_path / "state"), "--listen", f"127.0.0.1:{listen}", "--admin-listen",
                 f"127.0.0.1:{admin}", "--region", "us-east-1", "--poll-interval", "1s", "--config-dir",
                 str(resources)],
                env=environment, stdout=log, stderr=subprocess.STDOUT,
            )

        def get(path: str):
            with urllib.request.urlopen(f"http://127.0.0.1:{admin}{path}", timeout=5) as answer:
                return json.load(answer)

        def sources() -> set[str]:
            services = get("/debug/registry")["services"]
            return {":".join(arn.split(":")[3:5]) for service in services for arn in service["sources"]}

        both = {"us-east-1:444455556666", "eu-west-1:777788889999"}
        eventually("both accounts are seen", lambda: sources() == both)
        assert [service["name"] for service in get("/debug/registry")["services"]] == ["c1/echo.c1.mesh.internal"]
        states = {item["name"]: item["state"] for item in get("/v1/accounts")["accounts"]}
        assert states == {"a/us-east-1": "Ready", "b/eu-west-1": "Ready"}
        (resources / "accounts.yaml").write_text(resource("a"))
        eventually("only what is declared is seen", lambda: sources() == {"us-east-1:444455556666"}, 10)
    finally:
        for process in (tulled, moto):
            if process:
                process.terminate()
                process.wait(15)
