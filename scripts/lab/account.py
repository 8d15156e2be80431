"""What the lab's AWS account holds before the first request: keys, roles, a VPC with two subnets."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2 import ec2_backends
from moto.iam import iam_backends

from trust import ECS_USER

TASK_ROLE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": DEFAULT_ACCOUNT_ID}},
            }
        ],
    }
)


def policy(*actions: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
        }
    )


ADMINISTRATOR = policy("*")
EXECUTION = policy(
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
)
CONTROL_PLANE = policy(
    "ecs:ListClusters",
    "ecs:DescribeClusters",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:ListTasks",
    "ecs:DescribeTasks",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTagsForResource",
    "ecs:ListContainerInstances",
    "ecs:DescribeContainerInstances",
    "ec2:DescribeNetworkInterfaces",
    "iam:GetRole",
    "route53:ListHostedZones",
    "route53:ListHostedZonesByName",
    "route53:GetHostedZone",
    "route53:CreateHostedZone",
    "route53:AssociateVPCWithHostedZone",
    "route53:ListResourceRecordSets",
    "route53:ChangeResourceRecordSets",
    "sts:AssumeRole",
)


def make_account(region: str, vpc_cidr: str) -> dict[str, Any]:
    """Makes the account's parts in moto and returns their names and the administrator's keys."""
    iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    user = iam.create_user(region, "lab-admin")
    iam.put_user_policy("lab-admin", "administrator", ADMINISTRATOR)
    key = iam.create_access_key("lab-admin")
    iam.create_user(region, ECS_USER)
    iam.put_user_policy(ECS_USER, "service", policy("sts:AssumeRole"))
    ecs_key = iam.create_access_key(ECS_USER)
    roles = {}
    for name, text in [("ecsTaskExecutionRole", EXECUTION), ("tulled", CONTROL_PLANE)]:
        role = iam.create_role(name, TASK_ROLE_TRUST, "/", None, f"made by tulle-lab: {name}", [], "3600")
        iam.put_role_policy(name, "inline", text)
        roles[name] = role.arn

    ec2 = ec2_backends[DEFAULT_ACCOUNT_ID][region]
    vpc = ec2.create_vpc(vpc_cidr)
    ec2.modify_vpc_attribute(vpc.id, "enable_dns_support", True)
    ec2.modify_vpc_attribute(vpc.id, "enable_dns_hostnames", True)
    network = ipaddress.ip_network(vpc_cidr)
    halves = list(network.subnets(new_prefix=max(24, network.prefixlen + 2)))[1:3]
    subnets = []
    for zone, half in zip("ab", halves):
        subnet = ec2.create_subnet(vpc.id, str(half), availability_zone=f"{region}{zone}")
        subnets.append(subnet.id)
    group = ec2.create_security_group("tulle-lab", "tasks of the lab", vpc_id=vpc.id)
    return {
        "accessKeyId": key.access_key_id,
        "ecsAccessKeyId": ecs_key.access_key_id,
        "ecsSecretAccessKey": ecs_key.secret_access_key,
        "accountId": DEFAULT_ACCOUNT_ID,
        "region": region,
        "roles": roles,
        "secretAccessKey": key.secret_access_key,
        "securityGroupId": group.id,
        "subnetIds": subnets,
        "userArn": user.arn,
        "vpcId": vpc.id,
    }
