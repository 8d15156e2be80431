"""What is declared holds: policies, modes and authorities, applied with `tulle`, between tasks of the lab.

Each test leaves the mesh as open as it found it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time

import pytest

from lab import ROOT
from load import Held, Load
from mesh import NAMESPACE, Mesh
from network import connect, echoes, outcome

ECHO_PORT = 9000
#: From the end of `tulle apply` to the end of the last connection that is denied now.
EFFECTIVE_SECONDS = 1.5


def tulle(mesh: Mesh, *arguments: str, text: str | None = None, status: int | None = 0) -> str:
    done = subprocess.run(
        [mesh.tulle, *arguments, "--control-plane", mesh.control_plane.bootstrap_url],
        env=mesh.environment, input=text, capture_output=True, text=True, timeout=60,
    )
    assert status is None or done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def policy(name: str, action: str, rules: str, namespace: str = NAMESPACE, selector: str = "echo") -> str:
    lines = [
        "apiVersion: security.istio.io/v1", "kind: AuthorizationPolicy",
        f"metadata: {{name: {name}, namespace: {namespace}}}", "spec:", f"  action: {action}",
    ]
    if selector:
        lines.append(f"  selector: {{matchLabels: {{app: {selector}}}}}")
    if rules:
        lines += ["  rules:", *[f"  {line}" for line in rules.splitlines()]]
    return "\n".join(lines) + "\n"


def peer_authentication(mode: str) -> str:
    return (
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
        f"metadata: {{name: default, namespace: {NAMESPACE}}}\nspec: {{mtls: {{mode: {mode}}}}}\n"
    )


@contextlib.contextmanager
def applied(mesh: Mesh, *documents: str):
    text = "---\n".join(documents)
    tulle(mesh, "apply", "-f", "-", text=text)
    try:
        yield
    finally:
        tulle(mesh, "delete", "-f", "-", text=text)


def reaches(namespace: str | None, address: str, port: int = ECHO_PORT) -> bool:
    try:
        with connect(namespace, address, port, 3) as connection:
            connection.settimeout(3)
            return echoes(connection, b"hello")
    except OSError:
        return False


@pytest.fixture
def shell(mesh) -> str:
    return mesh.task("shell")["namespace"]


@pytest.fixture
def echo(mesh) -> str:
    """echo's virtual address, as its name says."""
    return mesh.address_of(f"echo.{NAMESPACE}")


DENIALS = {
    "principal": 'from: [{{source: {{principals: ["cluster.local/ns/demo/sa/shell"]}}}}]',
    "namespace": 'from: [{{source: {{namespaces: ["demo"]}}}}]',
    "service account": 'from: [{{source: {{serviceAccounts: ["shell"]}}}}]',
    "address": 'from: [{{source: {{ipBlocks: ["{address}/32"]}}}}]',
    "port": 'to: [{{operation: {{ports: ["9000"]}}}}]',
    "condition": 'when: [{{key: source.principal, values: ["cluster.local/ns/demo/sa/sh*"]}}]',
}


@pytest.mark.parametrize("by", DENIALS)
def test_a_denial_takes_effect_at_once_and_on_live_connections(mesh, shell, echo, by):
    mesh.wait("shell to reach echo", lambda: reaches(shell, echo), 20)
    rule = "- " + DENIALS[by].format(address=mesh.task("shell")["address"])
    with Held(shell, echo, ECHO_PORT, 10) as held:
        assert all(held.alive())
        with applied(mesh, policy("deny", "DENY", rule)):
            began = time.monotonic()
            assert held.all_end(10) is not None, "a denied client's connections live on"
            took = time.monotonic() - began
            assert not reaches(shell, echo)
    print(f"denied by {by}: {took:.2f} s from the end of tulle apply to the end of the last connection")
    assert took < EFFECTIVE_SECONDS
    mesh.wait("shell to be let in again", lambda: reaches(shell, echo), 10)


def test_allowing_one_denies_the_others(mesh, shell, echo):
    other = 'from: [{source: {principals: ["cluster.local/ns/demo/sa/nobody"]}}]'
    mine = 'from: [{source: {principals: ["cluster.local/ns/demo/sa/shell"]}}]'
    with applied(mesh, policy("allow", "ALLOW", f"- {other}")):
        mesh.wait("shell to be refused", lambda: not reaches(shell, echo), 5)
        tulle(mesh, "apply", "-f", "-", text=policy("allow", "ALLOW", f"- {other}\n- {mine}"))
        mesh.wait("shell to be let in", lambda: reaches(shell, echo), 5)
        # Another port of the same policy: what is allowed says nothing of ports, so all of them are.
        curl = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", f"http://echo.{NAMESPACE}"]
        assert mesh.attempt("shell", *curl).stdout == "200"


def test_a_mesh_that_allows_nothing_and_back(mesh, shell, echo):
    """A policy without rules in the root namespace: nobody reaches anybody."""
    root = policy("nothing", "ALLOW", "", namespace="tulle-system", selector="")
    with Held(shell, echo, ECHO_PORT, 5) as held, applied(mesh, root):
        assert held.all_end(5) is not None
        assert not reaches(shell, echo)
    mesh.wait("the mesh to be open again", lambda: reaches(shell, echo), 10)


