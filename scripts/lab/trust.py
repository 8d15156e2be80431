"""Who may assume a role: trust policies as IAM reads them, as far as ECS and its users need.

moto knows only AWS principals and breaks on {"Service": "ecs-tasks.amazonaws.com"}. Here the lab's own user stands for
the ECS service: it may assume a role only if the role trusts ecs-tasks.amazonaws.com, and nobody else may by that
statement.
"""

from __future__ import annotations

import fnmatch
import json
from typing import Any

from moto.iam import access_control

#: The IAM user whose requests count as made by the ECS service.
ECS_USER = "tulle-lab-ecs"
ECS_SERVICE = "ecs-tasks.amazonaws.com"

OPERATORS = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": fnmatch.fnmatchcase,
    "ArnEquals": fnmatch.fnmatchcase,
    "ArnLike": fnmatch.fnmatchcase,
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def principal_matches(principal: Any, caller: str, account: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if caller.endswith(f":user/{ECS_USER}"):
        return ECS_SERVICE in as_list(principal.get("Service", []))
    trusted = as_list(principal.get("AWS", []))
    root = f"arn:aws:iam::{account}:root"
    return any(each in ("*", caller) or (each in (root, account) and f"::{account}:" in caller) for each in trusted)


def conditions_hold(conditions: dict[str, Any], known: dict[str, str]) -> bool:
    """Whether every condition holds; one that is not understood does not."""
    for operator, keys in conditions.items():
        test = OPERATORS.get(operator)
        if test is None:
            return False
        for key, wanted in keys.items():
            value = known.get(key.lower())
            if value is None or not any(test(value, each) for each in as_list(wanted)):
                return False
    return True


def trusts(document: str, action: str, caller: str, known: dict[str, str]) -> bool:
    """Whether a role's trust policy lets the caller take the action. A Deny wins."""
    allowed = False
    for statement in as_list(json.loads(document).get("Statement", [])):
        if not any(fnmatch.fnmatchcase(action, each) for each in as_list(statement.get("Action", []))):
            continue
        if not principal_matches(statement.get("Principal"), caller, known["aws:sourceaccount"]):
            continue
        if not conditions_hold(statement.get("Condition") or {}, known):
            continue
        if statement.get("Effect") != "Allow":
            return False
        allowed = True
    return allowed


def check_role_trust(self: Any, role_arn: str) -> bool:
    account = role_arn.split(":")[4]
    known = {
        "aws:sourceaccount": account,
        "aws:sourcearn": f"arn:aws:ecs:{self._region}:{account}:*",
    }
    for name in ("ExternalId", "RoleSessionName"):
        value = self._data.get(name)
        if value:
            known[f"sts:{name.lower()}"] = value[0] if isinstance(value, list) else value
    document = self.backend.get_role_by_arn(role_arn).assume_role_policy_document
    return trusts(document, self._action, self._access_key.arn, known)


def install() -> None:
    """Puts this reading of trust policies in the place of moto's."""
    access_control.IAMRequestBase._check_role_trust_relationship = check_role_trust
