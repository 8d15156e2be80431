"""Containers and task definitions of the scenarios."""

from __future__ import annotations


def workload(name: str, *command: str, port: int | None = None, image: str = "tulle/workload", **more) -> dict:
    """An application's container; scripts/lab/images/workload.py lists the commands."""
    container = {"name": name, "image": image, "memory": 64, "essential": True, "command": list(command), **more}
    if port:
        container["portMappings"] = [{"containerPort": port, "protocol": "tcp"}]
    return container


def task_definition(family: str, role: str | None, containers: list[dict], **more) -> dict:
    """What register-task-definition takes; on Fargate unless `more` says otherwise."""
    definition = {
        "family": family, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "containerDefinitions": containers, **more,
    }
    if role:
        definition["taskRoleArn"] = role
    return definition


def on_instance(family: str, role: str | None, containers: list[dict], **more) -> dict:
    """A task definition for a container instance."""
    return task_definition(family, role, containers, requiresCompatibilities=["EC2"], **more)


def environment(**values: str) -> list[dict]:
    """A container's environment."""
    return [{"name": name, "value": value} for name, value in values.items()]


def redirect(*ports: int) -> dict:
    """The proxyConfiguration that `tulle ecs add-service` writes, for app ports."""
    properties = {
        "IgnoredUID": "15301",
        "ProxyIngressPort": "15006",
        "ProxyEgressPort": "15001",
        "AppPorts": ",".join(map(str, ports)),
        "EgressIgnoredIPs": "169.254.170.2,169.254.169.254",
    }
    return {
        "type": "APPMESH",
        "containerName": "ztunnel",
        "properties": [{"name": name, "value": value} for name, value in properties.items()],
    }
