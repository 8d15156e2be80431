"""The lab's view of moto: services and tasks as they should be, tasks as they are, private DNS zones."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import ecs_backends
from moto.iam import iam_backends
from moto.route53.models import route53_backends

from ecs_models import LabService, LabTask, forget_old_tasks, service_task_tags
from placement import make_tasks

TASK_STATES = (
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
)


class ControlError(Exception):
    """A control request that makes no sense."""


def handle(method: str, path: str, body: dict[str, Any], vpc_id: str) -> Any:
    actions = {
        ("GET", "state"): lambda: state(),
        ("GET", "zones"): lambda: zones(vpc_id),
        ("POST", "tasks"): lambda: start_task(body),
        ("POST", "tasks/state"): lambda: report(body),
        ("POST", "tasks/stop"): lambda: stop(body),
    }
    action = actions.get((method, path))
    if action is None:
        raise ControlError(f"no control endpoint {method} {path}")
    return action()


def ecs_parts() -> list[tuple[str, str, Any]]:
    """Every (account, region, ECS backend) that was ever used."""
    parts = []
    for account in list(ecs_backends.keys()):
        for region, backend in list(ecs_backends[account].items()):
            if backend.clusters:
                parts.append((account, region, backend))
    return parts


def state() -> dict[str, Any]:
    services, tasks, definitions = [], [], {}
    for account, region, backend in ecs_parts():
        for service in backend.services.values():
            service.refresh()
            if service.status != "INACTIVE":
                services.append(describe_service(account, region, service))
        for group in backend.tasks.values():
            for task in group.values():
                if task.last_status == "STOPPED":
                    continue
                tasks.append(describe_task(account, region, task))
                arn = task.task_definition_arn
                if arn not in definitions:
                    definitions[arn] = describe_definition(account, backend.describe_task_definition(arn))
    return {"services": services, "taskDefinitions": definitions, "tasks": tasks}


def describe_service(account: str, region: str, service: LabService) -> dict[str, Any]:
    return {
        "account": account,
        "arn": service.arn,
        "cluster": service.cluster_name,
        "deployments": [
            {
                "id": each["id"],
                "primary": each["status"] == "PRIMARY",
                "taskDefinition": each["taskDefinition"],
            }
            for each in service.deployments
        ],
        "desiredCount": service.desired_count,
        "maximumPercent": int(service.deployment_configuration.get("maximumPercent") or 200),
        "minimumHealthyPercent": int(service.deployment_configuration.get("minimumHealthyPercent") or 0),
        "name": service.name,
        "region": region,
        "status": service.status,
    }


def describe_task(account: str, region: str, task: LabTask) -> dict[str, Any]:
    attachment = task.attachments[0] if task.attachments else {"details": []}
    details = {entry["name"]: entry["value"] for entry in attachment["details"]}
    return {
        "account": account,
        "address": task.address(),
        "addressV6": task.address_v6(),
        "arn": task.task_arn,
        "availabilityZone": task.availability_zone,
        "cluster": task.cluster_name,
        "clusterArn": task.cluster_arn,
        "containerInstanceArn": task.container_instance_arn,
        "containers": {each.name: each.container_arn for each in task.containers},
        "createdAt": task.created_at.timestamp(),
        "desiredStatus": task.desired_status,
        "group": task.group,
        "healthStatus": task.health_status,
        "id": task.id,
        "lastStatus": task.last_status,
        "launchType": task.launch_type,
        "macAddress": details.get("macAddress"),
        "overrides": task.overrides,
        "region": region,
        "startedBy": task.started_by,
        "stopCode": getattr(task, "stop_code", None),
        "stoppedReason": task.stopped_reason,
        "tags": {tag["key"]: tag["value"] for tag in task.tags},
        "taskDefinitionArn": task.task_definition_arn,
    }


def describe_definition(account: str, definition: Any) -> dict[str, Any]:
    role = getattr(definition, "task_role_arn", None)
    return {
        "containerDefinitions": definition.container_definitions,
        "cpu": definition.cpu,
        "family": definition.family,
        "memory": definition.memory,
        "networkMode": definition.network_mode,
        "proxyConfiguration": definition.proxy_configuration,
        "revision": definition.revision,
        "taskRoleArn": role,
        "taskRoleExists": role is None or role_exists(account, role),
        "volumes": definition.volumes,
    }


def role_exists(account: str, arn: str) -> bool:
    roles = iam_backends[account]["aws"].roles.values()
    name = arn.split("/")[-1]
    return any(role.arn == arn or (":role/" not in arn and role.name == name) for role in roles)


def find_task(body: dict[str, Any]) -> LabTask:
    arn = body.get("taskArn")
    for _, _, backend in ecs_parts():
        for tasks in backend.tasks.values():
            if arn in tasks:
                return tasks[arn]
    raise ControlError(f"no task {arn}")


def find_service(body: dict[str, Any]) -> tuple[Any, LabService]:
    arn = body.get("serviceArn")
    for _, _, backend in ecs_parts():
        for service in backend.services.values():
            if service.arn == arn and service.status == "ACTIVE":
                return backend, service
    raise ControlError(f"no active service {arn}")


def start_task(body: dict[str, Any]) -> dict[str, Any]:
    """One more task of a service's primary deployment."""
    backend, service = find_service(body)
    primary = next((each for each in service.deployments if each["status"] == "PRIMARY"), None)
    if primary is None or primary["id"] != body.get("deployment"):
        raise ControlError(f"{body.get('deployment')} is not the primary deployment of {service.arn}")
    [task] = make_tasks(
        backend,
        service.cluster_name,
        primary["taskDefinition"],
        1,
        launch_type=service.launch_type,
        network=service.network_configuration or None,
        group=f"service:{service.name}",
        started_by=primary["id"],
        tags=service_task_tags(service),
    )
    task.enable_execute_command = service.enable_execute_command
    forget_old_tasks(backend)
    service.refresh()
    return {"taskArn": task.task_arn}


