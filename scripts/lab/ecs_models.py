"""ECS tasks and services as ECS keeps them, where moto's own models are too simple for a mesh to be tested.

Tasks begin in PROVISIONING and change only when the lab says so; each has its containers, an ENI address out of its
subnet, a 32-digit id, tags as ECS propagates them, and a version that counts its changes. Services keep their
deployments apart, and their counts are those of their tasks.
"""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any

from moto.core.utils import utcnow
from moto.ec2 import ec2_backends
from moto.ecs import models
from moto.ecs.exceptions import InvalidParameterException
from moto.moto_api._internal import mock_random

import events

#: moto files each model under the second part of its module's name.
MOTO_MODULE = "moto.ecs.models"

#: Names of tags that ECS itself sets on a task.
SERVICE_TAG = "aws:ecs:serviceName"
CLUSTER_TAG = "aws:ecs:clusterName"

#: Stopped tasks that stay describable, as a bound on memory.
STOPPED_TASKS_KEPT = 500


class LabContainer(models.Container):
    """One container of a task, named and described by its definition."""

    __module__ = MOTO_MODULE

    def __init__(self, task: "LabTask", definition: dict[str, Any]):
        prefix = task.cluster_arn.replace(":cluster/", ":container/")
        self.container_arn = f"{prefix}/{task.id}/{uuid.uuid4()}"
        self.task_arn = task.task_arn
        self.name = definition.get("name")
        self.image = definition.get("image")
        self.cpu = str(definition.get("cpu") or 0)
        self.memory = definition.get("memory")
        self.last_status = "PENDING"
        self.exit_code: int | None = None
        self.reason: str | None = None
        self.runtime_id: str | None = None
        self.health_status = "UNKNOWN"
        self.network_bindings: list[dict[str, Any]] = []
        self.managed_agents: list[dict[str, Any]] = []
        self.network_interfaces: list[dict[str, Any]] = []
        for attachment in task.attachments:
            details = {entry["name"]: entry["value"] for entry in attachment["details"]}
            interface = {"attachmentId": attachment["id"], "privateIpv4Address": details["privateIPv4Address"]}
            if task.address_v6():
                interface["ipv6Address"] = task.address_v6()
            self.network_interfaces.append(interface)


class LabTask(models.Task):
    """A task whose state is told by the lab, never advanced by reading it."""

    __module__ = MOTO_MODULE

    def __init__(self, **kwargs: Any):
        cluster, definition = kwargs["cluster"], kwargs["task_definition"]
        network = (kwargs.get("networking_configuration") or {}).get("awsvpcConfiguration") or {}
        instance = kwargs.pop("instance", None)
        check_placement(definition, network, on_instance=instance is not None)
        zone = instance.attributes["ecs.availability-zone"] if instance else None
        if definition.network_mode == "awsvpc":
            backend = kwargs["backend"]
            ec2 = ec2_backends[backend.account_id][cluster.region_name]
            subnet = ec2.get_subnet(least_used_subnet(network["subnets"], backend.tasks[cluster.name], kwargs["group"]))
            groups = network.get("securityGroups") or default_security_groups(ec2, subnet.vpc_id)
            address = next_address(ec2, subnet)
            kwargs["networking_configuration"] = {
                "awsvpcConfiguration": {**network, "subnets": [subnet.id], "securityGroups": groups}
            }
            # moto asks this function, once and at once, for the interface's address.
            models.random_private_ip = lambda *_, **__: address
            zone = zone or subnet.availability_zone
        super().__init__(**kwargs)
        self.id = uuid.uuid4().hex
        self._status = "PROVISIONING"
        self.version = 1
        self.availability_zone = zone
        self.network_mode = definition.network_mode
        self.created_at = utcnow()
        self.connectivity = "CONNECTED"
        self.cpu = definition.cpu or "256"
        self.memory = definition.memory or "512"
        self.platform_version = None if instance else "1.4.0"
        self.platform_family = None if instance else "Linux"
        self.attributes = [{"name": "ecs.cpu-architecture", "value": "x86_64"}]
        self.health_status = "UNKNOWN"
        self.enable_execute_command = False
        self.stopped_reason: str | None = None
        self.containers = [LabContainer(self, entry) for entry in definition.container_definitions]
        if not self.overrides:
            self.overrides = {"containerOverrides": [], "inferenceAcceleratorOverrides": []}

    def advance(self) -> None:
        """Reading a task changes nothing."""

    @property
    def status(self) -> str:
        return self._status

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    def address(self) -> str | None:
        for attachment in self.attachments:
            for entry in attachment["details"]:
                if entry["name"] == "privateIPv4Address":
                    return entry["value"]
        return None

    def address_v6(self) -> str | None:
        """The interface's IPv6 address in a dual-stack lab: the lab's prefix with the IPv4 address in its last 32 bits."""
        address = self.address()
        if _prefix_v6 is None or address is None:
            return None
        return str(_prefix_v6[int(ipaddress.ip_address(address))])

    def touch(self) -> None:
        """Counts a change, after it was made, and tells of it."""
        self.version += 1
        events.publish(self)

    def ask_to_stop(self, code: str, reason: str) -> None:
        """Sets the wish that the task stop; the lab carries it out."""
        if self.desired_status == "STOPPED":
            return
        self.desired_status = "STOPPED"
        self.stop_code = code
        self.stopped_reason = reason
        self.stopping_at = utcnow()
        self.touch()

    def release_interface(self) -> None:
        ec2 = ec2_backends[self._account_id][self.region_name]
        for attachment in self.attachments:
            attachment["status"] = "DELETED"
            for entry in attachment["details"]:
                if entry["name"] == "networkInterfaceId":
                    try:
                        ec2.delete_network_interface(entry["value"])
                    except Exception:  # noqa: BLE001 (already gone is as good)
                        pass


