"""ECS actions as AWS answers them, where moto's own answers differ (pages, filters, limits, roll-outs)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ecs import responses
from moto.ecs.exceptions import EcsClientException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.responses import DESCRIBE_TASKS_TAGS, EC2ContainerServiceResponse

from ecs_models import CLUSTER_TAG, check_placement, forget_old_tasks
from placement import container_instance, count_instance_tasks, launch_type_of, make_tasks
from proxy_rules import check_proxy_configuration


def page(response: Any, arns: list[str], key: str, default: int, most: int) -> ActionResult:
    """One page of a listing. The token holds the last ARN of the page before, so that it survives changes."""
    size = response._get_param("maxResults")
    size = default if size is None else int(size)
    if not 1 <= size <= most:
        raise InvalidParameterException(f"maxResults must be between 1 and {most}, not {size}.")
    arns = sorted(arns)
    token = response._get_param("nextToken")
    if token:
        try:
            last = json.loads(base64.urlsafe_b64decode(token.encode()))["after"]
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise InvalidParameterException("Invalid token.") from None
        arns = [arn for arn in arns if arn > last]
    result: dict[str, Any] = {key: arns[:size]}
    if len(arns) > size:
        after = json.dumps({"after": arns[size - 1]}).encode()
        result["nextToken"] = base64.urlsafe_b64encode(after).decode()
    return ActionResult(result)


def list_clusters(self: Any) -> ActionResult:
    clusters = self.ecs_backend.clusters.values()
    return page(self, [each.arn for each in clusters if each.status == "ACTIVE"], "clusterArns", 100, 100)


def list_services(self: Any) -> ActionResult:
    cluster = self.ecs_backend._get_cluster(self._get_param("cluster", "default"))
    strategy, launch = self._get_param("schedulingStrategy"), self._get_param("launchType")
    arns = [
        service.arn
        for service in self.ecs_backend.services.values()
        if service.cluster_name == cluster.name
        and service.status != "INACTIVE"
        and strategy in (None, service.scheduling_strategy)
        and launch in (None, service.launch_type)
    ]
    return page(self, arns, "serviceArns", 10, 100)


def list_tasks(self: Any) -> ActionResult:
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    service, family = self._get_param("serviceName"), self._get_param("family")
    if service:
        service = backend._get_service(cluster.name, service).name
    started_by, launch = self._get_param("startedBy"), self._get_param("launchType")
    desired = self._get_param("desiredStatus", "RUNNING")
    arns = [
        task.task_arn
        for task in backend.tasks.get(cluster.name, {}).values()
        if task.desired_status == desired
        and (not service or task.group == f"service:{service}")
        and (not family or task.task_definition_arn.split("/")[-1].rsplit(":", 1)[0] == family)
        and started_by in (None, task.started_by)
        and launch in (None, task.launch_type)
    ]
    return page(self, arns, "taskArns", 100, 100)


def list_task_definitions(self: Any) -> ActionResult:
    arns = self.ecs_backend.list_task_definitions(self._get_param("familyPrefix"), self._get_param("status", "ACTIVE"))
    return page(self, arns, "taskDefinitionArns", 100, 100)


def limited(action: Callable[[Any], ActionResult], key: str, most: int) -> Callable[[Any], ActionResult]:
    """The same action, refusing more names than AWS takes in one call."""

    def checked(self: Any) -> ActionResult:
        names = self._get_param(key, [])
        if len(names) > most:
            raise InvalidParameterException(f"{key.capitalize()} cannot have more than {most} elements.")
        return action(self)

    return checked


def describe_clusters(self: Any) -> ActionResult:
    backend = self.ecs_backend
    for cluster in backend.clusters.values():
        tasks = backend.tasks.get(cluster.name, {}).values()
        cluster.running_tasks_count = sum(1 for task in tasks if task.last_status == "RUNNING")
        cluster.pending_tasks_count = sum(1 for task in tasks if task.last_status in ("PROVISIONING", "PENDING"))
        services = [each for each in backend.services.values() if each.cluster_name == cluster.name]
        cluster.active_services_count = sum(1 for each in services if each.status == "ACTIVE")
    return moto_describe_clusters(self)


def describe_services(self: Any) -> ActionResult:
    for service in self.ecs_backend.services.values():
        service.refresh()
    return moto_describe_services(self)


def describe_tasks(self: Any) -> ActionResult:
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    names = self._get_param("tasks", [])
    if not names:
        raise InvalidParameterException("Tasks cannot be empty.")
    tasks, failures = [], []
    own = {task.id: task for task in backend.tasks.get(cluster.name, {}).values()}
    for name in names:
        task = own.get(name.split("/")[-1])
        if task and (name == task.id or name == task.task_arn):
            tasks.append(task)
        else:
            prefix = cluster.arn.replace(":cluster/", ":task/")
            arn = name if name.startswith("arn:") else f"{prefix}/{name}"
            failures.append({"arn": arn, "reason": "MISSING"})
    include = self._include_in_response if "TAGS" in self._get_param("include", []) else self._exclude_from_response
    include(DESCRIBE_TASKS_TAGS)
    return ActionResult({"tasks": tasks, "failures": failures})


def register_task_definition(self: Any) -> ActionResult:
    containers = self._get_param("containerDefinitions") or []
    problem = check_proxy_configuration(
        self._get_param("proxyConfiguration"), self._get_param("networkMode"), [each.get("name") for each in containers]
    )
    if problem:
        raise EcsClientException(problem)
    result = moto_register_task_definition(self)
    definition = result.result["taskDefinition"]
    definition.registered_at = utcnow()
    definition.registered_by = f"arn:aws:iam::{self.current_account}:user/lab-admin"
    # Fields that moto does not know come back as they were given.
    for name, value in self._get_params().items():
        attribute = camelcase_to_underscores(name)
        if value is not None and not hasattr(definition, attribute):
            setattr(definition, attribute, value)
    shown: dict[str, Any] = {"taskDefinition": definition}
    if definition.tags:
        shown["tags"] = definition.tags
    return ActionResult(shown)


def create_service(self: Any) -> ActionResult:
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    name = self._get_param("serviceName")
    present = backend.services.get(f"{cluster.name}:{name}")
    if present and present.status != "INACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    launch = launch_type_of(self._get_param("launchType"), self._get_param("capacityProviderStrategy"))
    strategy = self._get_param("schedulingStrategy") or "REPLICA"
    count = self._get_int_param("desiredCount")
    if strategy == "DAEMON":
        if launch != "EC2":
            raise InvalidParameterException("The daemon scheduling strategy is not supported for the Fargate launch type.")
        # One task an instance, and the lab's machine is the one instance.
        count = 1
    elif strategy != "REPLICA":
        raise InvalidParameterException(f"schedulingStrategy must be REPLICA or DAEMON, not {strategy}.")
    if launch == "EC2":
        container_instance(backend, cluster)
    definition = backend.describe_task_definition(self._get_param("taskDefinition"))
    network = (self._get_param("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    check_placement(definition, network, on_instance=launch == "EC2")
    service = backend.create_service(
        cluster.name,
        name,
        count,
        self._get_param("taskDefinition"),
        self._get_param("loadBalancers"),
        strategy,
        self._get_param("tags"),
        self._get_param("deploymentController"),
        launch,
        network_configuration=self._get_param("networkConfiguration"),
        service_registries=self._get_param("serviceRegistries"),
        platform_version=self._get_param("platformVersion"),
        propagate_tags=self._get_param("propagateTags") or "NONE",
        role_arn=self._get_param("role"),
    )
    service.enable_ecs_managed_tags = bool(self._get_param("enableECSManagedTags"))
    service.enable_execute_command = bool(self._get_param("enableExecuteCommand"))
    chosen = self._get_param("deploymentConfiguration") or {}
    service.deployment_configuration.update(chosen)
    return ActionResult({"service": service})


def update_service(self: Any) -> ActionResult:
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    service = backend._get_service(cluster.name, self._get_param("service"))
    if service.status != "ACTIVE":
        raise ServiceNotFoundException
    rolls = bool(self._get_param("forceNewDeployment"))
    text = self._get_param("taskDefinition")
    if text:
        arn = backend.describe_task_definition(text).arn
        rolls = rolls or arn != service.task_definition
        service.task_definition = arn
    network = self._get_param("networkConfiguration")
    if network:
        network.get("awsvpcConfiguration", {}).setdefault("securityGroups", [])
        rolls = rolls or network != service.network_configuration
        service.network_configuration = network
    count = self._get_param("desiredCount")
    if count is not None and service.scheduling_strategy == "DAEMON":
        raise InvalidParameterException("The daemon scheduling strategy does not support a desired count for services.")
    if count is not None:
        service.desired_count = max(0, int(count))
    for key, attribute in [
        ("propagateTags", "propagate_tags"),
        ("enableExecuteCommand", "enable_execute_command"),
        ("enableECSManagedTags", "enable_ecs_managed_tags"),
        ("platformVersion", "platform_version"),
    ]:
        value = self._get_param(key)
        if value is not None:
            setattr(service, attribute, value)
    service.deployment_configuration.update(self._get_param("deploymentConfiguration") or {})
    if rolls:
        service.new_deployment()
    service.refresh()
    return ActionResult({"service": service})


def delete_service(self: Any) -> ActionResult:
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    service = backend._get_service(cluster.name, self._get_param("service"))
    is_daemon = service.scheduling_strategy == "DAEMON"
    if service.desired_count > 0 and not is_daemon and not self._get_param("force", False):
        raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
    service.desired_count = 0
    service.status = "DRAINING"
    service.refresh()
    return ActionResult({"service": service})


def run_task(self: Any) -> ActionResult:
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    count = self._get_int_param("count", 1)
    if not 1 <= count <= 10:
        raise InvalidParameterException(f"count must be between 1 and 10, not {count}.")
    tags = list(self._get_param("tags") or [])
    text = self._get_param("taskDefinition")
    if self._get_param("propagateTags") == "TASK_DEFINITION":
        given = {tag["key"] for tag in tags}
        tags += [tag for tag in backend.describe_task_definition(text).tags if tag["key"] not in given]
    if self._get_param("enableECSManagedTags"):
        tags.append({"key": CLUSTER_TAG, "value": cluster.name})
    group = self._get_param("group")
    if group and group.startswith("service:"):
        raise InvalidParameterException("group: names that begin with service: belong to ECS services.")
    tasks = make_tasks(
        backend,
        cluster.name,
        text,
        count,
        launch_type=launch_type_of(self._get_param("launchType"), self._get_param("capacityProviderStrategy")),
        network=self._get_param("networkConfiguration"),
        group=group,
        started_by=self._get_param("startedBy"),
        tags=tags,
        overrides=self._get_param("overrides"),
    )
    for task in tasks:
        task.enable_execute_command = bool(self._get_param("enableExecuteCommand"))
    forget_old_tasks(backend)
    return ActionResult({"tasks": tasks, "failures": []})


def stop_task(self: Any) -> ActionResult:
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    identifier = (self._get_param("task") or "").split("/")[-1]
    for task in backend.tasks.get(cluster.name, {}).values():
        if task.id == identifier:
            task.ask_to_stop("UserInitiated", self._get_param("reason") or "Task stopped by user")
            return ActionResult({"task": task})
    raise InvalidParameterException("The referenced task was not found.")


def describe_container_instances(self: Any) -> ActionResult:
    count_instance_tasks(self.ecs_backend, self.ecs_backend._get_cluster(self._get_param("cluster", "default")))
    return moto_describe_container_instances(self)


moto_describe_clusters = EC2ContainerServiceResponse.describe_clusters
moto_describe_container_instances = EC2ContainerServiceResponse.describe_container_instances
moto_describe_services = EC2ContainerServiceResponse.describe_services
moto_register_task_definition = EC2ContainerServiceResponse.register_task_definition


def install() -> None:
    """Puts the lab's answers in the place of moto's."""
    actions = {
        "list_clusters": list_clusters,
        "list_services": list_services,
        "list_tasks": list_tasks,
        "list_task_definitions": list_task_definitions,
        "describe_clusters": limited(describe_clusters, "clusters", 100),
        "describe_container_instances": limited(describe_container_instances, "containerInstances", 100),
        "describe_services": limited(describe_services, "services", 10),
        "describe_tasks": limited(describe_tasks, "tasks", 100),
        "register_task_definition": register_task_definition,
        "create_service": create_service,
        "update_service": update_service,
        "delete_service": delete_service,
        "run_task": run_task,
        "stop_task": stop_task,
    }
    for name, action in actions.items():
        setattr(responses.EC2ContainerServiceResponse, name, action)
