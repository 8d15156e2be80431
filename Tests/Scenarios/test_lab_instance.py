"""The lab as an EC2 container instance: what a program of the host finds there, as under ECS's own agent and Docker."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from definitions import environment, on_instance, workload
from lab import Lab, UnixConnection
from network import connect, inside

LABEL = "com.amazonaws.ecs.task-arn"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Two plain tasks, one whose network an init container set up, and a daemon in the host's own network."""
    lab = Lab(tmp_path_factory.mktemp("instance"), number=2)
    try:
        lab.up("--ipv6")
        lab.make_cluster("fleet")
        role = lab.make_role("member")
        app = workload("app", "tcp-echo", "9000", port=9000, dockerLabels={"tulle/dataplane": "daemon"})
        lab.create(on_instance("member", role, [app]), desiredCount=2)
        rules = workload(
            "rules", "-c", "ip link add probe type veth && grep CapBnd /proc/self/status", entryPoint=["sh"],
            linuxParameters={"capabilities": {"add": ["NET_ADMIN"], "drop": ["NET_RAW"]}},
        )
        rules["essential"] = False
        after = workload("app", "idle", dependsOn=[{"containerName": "rules", "condition": "SUCCESS"}])
        lab.create(on_instance("prepared", role, [rules, after]))
        agent = workload("agent", "idle", privileged=True, environment=environment(KEY="value"))
        lab.create(on_instance("daemon", role, [agent], networkMode="host"), schedulingStrategy="DAEMON")
        for service, count in (("member", 2), ("prepared", 1), ("daemon", 1)):
            lab.wait_healthy(service, count, 30)
        yield lab
    finally:
        lab.down()


def containers(lab: Lab, **filters: list[str]) -> list[dict]:
    status, found = lab.docker(f"/v1.43/containers/json?filters={quote(json.dumps(filters))}")
    assert status == 200, found
    return found


def test_a_cluster_has_one_instance_and_a_daemon_service_one_task(lab):
    ecs = lab.client("ecs")
    [arn] = ecs.list_container_instances(cluster="fleet")["containerInstanceArns"]
    [instance] = ecs.describe_container_instances(cluster="fleet", containerInstances=[arn])["containerInstances"]
    assert instance["runningTasksCount"] == 4 and instance["agentConnected"]
    [service] = ecs.describe_services(cluster="fleet", services=["daemon"])["services"]
    assert (service["schedulingStrategy"], service["desiredCount"], service["runningCount"]) == ("DAEMON", 1, 1)
    tasks = ecs.describe_tasks(cluster="fleet", tasks=ecs.list_tasks(cluster="fleet")["taskArns"])["tasks"]
    assert {task["launchType"] for task in tasks} == {"EC2"}
    assert {task["containerInstanceArn"] for task in tasks} == {arn}


def test_fargate_refuses_what_only_an_instance_has(lab):
    ecs = lab.client("ecs")
    for family in ("daemon", "prepared"):
        with pytest.raises(ecs.exceptions.InvalidParameterException):
            ecs.run_task(cluster="fleet", taskDefinition=family, launchType="FARGATE")


def test_docker_shows_containers_with_the_agents_labels(lab):
    task = lab.tasks("member")[0]
    assert lab.docker("/version")[1]["ApiVersion"] == "1.43"
    found = containers(lab, label=[f"{LABEL}={task['arn']}"])
    assert {each["Labels"]["com.amazonaws.ecs.container-name"] for each in found} == {"app", "~internal~ecs~pause"}
    [app] = [each for each in found if each["Labels"].get("tulle/dataplane") == "daemon"]
    status, details = lab.docker(f"/containers/{app['Id'][:12]}/json")
    assert status == 200 and details["Id"] == app["Id"] and len(app["Id"]) == 64
    assert details["State"]["Running"] and details["State"]["Pid"] == task["containers"][0]["processID"]
    assert any(each.startswith("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=") for each in details["Config"]["Env"])
    [pause] = [each for each in found if each is not app]
    assert details["HostConfig"]["NetworkMode"] == f"container:{pause['Id']}"
    held = lab.docker(f"/containers/{pause['Id']}/json")[1]
    own = Path(f"/proc/{details['State']['Pid']}/ns/net")
    assert Path(f"/proc/{held['State']['Pid']}/ns/net").readlink() == own.readlink()
    assert lab.docker("/containers/feed/json")[0] == 404
    assert lab.docker("/containers/json?filters=nonsense")[0] == 400
    assert containers(lab, label=[f"{LABEL}=other"]) == []


