#!/usr/bin/env python3
"""Writes the tasks of ECS clusters as targets for Prometheus' file_sd_configs.

    ecs_targets.py --cluster demo --output /etc/prometheus/targets/ecs.json [--port 15020] [--interval 30]

Asks ECS through the AWS command line (list-tasks, describe-tasks). Every running task with a container `ztunnel` or
`waypoint` is a target at its own address. The file is replaced as a whole, and stays as it was when ECS can't be asked.
Needs ecs:ListTasks and ecs:DescribeTasks.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

#: Containers that serve metrics of the mesh.
CONTAINERS = ("ztunnel", "waypoint")
#: The most tasks that describe-tasks takes at once.
BATCH = 100


def aws(*arguments):
    """The answer of one call; raises when it fails."""
    command = ["aws", "ecs", *arguments, "--output", "json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout)


def address(task):
    """The private IPv4 address of a task with an interface of its own; None for others."""
    for attachment in task.get("attachments", []):
        for detail in attachment.get("details", []):
            if detail.get("name") == "privateIPv4Address":
                return detail.get("value")
    for container in task.get("containers", []):
        for interface in container.get("networkInterfaces", []):
            return interface.get("privateIpv4Address")
    return None


def targets(cluster, tasks, port):
    """The targets of described tasks, in a steady order."""
    found = []
    for task in tasks:
        names = {container.get("name") for container in task.get("containers", [])}
        component = next((name for name in CONTAINERS if name in names), None)
        ip = address(task)
        if component is None or ip is None or task.get("lastStatus") != "RUNNING":
            continue
        group = task.get("group", "")
        labels = {
            "job": component,
            "cluster": cluster,
            "task": task["taskArn"].rsplit("/", 1)[-1],
            "service": group.removeprefix("service:") if group.startswith("service:") else "",
            "zone": task.get("availabilityZone", ""),
        }
        found.append({"targets": [f"{ip}:{port}"], "labels": labels})
    return sorted(found, key=lambda target: target["targets"])


def read(cluster, port):
    arns = aws("list-tasks", "--cluster", cluster, "--desired-status", "RUNNING")["taskArns"]
    tasks = []
    for start in range(0, len(arns), BATCH):
        tasks += aws("describe-tasks", "--cluster", cluster, "--tasks", *arns[start:start + BATCH])["tasks"]
    return targets(cluster, tasks, port)


def write(path, value):
    """Replaces a file in one step: Prometheus never reads half of it."""
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".tmp", delete=False) as file:
        json.dump(value, file, indent=1)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cluster", action="append", required=True, help="may be given several times")
    parser.add_argument("--output", required=True)
    parser.add_argument("--port", type=int, default=15020)
    parser.add_argument("--interval", type=int, help="seconds between rounds; one round without it")
    options = parser.parse_args()
    while True:
        try:
            write(options.output, [target for cluster in options.cluster for target in read(cluster, options.port)])
        except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            print(f"targets stay as they are: {error}", file=sys.stderr)
            if options.interval is None:
                return 1
        if options.interval is None:
            return 0
        time.sleep(max(5, options.interval))


if __name__ == "__main__":
    sys.exit(main())