def stop(body: dict[str, Any]) -> dict[str, Any]:
    task = find_task(body)
    task.ask_to_stop(str(body.get("stopCode") or "ServiceSchedulerInitiated"), str(body.get("reason") or ""))
    return {"version": task.version}


def report(body: dict[str, Any]) -> dict[str, Any]:
    """Writes what the lab observed of a task into moto."""
    task = find_task(body)
    changed = False
    status = body.get("lastStatus")
    if status is not None:
        if status not in TASK_STATES:
            raise ControlError(f"lastStatus {status}: not a task state")
        if task.last_status == "STOPPED" and status != "STOPPED":
            raise ControlError(f"task {task.id} is STOPPED and stays so")
        if status != task.last_status:
            changed = True
            task.last_status = status
            now = utcnow()
            stamps = {
                "PENDING": ["pull_started_at"],
                "RUNNING": ["started_at"],
                "STOPPING": ["stopping_at"],
                "STOPPED": ["stopped_at", "execution_stopped_at"],
            }
            for name in stamps.get(status, []):
                if getattr(task, name, None) is None:
                    setattr(task, name, now)
            if status == "PENDING":
                task.pull_stopped_at = now
            if status == "STOPPED":
                task.desired_status = "STOPPED"
                task.connectivity = "DISCONNECTED"
                task.release_interface()
    for key, attribute in [("healthStatus", "health_status")]:
        if body.get(key) is not None and body[key] != getattr(task, attribute):
            setattr(task, attribute, body[key])
            changed = True
    if body.get("stopCode") and not getattr(task, "stop_code", None):
        task.stop_code = body["stopCode"]
        task.stopped_reason = body.get("stoppedReason")
        task.desired_status = "STOPPED"
        changed = True
    containers = {each.name: each for each in task.containers}
    for entry in body.get("containers", []):
        container = containers.get(entry.get("name"))
        if container is None:
            raise ControlError(f"task {task.id} has no container {entry.get('name')}")
        for key, attribute in [
            ("lastStatus", "last_status"),
            ("exitCode", "exit_code"),
            ("reason", "reason"),
            ("healthStatus", "health_status"),
            ("runtimeId", "runtime_id"),
        ]:
            if entry.get(key) is not None and entry[key] != getattr(container, attribute):
                setattr(container, attribute, entry[key])
                changed = True
    if body.get("failed"):
        count_failure(task)
    if changed:
        task.touch()
    return {"version": task.version}


def count_failure(task: LabTask) -> None:
    for service in task._backend.services.values():
        for deployment in service.deployments:
            if deployment["id"] == task.started_by:
                deployment["failedTasks"] += 1


def zones(vpc_id: str) -> dict[str, Any]:
    """The private hosted zones that are associated with the lab's VPC."""
    found = []
    for account in list(route53_backends.keys()):
        for backend in list(route53_backends[account].values()):
            for zone in backend.zones.values():
                if zone.private_zone and any(vpc_id in each.values() for each in zone.vpcs):
                    found.append({"name": zone.name, "records": [describe_records(each) for each in zone.rrsets]})
    return {"zones": found}


def describe_records(records: Any) -> dict[str, Any]:
    alias = records.alias_target or {}
    return {
        "alias": alias.get("DNSName"),
        "name": records.name,
        "ttl": int(records.ttl or 0),
        "type": records.type,
        "values": [each["Value"] if isinstance(each, dict) else each for each in records.records or []],
    }