def check_placement(definition: Any, network: dict[str, Any], on_instance: bool) -> None:
    """Refuses what ECS refuses, and what the lab does not emulate."""
    if not on_instance:
        for container in definition.container_definitions:
            check_fargate(container)
    mode = definition.network_mode
    if mode == "awsvpc":
        if not network.get("subnets"):
            raise InvalidParameterException(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            )
    elif mode == "host":
        if not on_instance:
            raise InvalidParameterException("Tasks using the Fargate launch type do not support network mode 'host'.")
        if network:
            raise InvalidParameterException(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
    else:
        raise InvalidParameterException(
            f"tulle-lab runs tasks with networkMode awsvpc or host only; {definition.family} has {mode}."
        )


def check_fargate(container: dict[str, Any]) -> None:
    """Fargate gives no container power over its host or its network."""
    name = container.get("name")
    if container.get("privileged"):
        raise InvalidParameterException(f"Container {name}: privileged is not supported on Fargate.")
    capabilities = (container.get("linuxParameters") or {}).get("capabilities") or {}
    added = [each for each in capabilities.get("add") or [] if each != "SYS_PTRACE"]
    if added:
        raise InvalidParameterException(
            f"Container {name}: Fargate adds no capability but SYS_PTRACE; {', '.join(added)} is asked for."
        )


def least_used_subnet(subnets: list[str], tasks: dict[str, Any], group: str | None) -> str:
    """The subnet with the fewest tasks of the group, so that a service spreads over its zones as it does on Fargate."""
    used = [
        task.network_configuration["awsvpcConfiguration"]["subnets"][0]
        for task in tasks.values()
        if task.group == group and task.last_status != "STOPPED" and task.network_mode == "awsvpc"
    ]
    return min(subnets, key=used.count)


def default_security_groups(ec2: Any, vpc_id: str) -> list[str]:
    group = ec2.get_security_group_from_name("default", vpc_id)
    return [group.id] if group else []


_last_address: dict[str, int] = {}
#: The network that tasks' IPv6 addresses come from; None in a lab of IPv4 only.
_prefix_v6: ipaddress.IPv6Network | None = None


def next_address(ec2: Any, subnet: Any) -> str:
    """The next free address of a subnet, in order; AWS keeps the first four and the last one."""
    network = ipaddress.ip_network(subnet.cidr_block)
    used = {eni.private_ip_address for eni in ec2.enis.values()}
    first, count = 10, network.num_addresses - 11
    if count < 1:
        raise InvalidParameterException(f"Subnet {subnet.id} ({network}) is too small for tasks.")
    start = _last_address.get(subnet.id, -1)
    for step in range(1, count + 1):
        offset = (start + step) % count
        address = str(network.network_address + first + offset)
        if address not in used:
            _last_address[subnet.id] = offset
            return address
    raise InvalidParameterException(f"Subnet {subnet.id} has no free address.")


class LabService(models.Service):
    """A service whose counts come from its tasks."""

    __module__ = MOTO_MODULE

    def __init__(self, **kwargs: Any):
        network = kwargs.get("network_configuration")
        if network and network.get("awsvpcConfiguration") is not None:
            network["awsvpcConfiguration"].setdefault("securityGroups", [])
        super().__init__(**kwargs)
        self.created_at = utcnow()
        self.created_by = f"arn:aws:iam::{self._account_id}:user/lab-admin"
        self.enable_ecs_managed_tags = False
        self.enable_execute_command = False
        self.deployment_configuration = {"maximumPercent": 200, "minimumHealthyPercent": 100}
        if self.scheduling_strategy == "DAEMON":
            self.deployment_configuration = {"maximumPercent": 100, "minimumHealthyPercent": 0}
        on_fargate = self.launch_type == "FARGATE"
        self.platform_family = "Linux" if on_fargate else None
        self.platform_version = (self.platform_version or "LATEST") if on_fargate else None
        self.refresh()

    @property
    def running_count(self) -> int:
        return sum(1 for task in self.tasks() if task.last_status == "RUNNING")

    @running_count.setter
    def running_count(self, _: int) -> None:
        """Counted, not set."""

    @property
    def pending_count(self) -> int:
        return sum(1 for task in self.tasks() if task.last_status in BEFORE_RUNNING)

    @pending_count.setter
    def pending_count(self, _: int) -> None:
        """Counted, not set."""

    def tasks(self) -> list[LabTask]:
        """The service's tasks that are not yet STOPPED."""
        tasks = self._backend.tasks.get(self.cluster_name, {}).values()
        group = f"service:{self.name}"
        return [task for task in tasks if task.group == group and task.last_status != "STOPPED"]

    def new_deployment(self) -> None:
        """Makes a new primary deployment; the ones before it drain."""
        for deployment in self.deployments:
            deployment["status"] = "ACTIVE"
            deployment["desiredCount"] = 0
        now = utcnow()
        identifier = f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}"
        self.deployments.insert(
            0,
            {
                "createdAt": now,
                "desiredCount": self.desired_count,
                "failedTasks": 0,
                "id": identifier,
                "launchType": self.launch_type,
                "networkConfiguration": self.network_configuration,
                "pendingCount": 0,
                "platformFamily": self.platform_family,
                "platformVersion": self.platform_version,
                "rolloutState": "IN_PROGRESS",
                "rolloutStateReason": f"ECS deployment {identifier} in progress.",
                "runningCount": 0,
                "status": "PRIMARY",
                "taskDefinition": self.task_definition,
                "updatedAt": now,
            },
        )

    def refresh(self) -> None:
        """Brings the deployments' counts up to date and ends those that are done."""
        tasks = self.tasks()
        kept = []
        for deployment in self.deployments:
            own = [task for task in tasks if task.started_by == deployment["id"]]
            deployment["runningCount"] = sum(1 for task in own if task.last_status == "RUNNING")
            deployment["pendingCount"] = sum(1 for task in own if task.last_status in BEFORE_RUNNING)
            if deployment["status"] == "PRIMARY":
                deployment["desiredCount"] = self.desired_count
                deployment["platformFamily"] = self.platform_family
            elif not own:
                continue
            kept.append(deployment)
        self.deployments = kept
        if len(kept) == 1 and kept[0]["rolloutState"] == "IN_PROGRESS":
            if kept[0]["runningCount"] == self.desired_count and not kept[0]["pendingCount"]:
                kept[0]["rolloutState"] = "COMPLETED"
                kept[0]["rolloutStateReason"] = f"ECS deployment {kept[0]['id']} completed."
                kept[0]["updatedAt"] = utcnow()
        if self.status == "DRAINING" and not tasks:
            self.status = "INACTIVE"
            self.deployments = []


