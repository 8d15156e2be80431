"""`tulle doctor` against a real API: mistakes planted one after the other in a service that is sound otherwise."""

from __future__ import annotations

import copy
import json

import pytest

from definitions import task_definition, workload
from lab import TASK_ROLE_TRUST
from mesh import CLUSTER, NAMESPACE
from test_configuration import tulle

NAME = "audited"


class Patient:
    """A service without tasks whose definitions, role and network a test may break."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.ecs, self.ec2, self.iam = mesh.client("ecs"), mesh.client("ec2"), mesh.client("iam")
        self.group = mesh.environment["TULLE_LAB_SECURITY_GROUP"]
        self.vpc = mesh.environment["TULLE_LAB_VPC_ID"]
        self.role = mesh.make_role(NAME)
        container = workload("app", "http", "8080", port=8080)
        self.ecs.register_task_definition(**task_definition(NAME, self.role, [container]))
        self.ecs.create_service(
            cluster=CLUSTER, serviceName=NAME, taskDefinition=NAME, desiredCount=0, launchType="FARGATE",
            networkConfiguration=mesh.network, enableECSManagedTags=True, propagateTags="SERVICE",
        )
        self.original = self.described(NAME)
        tulle(mesh, "ecs", "bind-role", self.role, f"{NAMESPACE}/{NAME}")
        mesh.enrol(NAME, NAME, "appmesh")
        answer = self.ecs.describe_services(cluster=CLUSTER, services=[NAME])["services"][0]
        self.sound = answer["taskDefinition"]
        described = self.ecs.describe_task_definition(taskDefinition=self.sound)["taskDefinition"]
        names = ("family", "taskRoleArn", "networkMode", "containerDefinitions", "requiresCompatibilities", "cpu", "memory")
        self.definition = {name: described[name] for name in (*names, "proxyConfiguration")}

    def described(self, name: str) -> dict:
        """A definition without what only ECS sets."""
        definition = self.ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
        return {key: value for key, value in definition.items() if key not in ("taskDefinitionArn", "revision", "registeredAt")}

    def findings(self) -> dict[str, str]:
        """How each check that found something would mend it, by the check's code."""
        done = self.mesh.cli(
            "doctor", NAME, "--cluster", CLUSTER, "-o", "json", "--control-plane", self.mesh.control_plane.bootstrap_url
        )
        checks = json.loads(done.stdout)["checks"]
        return {check["code"]: check["mend"] for check in checks if check["state"] in ("error", "warning")}

    def run(self, edit) -> None:
        """Has the service run an edited definition."""
        definition = copy.deepcopy(self.definition)
        edit(definition, {each["name"]: each for each in definition["containerDefinitions"]})
        made = self.ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
        self.ecs.update_service(cluster=CLUSTER, service=NAME, taskDefinition=made)

    def restore(self) -> None:
        self.ecs.update_service(
            cluster=CLUSTER, service=NAME, taskDefinition=self.sound, propagateTags="SERVICE"
        )

    def let_in(self, port: int) -> None:
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[rule])

    def shut_out(self) -> list:
        group = self.ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"][0]
        rules = group["IpPermissions"]
        if rules:
            self.ec2.revoke_security_group_ingress(GroupId=self.group, IpPermissions=rules)
        return rules

    def let_in_again(self, rules: list) -> None:
        if rules:
            self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=rules)

    def trust(self, principal: dict) -> None:
        document = copy.deepcopy(TASK_ROLE_TRUST)
        document["Statement"][0]["Principal"] = principal
        self.iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=json.dumps(document))


@pytest.fixture(scope="module")
def patient(mesh):
    patient = Patient(mesh)
    yield patient
    mesh.client("ecs").delete_service(cluster=CLUSTER, service=NAME, force=True)
    tulle(mesh, "delete", "ServiceAccountBinding", f"{NAME}-{mesh.environment['TULLE_LAB_ACCOUNT_ID']}")


def property_of(definition: dict, name: str, value: str) -> None:
    for each in definition["proxyConfiguration"]["properties"]:
        if each["name"] == name:
            each["value"] = value


DEFINITIONS = {
    "D03": (lambda d, _: property_of(d, "IgnoredUID", "1337"), "add-service"),
    "D04": (lambda d, _: property_of(d, "AppPorts", "9999"), "add-service"),
    "D05": (lambda _, c: c["app"].update(user="15301"), "another user"),
    "D06": (lambda _, c: c["app"].pop("dependsOn"), "dependsOn"),
    "D15": (lambda _, c: c["ztunnel"].pop("healthCheck"), "add-service"),
    "D16": (lambda _, c: c["ztunnel"].update(stopTimeout=2), "raise stopTimeout"),
}


def test_each_planted_mistake_is_found_and_nothing_else(mesh, patient):
    patient.let_in(15008)
    sound = patient.findings()
    # The lab's subnets speak IPv6, on purpose; all else is as add-service leaves it.
    assert set(sound) <= {"D11"}, sound

    def found(code: str, mend: str) -> None:
        new = {key: value for key, value in patient.findings().items() if key not in sound}
        assert list(new) == [code] and mend in new[code], (code, new)

    try:
        for code, (edit, mend) in DEFINITIONS.items():
            patient.run(edit)
            found(code, mend)
        patient.restore()

        patient.trust({"Service": "ecs-tasks.amazonaws.com", "AWS": f"arn:aws:iam::{mesh.environment['TULLE_LAB_ACCOUNT_ID']}:root"})
        found("D07", "ecs-tasks.amazonaws.com alone")
        patient.trust({"Service": "ecs-tasks.amazonaws.com"})

        tulle(mesh, "ecs", "bind-role", patient.role, f"{NAMESPACE}/other", "--name", "twice")
        found("D08", "a role of its own")
        tulle(mesh, "delete", "ServiceAccountBinding", "twice")

        patient.ecs.update_service(cluster=CLUSTER, service=NAME, propagateTags="NONE")
        found("D09", "--propagate-tags SERVICE")
        patient.restore()

        rules = patient.shut_out()
        found("D10", "allow TCP 15008")
        patient.let_in_again(rules)

        patient.ec2.modify_vpc_attribute(VpcId=patient.vpc, EnableDnsHostnames={"Value": False})
        found("D12", "--enable-dns-hostnames")
        patient.ec2.modify_vpc_attribute(VpcId=patient.vpc, EnableDnsHostnames={"Value": True})

        assert set(patient.findings()) == set(sound)
        # It goes as it came: definition and settings as they were, and the tags last.
        done = mesh.cli("ecs", "remove-service", NAME, "--cluster", CLUSTER)
        assert done.returncode == 0, done.stderr
        service = patient.ecs.describe_services(cluster=CLUSTER, services=[NAME], include=["TAGS"])["services"][0]
        assert patient.described(service["taskDefinition"]) == patient.original
        assert not service.get("tags") and service["propagateTags"] == "SERVICE"
        assert done.stderr.index("waiting for the last one") < done.stderr.index("tags off the service")
    finally:
        patient.ec2.modify_vpc_attribute(VpcId=patient.vpc, EnableDnsHostnames={"Value": True})
