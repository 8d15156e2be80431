"""A ztunnel is replaced by another one while its applications go on: nobody notices."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from load import Held, Load
from network import connect
from pair import SERVER, Pair, http, wait

DRAIN = 8


@pytest.fixture
def pair():
    with Pair({"CONNECTION_TERMINATION_DEADLINE": f"{DRAIN}s"}) as pair:
        yield pair


class Probe(threading.Thread):
    """Asks for readiness all the time and keeps every answer that is not "ready"."""

    def __init__(self, namespace: str):
        super().__init__()
        self.namespace = namespace
        self.answers = 0
        self.bad: list[str | None] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            answer = http(self.namespace, "http://127.0.0.1:15021/healthz/ready", 2)
            self.answers += 1
            if answer != "ready\n":
                self.bad.append(answer)
            time.sleep(0.05)

    def __enter__(self) -> "Probe":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        self.join()


def replace(pair: Pair, side: str, old):
    """Starts another ztunnel beside a running one; returns it when the old one has ended."""
    new = pair.start(side)
    began = time.monotonic()
    assert old.process.wait(DRAIN + 20) == 0, "the old ztunnel failed"
    assert time.monotonic() - began < DRAIN + 15
    assert new.running
    return new


def test_new_ztunnels_take_over_under_load_without_one_failed_connection(pair):
    """Both sides, twice; 100 new connections a second, and connections that last most of the drain time."""
    client, server = pair.client_ztunnel, pair.server_ztunnel
    short = Load(pair.client, SERVER, 9000, every=0.01)
    ends: list[str] = []

    def long_lived(seconds: float) -> None:
        try:
            with connect(pair.client, SERVER, 9000) as connection:
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    data = os.urandom(10_000)
                    connection.sendall(data)
                    answer = b""
                    while len(answer) < len(data):
                        part = connection.recv(65536)
                        if not part:
                            raise ConnectionResetError("ended early")
                        answer += part
                    if answer != data:
                        raise ValueError("other bytes came back")
                    time.sleep(0.05)
            ends.append("complete")
        except (OSError, ValueError) as error:
            ends.append(f"{type(error).__name__} {error}")

    threads = [threading.Thread(target=long_lived, args=(DRAIN - 3,)) for _ in range(20)]
    with Probe(pair.client) as probe, short:
        time.sleep(1)
        for thread in threads:
            thread.start()
        server = replace(pair, "server", server)
        client = replace(pair, "client", client)
        for thread in threads:
            thread.join()
        server = replace(pair, "server", server)
        client = replace(pair, "client", client)
        time.sleep(1)
    print(f"{short.done} connections, {len(short.failures)} failed; {len(ends)} long ones; {probe.answers} probes")
    assert not short.failures, short.failures[:10]
    assert short.done > 200
    assert ends == ["complete"] * len(threads)
    assert not probe.bad, probe.bad[:10]


def test_a_successor_that_fails_does_no_harm(pair):
    """It dies before it is ready, or says nonsense: the old one goes on."""
    path = str(pair.directory / "client.sock")
    with Load(pair.client, SERVER, 9000) as load, Held(pair.client, SERVER, 9000, 3) as held:
        for words in (b"tulle-restart/1 hello 1", b"tulle-restart/9 hello 1", b"\xff" * 200, b"tulle-restart/1 ready"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
                _as_user(lambda: visitor.connect(path))
                visitor.send(words)
                visitor.settimeout(5)
                assert visitor.recv(4096).startswith(b"tulle-restart/1 ")
        dying = pair.start("client", TULLE_CERT_FILE="/nonexistent")
        time.sleep(1)
        dying.process.kill()
        dying.process.wait()
        time.sleep(0.5)
        assert all(held.alive())
    assert not load.failures, load.failures[:10]
    assert pair.client_ztunnel.running
    pair.client_ztunnel = replace(pair, "client", pair.client_ztunnel)


def test_a_stranger_gets_no_sockets(pair):
    path = str(pair.directory / "client.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
        # Root may connect to any path, but is not the ztunnel's user.
        visitor.connect(path)
        visitor.settimeout(5)
        try:
            visitor.send(b"tulle-restart/1 hello 1")
            answer = visitor.recv(4096)
        except ConnectionError:
            answer = b""
    assert answer == b""
    assert pair.client_ztunnel.running


def test_sigterm_beside_a_second_process_serves_what_had_connected(pair):
    """Istio's way: both listen with SO_REUSEPORT, then the old one is told to end."""
    for namespace in (pair.client, pair.server):
        # Without it the kernel resets whoever is in the middle of TCP's handshake with a socket that closes.
        subprocess.run(
            ["ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.tcp_migrate_req=1"], check=True
        )
    old = {"server": pair.server_ztunnel, "client": pair.client_ztunnel}
    with Load(pair.client, SERVER, 9000, every=0.01) as load:
        time.sleep(1)
        for side in ("server", "client"):
            new = pair.start(side, TULLE_RESTART_SOCKET=None)
            wait("the new one to serve", lambda: "ztunnel ready" in new.log.read_text(errors="replace"))
            old[side].signal(signal.SIGTERM)
            assert old[side].process.wait(DRAIN + 10) == 0
        time.sleep(1)
    assert not load.failures, load.failures[:10]
    assert load.done > 100


def test_a_drain_ends_with_the_last_connection_or_at_the_deadline(pair):
    """Rows 8, 9 and 10 of the conformance table, and the second signal."""
    ztunnel = pair.client_ztunnel

    def drained(held: Held | None, close_after: float | None, signals: int = 1) -> float:
        nonlocal ztunnel
        began = time.monotonic()
        for index in range(signals):
            ztunnel.signal(signal.SIGTERM)
            time.sleep(0.2 if index + 1 < signals else 0)
        if held and close_after is not None:
            time.sleep(close_after)
            assert all(held.alive()), "a connection ended before the drain did"
            began = time.monotonic()
            held.__exit__()
        assert ztunnel.process.wait(DRAIN + 5) == 0
        taken = time.monotonic() - began
        ztunnel = pair.start("client")
        pair.wait_ready(pair.client)
        return taken

    assert drained(None, None) < 1
    held = Held(pair.client, SERVER, 9000)
    assert all(held.alive())
    assert drained(held, 2) < 1
    held = Held(pair.client, SERVER, 9000)
    assert all(held.alive())
    assert DRAIN - 0.5 < drained(held, None) < DRAIN + 2
    held = Held(pair.client, SERVER, 9000)
    assert all(held.alive())
    assert drained(held, None, signals=2) < 1.5
    # The admin endpoint does the same as the signal.
    subprocess.run(
        ["ip", "netns", "exec", pair.client, "curl", "-sf", "-m", "3", "-X", "POST", "http://127.0.0.1:15000/quitquitquit"],
        check=True, stdout=subprocess.DEVNULL,
    )
    assert ztunnel.process.wait(5) == 0


def _as_user(body) -> None:
    """Runs `body` as the ztunnel's user, as far as the kernel's check of the peer goes."""
    from pair import USER

    os.setresuid(USER, USER, 0)
    try:
        body()
    finally:
        os.setresuid(0, 0, 0)