def test_strict_refuses_plain_tcp_and_permissive_takes_it(mesh, shell, echo):
    """From the host's own network, which no ztunnel captures."""
    address = mesh.task("echo")["address"]
    assert outcome(None, address, 8080, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1".hex())
    with applied(mesh, peer_authentication("STRICT")):
        mesh.wait(
            "plain TCP to be refused",
            lambda: not outcome(None, address, 8080, b"GET / HTTP/1.0\r\n\r\n", 2).startswith(b"HTTP/1".hex()), 5,
        )
        assert reaches(shell, echo), "mutual TLS goes on"
    mesh.wait(
        "plain TCP to be taken again",
        lambda: outcome(None, address, 8080, b"GET / HTTP/1.0\r\n\r\n", 2).startswith(b"HTTP/1".hex()), 10,
    )


def test_a_bad_document_disturbs_nobody_and_says_what_is_wrong(mesh, shell, echo):
    good = policy("deny", "DENY", '- from: [{source: {principals: ["cluster.local/ns/demo/sa/shell"]}}]')
    with applied(mesh, good):
        mesh.wait("shell to be refused", lambda: not reaches(shell, echo), 5)
        bad = good.replace("principals", "principles")
        report = subprocess.run(
            [mesh.tulle, "apply", "-f", "-", "--control-plane", mesh.control_plane.bootstrap_url],
            env=mesh.environment, input=bad, capture_output=True, text=True, timeout=60,
        )
        assert report.returncode != 0
        assert "spec.rules[0].from[0].source.principles" in report.stdout + report.stderr
        assert "principals" in report.stdout + report.stderr, "the message says what is allowed"
        time.sleep(1)
        assert not reaches(shell, echo), "the last good version stays in force"
        listing = json.loads(tulle(mesh, "get", "AuthorizationPolicy", "-n", NAMESPACE, "-o", "json"))
        assert "deny" in json.dumps(listing)
    mesh.wait("shell to be let in again", lambda: reaches(shell, echo), 10)


def test_files_are_watched_and_a_broken_one_keeps_its_last_good_version(mesh, shell, echo):
    path = mesh.control_plane.configuration / "by-hand.yaml"
    good = policy("by-hand", "DENY", '- from: [{source: {namespaces: ["demo"]}}]')
    try:
        path.write_text(good)
        mesh.wait("the file's policy to hold", lambda: not reaches(shell, echo), 5)
        path.write_text(good.replace("rules:", "rulez:"))
        time.sleep(1.5)
        assert not reaches(shell, echo)
        item = json.loads(tulle(mesh, "get", "AuthorizationPolicy", "by-hand", "-n", NAMESPACE, "-o", "json"))
        assert "lastGood" in json.dumps(item)
        # A restart doesn't lose it either.
        mesh.control_plane.kill()
        mesh.control_plane.start()
        time.sleep(2)
        item = json.loads(tulle(mesh, "get", "AuthorizationPolicy", "by-hand", "-n", NAMESPACE, "-o", "json"))
        assert "lastGood" in json.dumps(item)
        assert not reaches(shell, echo)
        # What people wrote by hand is theirs.
        tulle(mesh, "delete", "AuthorizationPolicy", "by-hand", "-n", NAMESPACE, status=1)
    finally:
        path.unlink()
    mesh.wait("shell to be let in again", lambda: reaches(shell, echo), 10)


def test_policies_outlive_a_control_plane_that_is_killed_under_traffic(mesh, shell, echo):
    denied = 'from: [{source: {principals: ["cluster.local/ns/demo/sa/nobody"]}}]'
    with applied(mesh, policy("deny-nobody", "DENY", f"- {denied}")):
        with Held(shell, echo, ECHO_PORT, 10) as held, Load(shell, echo, ECHO_PORT) as load:
            mesh.control_plane.kill()
            time.sleep(3)
            mesh.control_plane.start()
            time.sleep(3)
            assert all(held.alive())
        assert not load.failures
        assert load.done > 100
        names = tulle(mesh, "get", "AuthorizationPolicy", "-n", NAMESPACE)
        assert "deny-nobody" in names


def test_a_service_entry_gives_a_name_to_what_ecs_does_not_know(mesh, shell):
    """A server on the host, by a virtual address that the entry gets, with a policy-free plain connection."""
    server = subprocess.Popen(
        ["python3", "-m", "http.server", "8900", "--bind", mesh.host], cwd=mesh.directory,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    entry = (
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
        f"metadata: {{name: outside, namespace: {NAMESPACE}}}\n"
        "spec:\n  hosts: [outside.example]\n  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8900}]\n"
        f"  location: MESH_EXTERNAL\n  resolution: STATIC\n  endpoints: [{{address: {mesh.host}}}]\n"
    )
    fetch = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", "--proxy", "socks5h://127.0.0.1:15080"]
    try:
        with applied(mesh, entry):
            mesh.wait(
                "the entry to be reached",
                lambda: mesh.attempt("shell-socks", *fetch, "http://outside.example/").stdout == "200", 20,
            )
            assert "outside.example" in tulle(mesh, "get", "ServiceEntry", "-n", NAMESPACE, "-o", "yaml")
    finally:
        server.kill()
        server.wait(5)


def test_the_examples_are_valid(mesh):
    done = subprocess.run(
        [mesh.tulle, "validate", "-f", str(ROOT / "examples" / "policies")], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_line_shows_the_mesh(mesh):
    mesh.wait(
        "all three data planes to have both types",
        lambda: tulle(mesh, "status", "-o", "wide").count("SYNCED") >= 6, 30,
    )
    assert "echo.demo.mesh.internal" in tulle(mesh, "describe", "service", f"echo.{NAMESPACE}")
    document = policy("shown", "DENY", '- from: [{source: {namespaces: ["elsewhere"]}}]')
    assert tulle(mesh, "diff", "-f", "-", text=document, status=1)
    checked = subprocess.run([mesh.tulle, "validate", "-f", "-"], input=document, capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with applied(mesh, document):
        assert not tulle(mesh, "diff", "-f", "-", text=document).strip()
        assert "shown" in tulle(mesh, "describe", "AuthorizationPolicy", "shown", "-n", NAMESPACE)
    assert "spiffe://cluster.local/ns/demo/sa/echo" in tulle(mesh, "certificates")
