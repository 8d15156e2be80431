"""Real control planes against a moto of their own, and an xDS client from other people's protocol files.

No lab and no namespaces: data planes are this client, on loopback addresses of the tests' own.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import threading
import urllib.request
from pathlib import Path

import boto3
import grpc
from envoy.config.core.v3 import base_pb2
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2
from google.protobuf import struct_pb2
from google.rpc import status_pb2

from control_plane import ControlPlane
from identities import issue
from lab import ROOT, Lab, wait

PREFIX = "type.googleapis.com/"
ADDRESS = PREFIX + "istio.workload.Address"
AUTHORIZATION = PREFIX + "istio.security.Authorization"
ACCOUNT = "123456789012"
CLUSTER = "xds"
NAMESPACE = "shop"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cloud:
    """moto's ECS with one cluster."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_port()
        self.environment = {
            **os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true",
            "TULLE_LAB_ACCOUNT_ID": ACCOUNT,
        }
        with open(directory / "moto.log", "wb") as log:
            self.process = subprocess.Popen(
                [str(ROOT / ".venv/bin/moto_server"), "-H", "127.0.0.1", "-p", str(self.port)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )
        wait("moto", lambda: Lab.http(f"http://127.0.0.1:{self.port}/moto-api/data.json") is not None)
        # Else each look at a task would bring it nearer to its end.
        rule = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 1_000_000}}
        url = f"http://127.0.0.1:{self.port}/moto-api/state-manager/set-transition"
        request = urllib.request.Request(url, json.dumps(rule).encode(), {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=10).read()
        self.ecs = self.client("ecs")
        self.ecs.create_cluster(clusterName=CLUSTER)
        self.ecs.register_task_definition(
            family="app", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/app",
            containerDefinitions=[
                {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 8080}]}
            ],
        )

    def client(self, service: str):
        return boto3.client(
            service, endpoint_url=self.environment["AWS_ENDPOINT_URL"], region_name="us-east-1",
            aws_access_key_id="testing", aws_secret_access_key="testing",
        )

    def create(self, name: str) -> str:
        """Makes a service; the name of its resource."""
        tags = {"tulle/namespace": NAMESPACE, "tulle/ports": "http:80:8080"}
        self.ecs.create_service(
            cluster=CLUSTER, serviceName=name, taskDefinition="app", desiredCount=0,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        return resource(name)

    def delete(self, name: str) -> None:
        self.ecs.delete_service(cluster=CLUSTER, service=name, force=True)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def resource(service: str) -> str:
    return f"{NAMESPACE}/{service}.{NAMESPACE}.mesh.internal"


class Plane:
    """A control plane on a loopback address, seen as a `ControlPlane` sees a lab."""

    http = staticmethod(Lab.http)

    def __init__(self, directory: Path, number: int, cloud: Cloud, *more: str):
        self.number = number
        self.host = f"127.0.98.{number}"
        self.directory = directory / f"plane{number}"
        self.directory.mkdir()
        self.environment = cloud.environment
        self.process = ControlPlane(self, CLUSTER, [], {"app": f"{NAMESPACE}/app"})
        self.process.start(*more)

    @property
    def admin(self) -> str:
        return self.process.bootstrap_url

    def get(self, path: str) -> dict:
        return json.loads(self.http(self.admin + path) or "null")

    def certificate(self, identity: str | None) -> grpc.ChannelCredentials:
        """Credentials of a data plane; without an identity it shows no certificate."""
        files = self.files(identity or f"spiffe://cluster.local/ns/{NAMESPACE}/sa/nobody")
        root = files["root"].read_bytes()
        if identity is None:
            return grpc.ssl_channel_credentials(root)
        return grpc.ssl_channel_credentials(root, files["key"].read_bytes(), files["chain"].read_bytes())

    def files(self, identity: str) -> dict[str, Path]:
        directory = self.directory / identity.replace("/", "_")
        directory.mkdir(exist_ok=True)
        return issue(self.process.state, directory, identity)

    def channel(self, identity: str | None = f"spiffe://cluster.local/ns/{NAMESPACE}/sa/app") -> grpc.Channel:
        # A pool of its own, or two channels to one place would be one connection.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
        options.append(("grpc.max_receive_message_length", -1))
        return grpc.secure_channel(f"{self.host}:15012", self.certificate(identity), options)

    def stop(self) -> None:
        self.process.stop()


def node(name: str = "ztunnel~10.0.0.1~app.shop~shop.svc.cluster.local", **metadata: str) -> base_pb2.Node:
    fields = {key: struct_pb2.Value(string_value=value) for key, value in metadata.items()}
    return base_pb2.Node(id=name, metadata=struct_pb2.Struct(fields=fields))


class Stream:
    """One delta stream. What it sends is up to the test, answers included."""

    def __init__(self, channel: grpc.Channel, reads: bool = True, metadata: tuple = ()):
        self._requests: queue.Queue = queue.Queue()
        self._responses: queue.Queue = queue.Queue()
        stub = ads_pb2_grpc.AggregatedDiscoveryServiceStub(channel)
        self.call = stub.DeltaAggregatedResources(iter(self._requests.get, None), metadata=metadata)
        if reads:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for response in self.call:
                self._responses.put(response)
            self._responses.put(None)
        except grpc.RpcError as error:
            self._responses.put(error)

    def send(self, type_url: str = ADDRESS, **fields) -> None:
        self._requests.put(discovery_pb2.DeltaDiscoveryRequest(type_url=type_url, **fields))

    def open(self, type_url: str = ADDRESS, **fields) -> None:
        """The first request of a stream or type."""
        self.send(type_url, node=node(), **fields)

    def ack(self, response, **fields) -> None:
        self.send(response.type_url, response_nonce=response.nonce, **fields)

    def nack(self, response, message: str) -> None:
        # As ztunnel does it, without a code.
        self.ack(response, error_detail=status_pb2.Status(message=message))

    def next(self, seconds: float = 20):
        """The next response; fails when the stream ends first."""
        response = self._responses.get(timeout=seconds)
        assert isinstance(response, discovery_pb2.DeltaDiscoveryResponse), f"the stream ended: {response}"
        return response

    def error(self, seconds: float = 20):
        """What the stream ends with, None for an end in order; responses before it are passed over."""
        while True:
            end = self._responses.get(timeout=seconds)
            if not isinstance(end, discovery_pb2.DeltaDiscoveryResponse):
                return end

    def settled(self, *types: str) -> dict:
        """Opens wildcard subscriptions, and answers the first responses, which it returns by type."""
        for type_url in types:
            self.open(type_url)
        first = {}
        for _ in types:
            response = self.next()
            first[response.type_url] = response
            self.ack(response)
        return first

    def close(self) -> None:
        self.call.cancel()
        self._requests.put(None)


def names(response) -> list[str]:
    return [each.name for each in response.resources]


def versions(*responses) -> dict[str, str]:
    return {each.name: each.version for response in responses for each in response.resources}
