"""Signatures of requests without a body.

moto puts the query's parameters in the place of an empty body, so that no GET with a query has the signature that it
expects, not even from the aws CLI. Here an empty body is an empty body, except for forms, whose body moto has read.
"""

from __future__ import annotations

from typing import Any

from botocore.awsrequest import AWSRequest
from moto.iam import access_control


def create_aws_request(self: Any) -> AWSRequest:
    signed = self._get_string_between("SignedHeaders=", ",", self._headers["Authorization"]).split(";")
    headers = self._create_headers_for_aws_request(signed, self._headers)
    body = self._body or (self._data if self._method == "POST" else b"")
    request = AWSRequest(method=self._method, url=self._path, data=body, headers=headers)
    request.context["timestamp"] = headers["X-Amz-Date"]
    return request


def install() -> None:
    """Puts this reading of requests in the place of moto's."""
    access_control.IAMRequestBase._create_aws_request = create_aws_request
