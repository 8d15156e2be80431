"""Tasks that no service started: enrolled by their task definition, known to the mesh, each with its identity."""

from __future__ import annotations

import json

import pytest

from definitions import task_definition, workload
from mesh import CLUSTER, NAMESPACE
from test_configuration import ECHO_PORT, applied, policy, reaches, tulle

ROLE = "nightly"


@pytest.fixture
def nightly(mesh):
    """A task definition that is enrolled, with its role bound; withdrawn in the end."""
    role = mesh.make_role(ROLE)
    ecs = mesh.client("ecs")
    before = task_definition(ROLE, role, [workload("job", "tcp-echo", "9000", port=9000)])
    before["tags"] = [{"key": "team", "value": "jobs"}]
    ecs.register_task_definition(**before)
    tulle(mesh, "ecs", "bind-role", role, f"{NAMESPACE}/{ROLE}")
    described = ecs.describe_task_definition(taskDefinition=ROLE, include=["TAGS"])
    tulle(mesh, "ecs", "add-task-definition", ROLE, "-n", NAMESPACE, "-s", ROLE, "--image", "tulle/ztunnel")
    yield ROLE
    done = mesh.cli("ecs", "remove-task-definition", ROLE)
    assert done.returncode == 0, done.stderr
    after = ecs.describe_task_definition(taskDefinition=ROLE, include=["TAGS"])
    for answer in (described, after):
        for name in ("taskDefinitionArn", "revision", "registeredAt"):
            answer["taskDefinition"].pop(name, None)
    assert after["taskDefinition"] == described["taskDefinition"] and after["tags"] == described["tags"]
    tulle(mesh, "delete", "ServiceAccountBinding", f"{ROLE}-{mesh.environment['TULLE_LAB_ACCOUNT_ID']}")


def test_a_task_without_a_service_is_itself_in_the_mesh(mesh, nightly):
    ecs = mesh.client("ecs")
    [run] = ecs.run_task(
        cluster=CLUSTER, taskDefinition=nightly, launchType="FARGATE", networkConfiguration=mesh.network
    )["tasks"]
    identifier = run["taskArn"].rpartition("/")[2]
    try:
        def task() -> dict | None:
            found = [each for each in mesh.tasks() if each["id"] == identifier]
            ready = found and found[0]["lastStatus"] == "RUNNING" and found[0]["health"] in ("HEALTHY", "UNKNOWN")
            return found[0] if ready else None

        space = mesh.wait("the task to run", task, 60)["namespace"]
        echo = mesh.address_of(f"echo.{NAMESPACE}")

        def only(account: str) -> str:
            return policy("nightly", "ALLOW", f'- from: [{{source: {{principals: ["cluster.local/ns/demo/sa/{account}"]}}}}]')

        # Its tags are those of its definition: nobody passed them on to the task.
        assert not run.get("tags")
        mesh.wait("it to reach echo", lambda: reaches(space, echo, ECHO_PORT), 20)
        with applied(mesh, only("shell")):
            mesh.wait("it to be refused", lambda: not reaches(space, echo, ECHO_PORT), 10)
            tulle(mesh, "apply", "-f", "-", text=only(ROLE))
            mesh.wait("it to be let in", lambda: reaches(space, echo, ECHO_PORT), 10)
        seen = json.loads(tulle(mesh, "get", "workloads", "-o", "json"))
        assert identifier in json.dumps(seen), "discovered without a service"
        journal = json.loads(mesh.http(f"{mesh.control_plane.bootstrap_url}/v1/certificates"))["journal"]
        assert any((each.get("task") or "").endswith(identifier) for each in journal)
    finally:
        ecs.stop_task(cluster=CLUSTER, task=run["taskArn"])
