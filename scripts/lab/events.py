"""What ECS tells EventBridge: one `ECS Task State Change` for each change of a task, with its version.

They go to the default event bus of the task's account and region. Whoever wants them makes a rule with a target there, as
on AWS; without a rule nothing happens.
"""

from __future__ import annotations

import sys
import time
import uuid
from typing import Any

from moto.events import events_backends

SOURCE, TYPE = "aws.ecs", "ECS Task State Change"
#: How a task's event names its members, and the attributes that they come from. Tags are not among them.
MEMBERS = {
    "availabilityZone": "availability_zone",
    "clusterArn": "cluster_arn",
    "connectivity": "connectivity",
    "containerInstanceArn": "container_instance_arn",
    "cpu": "cpu",
    "createdAt": "created_at",
    "desiredStatus": "desired_status",
    "enableExecuteCommand": "enable_execute_command",
    "executionStoppedAt": "execution_stopped_at",
    "group": "group",
    "launchType": "launch_type",
    "lastStatus": "last_status",
    "memory": "memory",
    "overrides": "overrides",
    "platformVersion": "platform_version",
    "pullStartedAt": "pull_started_at",
    "pullStoppedAt": "pull_stopped_at",
    "startedAt": "started_at",
    "startedBy": "started_by",
    "stopCode": "stop_code",
    "stoppedAt": "stopped_at",
    "stoppedReason": "stopped_reason",
    "stoppingAt": "stopping_at",
    "taskArn": "task_arn",
    "taskDefinitionArn": "task_definition_arn",
    "version": "version",
}
CONTAINER_MEMBERS = {
    "containerArn": "container_arn",
    "exitCode": "exit_code",
    "image": "image",
    "lastStatus": "last_status",
    "name": "name",
    "networkInterfaces": "network_interfaces",
    "reason": "reason",
    "runtimeId": "runtime_id",
    "taskArn": "task_arn",
}


def members(thing: Any, names: dict[str, str]) -> dict[str, Any]:
    values = {key: getattr(thing, attribute, None) for key, attribute in names.items()}
    # Events have times as text, answers of the API as numbers.
    return {
        key: value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if hasattr(value, "strftime") else value
        for key, value in values.items()
        if value is not None
    }


def detail(task: Any) -> dict[str, Any]:
    """A task as its event has it."""
    told = members(task, MEMBERS)
    told["containers"] = [members(each, CONTAINER_MEMBERS) for each in task.containers]
    told["attachments"] = [{**each, "type": "eni"} for each in task.attachments]
    return told


def publish(task: Any) -> None:
    """Sends a task's state to whoever has a rule for it. That nobody can be reached is no trouble of the task's."""
    bus = events_backends[task._account_id][task.region_name].event_buses["default"]
    event = None
    for rule in list(bus.rules.values()):
        if rule.state != "ENABLED":
            continue
        event = event or envelope(task)
        try:
            # Without moto's transformers of events, which want a package that the lab has no other use for.
            rule.send_to_targets(dict(event), transform_input=False)
        except Exception as error:  # noqa: BLE001 (the lab's log shows it to a person)
            print(f"an event of task {task.id} is lost: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


def envelope(task: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": TYPE,
        "source": SOURCE,
        "account": task._account_id,
        "time": time.time(),
        "region": task.region_name,
        "resources": [task.task_arn],
        "detail": detail(task),
    }