def test_the_agent_tells_tasks_and_the_control_group_tells_processes(lab):
    assert lab.introspection("/v1/metadata")["Cluster"] == "fleet"
    tasks = {task["Arn"]: task for task in lab.introspection("/v1/tasks")["Tasks"]}
    assert set(tasks) == {task["arn"] for task in lab.tasks()}
    member = lab.tasks("member")[0]
    [container] = tasks[member["arn"]]["Containers"]
    network = container["Networks"][0]
    assert network["IPv4Addresses"] == [member["address"]] and network["IPv6Addresses"] == [member["addressV6"]]
    group = Path(f"/proc/{member['containers'][0]['processID']}/cgroup").read_text()
    assert f"/ecs/{member['id']}/{container['DockerId']}\n" in group
    assert lab.introspection(f"/v1/tasks?dockerid={container['DockerId'][:12]}")["Arn"] == member["arn"]


def test_an_init_container_with_net_admin_prepares_the_tasks_network(lab):
    assert "probe" in lab.exec("prepared", "ip", "-o", "link").stdout
    granted = int(lab.logs("prepared", "rules").split("CapBnd:")[1].split()[0], 16)
    assert granted & 1 << 12 and not granted & 1 << 13
    assert lab.attempt("prepared", "ip", "link", "del", "probe", container="app").returncode != 0


def test_a_daemon_has_the_hosts_network_and_its_own_credentials(lab):
    command = "readlink /proc/self/ns/net; grep CapEff /proc/self/status; echo $DOCKER_HOST"
    namespace, capabilities, docker = lab.exec("daemon", "sh", "-c", command).stdout.strip().split("\n")
    assert namespace == str(Path("/proc/self/ns/net").readlink())
    assert int(capabilities.split()[1], 16) & 1 << 21, "a privileged container has SYS_ADMIN"
    assert docker == f"unix://{lab.environment['TULLE_LAB_DOCKER_SOCKET']}"
    ask = "curl -s -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" $AWS_CONTAINER_CREDENTIALS_FULL_URI"
    assert json.loads(lab.exec("daemon", "sh", "-c", ask).stdout)["RoleArn"].endswith(":role/member")
    assert lab.exec("daemon", "sh", "-c", "curl -s $AWS_CONTAINER_CREDENTIALS_FULL_URI").stdout.count("Token") == 0
    task = json.loads(lab.exec("daemon", "sh", "-c", "curl -s $ECS_CONTAINER_METADATA_URI_V4/task").stdout)
    assert task["TaskARN"] == lab.tasks("daemon")[0]["arn"] and task["LaunchType"] == "EC2"


def test_tasks_reach_each_other_by_ipv6(lab):
    one, two = lab.tasks("member")
    with inside(two["namespace"], lambda: socket.create_server((two["addressV6"], 9100), family=socket.AF_INET6)):
        with connect(one["namespace"], two["addressV6"], 9100, 3) as connection:
            assert connection.getsockname()[0] == one["addressV6"]


def test_events_tell_starts_and_ends(lab):
    filters = quote(json.dumps({"type": ["container"], "event": ["start", "die"], "label": [LABEL]}))
    connection = UnixConnection(lab.environment["TULLE_LAB_DOCKER_SOCKET"], timeout=60)
    connection.request("GET", f"/events?filters={filters}")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.getheader("Transfer-Encoding") == "chunked"
    victim = lab.tasks("member")[0]
    lab.client("ecs").stop_task(cluster="fleet", task=victim["id"])
    seen: list[tuple[str, bool]] = []
    while len(seen) < 4:
        event = json.loads(answer.readline())
        labels = event["Actor"]["Attributes"]
        seen.append((event["Action"], labels[LABEL] == victim["arn"]))
        if event["Action"] == "die":
            assert labels["exitCode"].isdigit()
    connection.close()
    # The service replaces the task; which comes first is not said.
    assert sorted(seen) == [("die", True), ("die", True), ("start", False), ("start", False)]
    lab.wait_healthy("member", 2, 30)
    assert not Path(f"/run/netns/{victim['namespace']}").exists()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/ecs/{victim['id']}"))
