"""Policies that change while connections live: those now denied end, the others notice nothing."""

from __future__ import annotations

import time

import pytest

from load import Held, Load
from network import connect, echoes
from stage import VIP, Stage

#: The file is looked at twice a second and taken when two looks agree; then one second remains to end connections.
FILE_SECONDS = 1.2
JUDGE_SECONDS = 1.0


@pytest.fixture(scope="module")
def stage(mesh, tmp_path_factory):
    with Stage(mesh, tmp_path_factory.mktemp("policy")) as stage:
        for client in ("one", "two"):
            mesh.wait(f"{client} to reach the server", lambda client=client: reaches(stage, client), 20)
        yield stage


def reaches(stage: Stage, client: str) -> bool:
    try:
        with connect(stage.namespace(client), VIP, 80, 3) as connection:
            return echoes(connection, b"hello")
    except OSError:
        return False


def test_a_denied_clients_connections_end_within_a_second_and_the_others_go_on(stage):
    """Twice in a row, under load of both clients."""
    one, two = stage.namespace("one"), stage.namespace("two")
    with Held(two, VIP, 80, 50) as allowed, Load(two, VIP, 80, every=0.02) as load:
        for _ in range(2):
            with Held(one, VIP, 80, 50) as denied:
                assert all(denied.alive())
                began = time.monotonic()
                stage.write([stage.deny("one")])
                took = denied.all_end(10)
                assert took is not None, "a denied client's connections live on"
                assert time.monotonic() - began < FILE_SECONDS + JUDGE_SECONDS
                assert not reaches(stage, "one")
            stage.write([])
            stage.mesh.wait("the client to be let in again", lambda: reaches(stage, "one"), 10)
        assert all(allowed.alive())
    assert not load.failures
    assert load.done > 100


def test_a_state_file_that_cannot_be_read_changes_nothing(stage):
    good = stage.state.read_text()
    two = stage.namespace("two")
    with Held(two, VIP, 80, 5) as held, Load(two, VIP, 80) as load:
        stage.state.write_text("workloads: [{nonsense: 1}]")
        time.sleep(2)
        assert all(held.alive())
        stage.state.write_text(good)
        time.sleep(2)
        assert all(held.alive())
    assert not load.failures
