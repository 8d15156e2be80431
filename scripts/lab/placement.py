"""Where tasks run: on Fargate, or on the one container instance that every cluster has, the lab's machine itself.

A cluster's instance is registered by its first use of launch type EC2. It is an EC2 instance of moto's with the lab's
own address, so that what refers to it (DescribeContainerInstances, DescribeInstances) finds it.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.utils import utcnow
from moto.ec2 import ec2_backends
from moto.ecs import models
from moto.ecs.exceptions import InvalidParameterException

import events

AGENT_VERSION = "1.105.1"

#: What the agent says it can do, as far as the lab emulates it.
CAPABILITIES = (
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.task-iam-role",
    "ecs.capability.aws-appmesh",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.task-eni",
)

#: The lab's address in the VPC; tasks in network mode host have it too.
_host = "127.0.0.1"


def install(host: str) -> None:
    global _host
    _host = host


def launch_type_of(launch_type: str | None, strategy: list[dict[str, Any]] | None) -> str:
    """The launch type of a request; ECS takes EC2 when nothing is said, the lab FARGATE."""
    if launch_type and strategy:
        raise InvalidParameterException("Specifying both a launch type and capacity provider strategy is not supported.")
    if strategy:
        names = {each.get("capacityProvider") for each in strategy}
        if names <= {"FARGATE", "FARGATE_SPOT"}:
            return "FARGATE"
        raise InvalidParameterException(f"tulle-lab has no capacity provider {sorted(map(str, names))}.")
    if launch_type not in (None, "EC2", "FARGATE"):
        raise InvalidParameterException(f"tulle-lab runs launch types EC2 and FARGATE, not {launch_type}.")
    return launch_type or "FARGATE"


def container_instance(backend: Any, cluster: Any) -> Any:
    """The cluster's container instance, registered if it is not yet."""
    known = backend.container_instances.get(cluster.name)
    if known:
        return next(iter(known.values()))
    ec2 = ec2_backends[backend.account_id][cluster.region_name]
    machine = host_machine(ec2, cluster.region_name)
    instance = backend.register_container_instance(cluster.name, machine.id)
    # ECS's ids have no dashes; moto files an instance under the last part of its ARN, which is its id.
    instance.id = uuid.uuid4().hex
    backend.container_instances[cluster.name] = {instance.id: instance}
    instance.registered_at = utcnow()
    instance.version_info = {
        "agentVersion": AGENT_VERSION,
        "agentHash": "*tulle-lab",
        "dockerVersion": "DockerVersion: 25.0.8",
    }
    for name in CAPABILITIES:
        instance.attributes[name] = ""
    return instance


def host_machine(ec2: Any, region: str) -> Any:
    """The EC2 instance that stands for the lab's machine."""
    for reservation in ec2.reservations.values():
        for machine in reservation.instances:
            if any(tag["key"] == "Name" and tag["value"] == "tulle-lab" for tag in machine.get_tags()):
                return machine
    subnet = next(each for zone in ec2.subnets.values() for each in zone.values() if not each.default_for_az)
    reservation = ec2.run_instances(
        "ami-03cf127a",
        1,
        None,
        [],
        instance_type="m5.large",
        is_instance_type_default=False,
        region_name=region,
        subnet_id=subnet.id,
        tags={"instance": {"Name": "tulle-lab"}},
    )
    machine = reservation.instances[0]
    # The machine is the VPC's router, which lies outside its subnets; moto would refuse the address at first.
    interface = machine.nics[0]
    interface.private_ip_address = _host
    for address in interface.private_ip_addresses:
        if address.get("Primary"):
            address["PrivateIpAddress"] = _host
    return machine


def count_instance_tasks(backend: Any, cluster: Any) -> None:
    """Brings the instances' counts of tasks up to date."""
    tasks = backend.tasks.get(cluster.name, {}).values()
    for instance in backend.container_instances.get(cluster.name, {}).values():
        own = [task for task in tasks if task.container_instance_arn == instance.container_instance_arn]
        instance.running_tasks_count = sum(1 for task in own if task.last_status == "RUNNING")
        instance.pending_tasks_count = sum(1 for task in own if task.last_status in ("PROVISIONING", "PENDING"))


def make_tasks(
    backend: Any,
    cluster_name: str,
    definition_name: str,
    count: int,
    *,
    launch_type: str,
    network: dict[str, Any] | None,
    group: str | None,
    started_by: str | None,
    tags: list[dict[str, str]],
    overrides: dict[str, Any] | None = None,
) -> list[Any]:
    """Makes tasks in state PROVISIONING; on EC2 they are placed on the cluster's instance."""
    cluster = backend._get_cluster(cluster_name)
    definition = backend.describe_task_definition(definition_name)
    instance = container_instance(backend, cluster) if launch_type == "EC2" else None
    made = backend.tasks.setdefault(cluster.name, {})
    tasks = []
    for _ in range(count):
        task = models.Task(
            cluster=cluster,
            task_definition=definition,
            container_instance_arn=instance.container_instance_arn if instance else None,
            resource_requirements={},
            backend=backend,
            group=group or f"family:{definition.family}",
            launch_type=launch_type,
            overrides=overrides or {},
            started_by=started_by or "",
            tags=tags,
            networking_configuration=network,
            instance=instance,
        )
        made[task.task_arn] = task
        tasks.append(task)
        events.publish(task)
    return tasks
