"""The delta protocol on the wire, spoken by grpcio with Envoy's own protocol files: rows 72 to 85 of the conformance table
of the control plane.

That nothing is answered is shown by what comes next: a later change, or the answer to a later question.
"""

from __future__ import annotations

import time

import grpc
import pytest

from lab import wait
from xds_plane import (
    ADDRESS, AUTHORIZATION, CLUSTER, NAMESPACE, Cloud, Plane, Stream, names, node, resource, versions,
)

APP = f"spiffe://cluster.local/ns/{NAMESPACE}/sa/app"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.create("one")
    cloud.create("two")
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def task(cloud) -> dict:
    """A running task of service "one": its id and address."""
    ec2 = cloud.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    [task] = cloud.ecs.run_task(
        cluster=CLUSTER, taskDefinition="app", launchType="FARGATE", group="service:one", startedBy="one",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}},
        tags=[{"key": "tulle/namespace", "value": NAMESPACE}, {"key": "tulle/enrolled", "value": "true"}],
    )["tasks"]
    details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
    return {"id": task["taskArn"].rsplit("/", 1)[1], "address": details["privateIPv4Address"]}


@pytest.fixture(scope="module")
def plane(tmp_path_factory, cloud, task):
    plane = Plane(tmp_path_factory.mktemp("plane"), 81, cloud)
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def second(tmp_path_factory, cloud, task):
    """Another control plane of the same mesh, with narrow limits."""
    second = Plane(tmp_path_factory.mktemp("second"), 82, cloud, "--max-streams", "64", "--connection-age", "6s")
    yield second
    second.stop()


@pytest.fixture
def channel(plane):
    with plane.channel() as channel:
        yield channel


@pytest.fixture
def stream(channel):
    stream = Stream(channel)
    yield stream
    stream.close()


class Changes:
    """Services that come and go, each under a name of its own."""

    count = 0

    def __init__(self, cloud: Cloud, plane: Plane):
        self.cloud = cloud
        self.plane = plane
        self.made: list[str] = []

    def make(self) -> str:
        Changes.count += 1
        name = f"change-{Changes.count}"
        self.made.append(name)
        return self.cloud.create(name)

    def remove(self) -> str:
        name = self.made.pop()
        self.cloud.delete(name)
        return resource(name)

    def are_gone(self) -> bool:
        return "change-" not in str(self.plane.get("/v1/services"))


@pytest.fixture
def changes(cloud, plane):
    changes = Changes(cloud, plane)
    yield changes
    while changes.made:
        changes.remove()
    # Or the next test would see them go.
    wait("the end of all changes", changes.are_gone, 30)


# --- 72: who may open a stream ----------------------------------------------------------------------------------------


def refusal(plane: Plane, identity: str | None, first: dict, metadata: tuple = ()) -> tuple[grpc.StatusCode, str]:
    with plane.channel(identity) as channel:
        stream = Stream(channel, metadata=metadata)
        stream.send(**first)
        error = stream.error()
        stream.close()
        assert error is not None, "the stream ended in order"
        return error.code(), error.details()


def test_a_first_request_without_a_node_is_refused(plane):
    code, message = refusal(plane, APP, {})
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "node.id" in message


@pytest.mark.parametrize("name", ["ztunnel", "ztunnel~1~2", "ztunnel~1~2~3~4", "mail~1~2~3"])
def test_a_malformed_node_is_refused(plane, name):
    code, message = refusal(plane, APP, {"node": node(name)})
    assert code == grpc.StatusCode.INVALID_ARGUMENT and message.startswith("node_id_malformed: ")


def test_without_a_certificate_there_is_no_stream(plane):
    code, message = refusal(plane, None, {"node": node()})
    assert code == grpc.StatusCode.UNAUTHENTICATED and message.startswith("client_certificate_missing: ")


