"""A Lambda function beside ztunnel as an extension: it calls a service of the mesh, is frozen in between, and ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from lab import resident_kib
from lambda_runtime import Environment
from mesh import CLIENTS, NAMESPACE, ROOT
from network import outcome, space_on
from test_configuration import applied, policy, tulle

ADDRESS = "10.78.9.8"
SPACE = "tulle-lambda"
PORT = 9000
API_PORT = 9100
FUNCTION = "checkout"
CALL = {"host": f"echo.{NAMESPACE}", "port": PORT, "text": "from a function"}


@pytest.fixture(scope="module")
def space(mesh):
    """As a function in a VPC has an address of its own."""
    with space_on(mesh.bridge, mesh.host, SPACE, "tulle-fn0", ADDRESS) as space:
        yield space


@pytest.fixture(scope="module")
def extension(mesh, tmp_path_factory) -> str:
    """The program as Lambda unpacks the layer."""
    place = tmp_path_factory.mktemp("opt")
    layer = place / "layer.zip"
    subprocess.run([sys.executable, str(ROOT / "scripts/lambda-layer.py"), mesh.ztunnel, str(layer)], check=True)
    with zipfile.ZipFile(layer) as archive:
        [entry] = archive.infolist()
        path = archive.extract(entry, place)
    os.chmod(path, entry.external_attr >> 16)
    return path


def session(mesh, name: str) -> dict[str, str]:
    """Variables with credentials of the function's role, as Lambda hands them over."""
    keys = mesh.client("sts").assume_role(RoleArn=mesh.role(FUNCTION), RoleSessionName=name)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"], "AWS_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": name,
    }


def environment(mesh, space: str, extension: str, log: Path, name: str = FUNCTION) -> Environment:
    variables = {
        **session(mesh, name), "ALL_PROXY": "socks5h://127.0.0.1:15080", "RUST_LOG": "info",
        "BOOTSTRAP_TOKEN": mesh.token(FUNCTION),
    }
    handler = [sys.executable, str(CLIENTS / "function.py")]
    return Environment(mesh.host, API_PORT, space, extension, handler, variables, log)


@pytest.fixture(scope="module")
def bound(mesh):
    # The lab's own user stands for Lambda, which alone would be trusted.
    principal = {"Service": "lambda.amazonaws.com", "AWS": mesh.environment["TULLE_LAB_ACCOUNT_ID"]}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    mesh.client("iam").create_role(RoleName=FUNCTION, AssumeRolePolicyDocument=json.dumps(trust))
    name = f"{FUNCTION}-{mesh.environment['TULLE_LAB_ACCOUNT_ID']}"
    tulle(mesh, "ecs", "bind-role", mesh.role(FUNCTION), f"{NAMESPACE}/{FUNCTION}", "--function", FUNCTION)
    yield
    tulle(mesh, "delete", "ServiceAccountBinding", name)


def sockets(space: str, port: int) -> list[int]:
    """Local ports of the namespace's connections to a port."""
    lines = subprocess.run(
        ["ip", "netns", "exec", space, "ss", "-Htn", "state", "established", f"( dport = :{port} )"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()
    return [int(line.split()[2].rpartition(":")[2]) for line in lines]


def streams(log: Path) -> int:
    return log.read_text().count("control plane stream opened")


def test_a_function_calls_the_mesh_is_frozen_and_ends(mesh, space, extension, bound, tmp_path):
    log = tmp_path / "extension.log"
    with environment(mesh, space, extension, log) as function:
        assert function.registered == {"name": "tulle-ztunnel", "events": ["INVOKE", "SHUTDOWN"]}
        print(f"registered after {function.took['register']:.2f} s, init {function.took['next']:.2f} s")
        assert function.took["next"] < 5
        # It is itself, by its role's session: so an AuthorizationPolicy sees it, and echo's log as well.
        def only(account: str) -> str:
            return policy("fn", "ALLOW", f'- from: [{{source: {{principals: ["cluster.local/ns/demo/sa/{account}"]}}}}]')

        with applied(mesh, only("nobody")):
            mesh.wait("the function to be refused", lambda: "error" in function.invoke(CALL), 10)
            tulle(mesh, "apply", "-f", "-", text=only(FUNCTION))
            mesh.wait("the function to be let in", lambda: function.invoke(CALL).get("answer") == CALL["text"], 10)
        assert f"spiffe://cluster.local/ns/{NAMESPACE}/sa/{FUNCTION}" in mesh.logs("echo", "ztunnel")
        # Nobody connects to a function, and nothing is captured there.
        assert [outcome(space, "127.0.0.1", port) for port in (15001, 15006, 15008)] == ["refused"] * 3
        assert resident_kib(function.extension.pid) < 16 * 1024, "memory that the function pays for"

        # While it stands still, its connections die without a word, as on a network that has forgotten them.
        dead = sockets(space, 15008) + sockets(space, 15012)
        assert sockets(space, 15012), "a stream to the control plane"
        before = streams(log)
        function.freeze()
        for port in dead:
            for side in ("--sport", "--dport"):
                chain = "OUTPUT" if side == "--sport" else "INPUT"
                subprocess.run(
                    ["ip", "netns", "exec", space, "iptables", "-A", chain, "-p", "tcp", side, str(port), "-j", "DROP"],
                    check=True, timeout=10,
                )
        time.sleep(6)
        function.thaw()
        answer = function.invoke(CALL)
        print(f"first call after the thaw: {answer}")
        assert answer.get("answer") == CALL["text"] and answer["seconds"] < 2
        # The stream is replaced, once, and quickly.
        mesh.wait("a new stream to the control plane", lambda: streams(log) > before, 10)
        time.sleep(1)
        assert streams(log) == before + 1 and len(set(sockets(space, 15012)) - set(dead)) == 1
        assert function.invoke(CALL)["seconds"] < 1

        took = function.shut_down()
        print(f"shut down after {took:.2f} s")
        assert took < 2 and function.exit_status == 0
        assert not function.wrong
    journal = mesh.http(f"{mesh.control_plane.bootstrap_url}/v1/certificates")
    assert '"lambda_function"' in journal


def test_a_session_that_no_binding_names_is_refused_and_the_function_starts_without_the_mesh(
    mesh, space, extension, bound, tmp_path
):
    log = tmp_path / "extension.log"
    with environment(mesh, space, extension, log, name="another") as function:
        # Nothing listens: what would go through the mesh fails, and nothing goes past it.
        assert "ConnectionRefused" in function.invoke(CALL)["error"]
        assert "not_a_task_role" in log.read_text()
        assert function.took["next"] < 9
        assert function.shut_down() < 2