BEFORE_RUNNING = ("PROVISIONING", "PENDING", "ACTIVATING")


def forget_old_tasks(backend: models.EC2ContainerServiceBackend) -> None:
    """Drops the oldest stopped tasks past the bound."""
    for tasks in backend.tasks.values():
        stopped = [arn for arn, task in tasks.items() if task.last_status == "STOPPED"]
        for arn in stopped[: max(0, len(stopped) - STOPPED_TASKS_KEPT)]:
            del tasks[arn]


def service_task_tags(service: LabService) -> list[dict[str, str]]:
    """The tags that ECS gives a new task of a service."""
    tags: list[dict[str, str]] = []
    if service.propagate_tags == "SERVICE":
        tags = list(service.tags or [])
    elif service.propagate_tags == "TASK_DEFINITION" and service.task_definition:
        tags = list(service._backend.describe_task_definition(service.task_definition).tags or [])
    tags = [tag for tag in tags if not tag["key"].startswith("aws:")]
    if service.enable_ecs_managed_tags:
        tags.append({"key": CLUSTER_TAG, "value": service.cluster_name})
        tags.append({"key": SERVICE_TAG, "value": service.name})
    return tags


def install(prefix_v6: str | None = None) -> None:
    """Puts the lab's models in the place of moto's."""
    global _prefix_v6
    _prefix_v6 = ipaddress.IPv6Network(prefix_v6) if prefix_v6 else None
    models.Task = LabTask
    models.Service = LabService
    # The lab's machine has what it has; placement by memory is not its business.
    backend = models.EC2ContainerServiceBackend
    backend._calculate_task_resource_requirements = staticmethod(lambda _: {})