def test_a_token_that_is_no_attestation_is_refused(plane):
    code, message = refusal(plane, None, {"node": node()}, (("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),))
    assert code == grpc.StatusCode.UNAUTHENTICATED and message.startswith("attestation_malformed: ")


@pytest.mark.parametrize("field", [{"NAMESPACE": "bank"}, {"SERVICE_ACCOUNT": "admin"}])
def test_a_node_of_another_identity_is_refused(plane, field):
    code, message = refusal(plane, APP, {"node": node(**field)})
    assert code == grpc.StatusCode.PERMISSION_DENIED and message.startswith("node_identity_mismatch: ")


def test_an_identity_of_another_trust_domain_is_nobody(plane):
    code, _ = refusal(plane, "spiffe://other.example/ns/shop/sa/app", {"node": node()})
    assert code == grpc.StatusCode.UNAUTHENTICATED


# --- 73: wildcard -----------------------------------------------------------------------------------------------------


def test_a_wildcard_gets_all_then_only_changes(stream, changes):
    first = stream.settled(ADDRESS, AUTHORIZATION)
    assert {resource("one"), resource("two")} <= set(names(first[ADDRESS]))
    assert all(each.resource.type_url == ADDRESS and not each.aliases for each in first[ADDRESS].resources)
    # Nothing to send is an answer too: ztunnel's readiness waits for it.
    assert not first[AUTHORIZATION].resources and not first[AUTHORIZATION].removed_resources
    made = changes.make()
    change = stream.next()
    assert (names(change), list(change.removed_resources)) == ([made], [])
    stream.ack(change)
    gone = changes.remove()
    change = stream.next()
    assert (names(change), list(change.removed_resources)) == ([], [gone])


def test_policies_are_answered_before_addresses_that_were_asked_for_first(stream):
    stream.open(ADDRESS)
    stream.open(AUTHORIZATION)
    assert [stream.next().type_url, stream.next().type_url] == [AUTHORIZATION, ADDRESS]


# --- 74: on demand ----------------------------------------------------------------------------------------------------


def test_on_demand_by_every_kind_of_name(plane, stream, changes, task):
    address = wait("the task", lambda: plane.get(f"/v1/workloads?namespace={NAMESPACE}")["workloads"], 20)
    [workload] = [each for each in address if each["workloadIps"] == [task["address"]]]
    [service] = [each for each in plane.get("/v1/services")["services"] if each["name"] == "two"]
    # The node's own workloads come unasked.
    stream.send(
        node=node(NODE_NAME=workload["node"]), resource_names_subscribe=["*"], resource_names_unsubscribe=["*"]
    )
    own = stream.next()
    assert names(own) == [workload["uid"]]
    stream.ack(own)
    for key, expected in [
        (service["vips"][0], resource("two")), (resource("two"), resource("two")),
        (f"/{task['address']}", workload["uid"]), (workload["uid"], workload["uid"]),
    ]:
        stream.send(resource_names_subscribe=[key])
        answer = stream.next()
        assert (names(answer), list(answer.removed_resources)) == ([expected], []), key
        if key != expected:
            assert key in answer.resources[0].aliases
        stream.ack(answer)
    # A service comes with its workloads; this one is there already and unchanged.
    stream.send(resource_names_subscribe=[resource("one")])
    answer = stream.next()
    assert names(answer) == [resource("one")]
    stream.ack(answer)
    # Unknown is an answer; what comes to be under the name later is sent then.
    Changes.count += 1
    later = f"change-{Changes.count}"
    stream.send(resource_names_subscribe=[resource(later), "/192.0.2.1"])
    answer = stream.next()
    assert (names(answer), set(answer.removed_resources)) == ([], {resource(later), "/192.0.2.1"})
    stream.ack(answer)
    changes.cloud.create(later)
    changes.made.append(later)
    created = stream.next()
    assert names(created) == [resource(later)]
    # Given up, it changes unheard: what is heard is the answer to the question after it.
    stream.ack(created, resource_names_unsubscribe=[resource(later)])
    changes.remove()
    wait("its removal", lambda: later not in str(plane.get("/v1/services")), 20)
    stream.send(resource_names_subscribe=["/192.0.2.2"])
    assert list(stream.next().removed_resources) == ["/192.0.2.2"]


# --- 75 to 78: reconnects and versions --------------------------------------------------------------------------------


def test_a_reconnect_gets_what_differs(channel, stream):
    held = versions(stream.settled(ADDRESS)[ADDRESS])
    stream.close()
    unchanged = Stream(channel)
    unchanged.open(initial_resource_versions=held)
    answer = unchanged.next()
    assert (names(answer), list(answer.removed_resources)) == ([], [])
    unchanged.close()
    different = Stream(channel)
    different.open(initial_resource_versions={**held, resource("one"): "older", "shop/vanished": "1", "/9.9.9.9": ""})
    answer = different.next()
    assert names(answer) == [resource("one")]
    assert set(answer.removed_resources) == {"shop/vanished", "/9.9.9.9"}
    different.close()


def test_an_on_demand_reconnect_lists_what_is_pending(stream):
    # Service two has no workloads that would come with it.
    stream.open(
        resource_names_subscribe=["*", "/192.0.2.7"], resource_names_unsubscribe=["*"],
        initial_resource_versions={resource("two"): "", "/192.0.2.7": ""},
    )
    answer = stream.next()
    assert names(answer) == [resource("two")]
    assert list(answer.removed_resources) == ["/192.0.2.7"]


def test_two_control_planes_give_the_same_versions(plane, second):
    seen = []
    for each in (plane, second):
        wait("both to know the task", lambda: len(each.get("/v1/workloads")["workloads"]) == 1, 20)
        with each.channel() as channel:
            stream = Stream(channel)
            seen.append(versions(*stream.settled(ADDRESS, AUTHORIZATION).values()))
            stream.close()
    assert len(seen[0]) >= 3
    assert seen[0] == seen[1]


# --- 79, 80: answers --------------------------------------------------------------------------------------------------


def test_a_rejection_is_shown_and_the_next_change_comes(plane, stream, changes):
    first = stream.settled(AUTHORIZATION)
    assert AUTHORIZATION in first
    stream.open(ADDRESS)
    response = stream.next()
    stream.nack(response, "shop/one: bad\nline" + "x" * 600)

    def rejection() -> dict | None:
        types = [each for proxy in plane.get("/v1/proxies")["proxies"] for each in proxy["types"]]
        return next((each for each in types if each["status"] == "ERROR"), None)

    shown = wait("the rejection", rejection, 10)
    assert shown["type"] == "istio.workload.Address"
    assert shown["rejection"]["error"].startswith("shop/one: bad?line") and len(shown["rejection"]["error"]) == 512
    assert resource("one") in shown["rejection"]["names"]
    assert shown["rejection"]["nonce"] == response.nonce
    # Not the same again, but what changed since.
    made = changes.make()
    change = stream.next()
    assert names(change) == [made]
    stream.ack(change)
    wait("the end of the fault", lambda: rejection() is None, 10)


def test_an_answer_to_an_older_response_is_ignored(stream, changes):
    stream.settled(ADDRESS)
    # The whole request is ignored, its subscription too.
    stream.send(response_nonce="older", resource_names_subscribe=["/192.0.2.3"])
    made = changes.make()
    change = stream.next()
    assert (names(change), list(change.removed_resources)) == ([made], [])


def test_a_subscription_during_a_push_is_answered_after_it(stream):
    stream.open(resource_names_subscribe=[resource("one")])
    first = stream.next()
    stream.send(resource_names_subscribe=["/192.0.2.4"])
    stream.send(resource_names_subscribe=["/192.0.2.5"])
    stream.ack(first)
    together = stream.next()
    answered = set(together.removed_resources)
    if answered != {"/192.0.2.4", "/192.0.2.5"}:
        stream.ack(together)
        answered |= set(stream.next().removed_resources)
    assert answered == {"/192.0.2.4", "/192.0.2.5"}


# --- 83, 85: limits ---------------------------------------------------------------------------------------------------


def test_who_does_not_read_holds_up_nobody(plane, channel, stream, changes):
    with plane.channel() as other:
        silent = [Stream(other, reads=False) for _ in range(8)]
        for each in silent:
            each.open(ADDRESS)
        stream.settled(ADDRESS)
        made = changes.make()
        assert names(stream.next()) == [made]
        for each in silent:
            each.close()


def test_an_oversized_message_ends_its_stream_and_no_other(channel, stream):
    stream.settled(ADDRESS)
    large = Stream(channel)
    large.open(resource_names_subscribe=[f"{number:0100d}" for number in range(180_000)])
    assert large.error(60) is not None
    stream.send(resource_names_subscribe=["/192.0.2.6"])
    assert list(stream.next().removed_resources) == ["/192.0.2.6"]


def test_an_overlong_name_is_refused(stream):
    stream.open(resource_names_subscribe=["x" * 1025])
    assert stream.error().code() == grpc.StatusCode.INVALID_ARGUMENT


def test_one_identity_cannot_take_all_streams(second):
    with second.channel() as one, second.channel() as two, second.channel("spiffe://cluster.local/ns/ops/sa/x") as other:
        streams = [Stream(channel) for channel in (one, two) for _ in range(8)]
        for each in streams:
            each.open(ADDRESS)
        for each in streams:
            each.next()
        more = Stream(two)
        more.open(ADDRESS)
        error = more.error()
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error.details().startswith(f"too_many_streams: {APP}")
        foreign = Stream(other)
        foreign.open(ADDRESS)
        assert foreign.next().resources
        for each in [*streams, foreign]:
            each.close()


def test_an_old_connection_ends_in_order(second):
    with second.channel() as channel:
        stream = Stream(channel)
        stream.settled(ADDRESS)
        start = time.monotonic()
        assert stream.error(30) is None, "an end without an error"
        assert time.monotonic() - start < 10
        # The client comes back on a new connection.
        again = Stream(channel)
        again.open(ADDRESS)
        assert again.next().resources
        again.close()
