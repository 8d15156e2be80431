"""The lab itself, without a mesh: what it runs, what it answers tasks, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from definitions import redirect, task_definition
from lab import ROOT, Lab

AWS = str(ROOT / ".venv/bin/aws")

LISTENS = "import socket; socket.create_connection(('127.0.0.1', 15001))"
PROXY = {
    "name": "ztunnel", "image": "tulle/workload", "user": "15301", "command": ["http", "15001"], "stopTimeout": 5,
    "healthCheck": {"command": ["CMD", "/usr/bin/python3", "-c", LISTENS], "interval": 5, "startPeriod": 10},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"), number=1)
    try:
        lab.up()
        lab.make_cluster("demo")
        after = [{"containerName": "ztunnel", "condition": "HEALTHY"}]
        app = {"name": "app", "image": "tulle/echo:1", "dependsOn": after}
        lab.create(task_definition("echo", lab.make_role("echo"), [app, PROXY], proxyConfiguration=redirect(9999)))
        shell = {"name": "shell", "image": "curlimages/curl", "user": "1000"}
        lab.create(task_definition("shell", lab.make_role("shell"), [shell]))
        for service in ("echo", "shell"):
            lab.aws("ecs", "wait", "services-stable", "--cluster", "demo", "--services", service)
        yield lab
    finally:
        lab.down()


def test_a_task_reaches_another_at_its_own_address(lab):
    address = lab.tasks("echo")[0]["address"]
    done = lab.exec("shell", "curl", "-s", "-m", "5", f"http://{address}:8080/")
    assert done.stdout.startswith("hello from echo\n")


def test_ecs_redirects_all_but_the_proxy_itself(lab):
    assert "hello" in lab.attempt("echo", "curl", "-s", "-m", "5", "http://240.240.0.7/").stdout
    assert lab.attempt("echo", "curl", "-s", "-m", "2", "http://240.240.0.7/", container="ztunnel").returncode != 0


def test_containers_have_their_user_and_no_network_capability(lab):
    done = lab.attempt("shell", "sh", "-c", "id -u; grep CapBnd /proc/self/status; exit 7")
    assert done.returncode == 7
    assert done.stdout.split() == ["1000", "CapBnd:", "0000000000000000"]
    assert lab.attempt("echo", "sh", "-c", "ip link set lo down || iptables -t nat -F").returncode != 0


def test_metadata_and_credentials_are_the_tasks_own(lab):
    task = json.loads(lab.attempt("shell", "sh", "-c", "curl -s $ECS_CONTAINER_METADATA_URI_V4/task").stdout)
    assert task["TaskARN"] == lab.tasks("shell")[0]["arn"]
    path = "169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    keys = json.loads(lab.attempt("shell", "sh", "-c", f"curl -s {path}").stdout)
    environment = dict(lab.environment, AWS_ACCESS_KEY_ID=keys["AccessKeyId"])
    environment |= {"AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"], "AWS_SESSION_TOKEN": keys["Token"]}
    identity = [AWS, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
    done = subprocess.run(identity, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip().endswith(f":assumed-role/shell/{lab.tasks('shell')[0]['id']}"), done.stderr
    foreign = lab.attempt("echo", "sh", "-c", "echo $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").stdout.strip()
    refused = lab.attempt("shell", "curl", "-s", "-w", "%{http_code}", f"http://169.254.170.2{foreign}").stdout
    assert "InvalidIdInRequest" in refused and refused.endswith("400")


def test_the_resolver_knows_private_zones_and_nothing_else(lab):
    zone = lab.make_zone("demo")
    records = {"Name": "echo.demo", "Type": "A", "TTL": 5}
    records["ResourceRecords"] = [{"Value": lab.tasks("echo")[0]["address"]}]
    change = json.dumps({"Changes": [{"Action": "UPSERT", "ResourceRecordSet": records}]})
    lab.aws("route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", change)
    url = "http://echo.demo:8080/"
    lab.wait("the name", lambda: "hello" in lab.attempt("shell", "curl", "-s", "-m", "5", url).stdout, 5)
    assert lab.attempt("shell", "curl", "-s", "-m", "5", "http://other.demo/").returncode == 6
    assert lab.attempt("shell", "curl", "-s", "-m", "5", "http://example.com/").returncode == 6


def test_a_roll_out_keeps_the_service_answering(lab):
    before = {task["id"] for task in lab.tasks("echo")}
    lab.aws("ecs", "update-service", "--cluster", "demo", "--service", "echo", "--force-new-deployment")
    lab.wait("a new task", lambda: {task["id"] for task in lab.tasks("echo")} - before)
    ready = [task for task in lab.tasks("echo") if task["health"] == "HEALTHY"]
    assert ready, "no healthy task during the roll-out"
    lab.aws("ecs", "wait", "services-stable", "--cluster", "demo", "--services", "echo")
    after = {task["id"] for task in lab.tasks("echo")}
    assert len(after) == 1 and not after & before


def test_a_task_of_its_own_ends_with_its_essential_container(lab):
    overrides = {"containerOverrides": [{"name": "shell", "command": ["sh", "-c", "exit 3"]}]}
    arn = lab.aws(
        "ecs", "run-task", "--cluster", "demo", "--task-definition", "shell", "--network-configuration",
        json.dumps(lab.network), "--overrides", json.dumps(overrides),
    )["tasks"][0]["taskArn"]
    lab.aws("ecs", "wait", "tasks-stopped", "--cluster", "demo", "--tasks", arn)
    task = lab.aws("ecs", "describe-tasks", "--cluster", "demo", "--tasks", arn)["tasks"][0]
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["containers"][0]["exitCode"] == 3


def test_nothing_is_left_after_a_crash(lab):
    """Comes last: it ends the lab."""
    names = [f"tulle-{task['id'][:12]}" for service in ("echo", "shell") for task in lab.tasks(service)]
    identity = json.loads((lab.lab_state / "lab.json").read_text())
    os.kill(identity["processID"], signal.SIGKILL)
    time.sleep(0.5)
    assert lab.run("status", check=False).returncode == 1
    assert all(Path(f"/run/netns/{name}").exists() for name in names)
    lab.run("down")
    assert not any(Path(f"/run/netns/{name}").exists() or Path(f"/etc/netns/{name}").exists() for name in names)
    assert not Path(f"/sys/class/net/{lab.bridge}").exists()
    assert not Path(f"/tmp/tulle-lab-{identity['labID']}").exists()
    assert not lab.lab_state.exists()
    marker = f"TULLE_LAB_ID={identity['labID']}".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            assert marker not in path.read_bytes().split(b"\0"), path
        except OSError:
            continue
    assert "no lab" in lab.run("down").stdout
