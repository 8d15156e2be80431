"""Hostile peers and clients: nothing crashes, memory stays bounded, and everybody else's connections go on.

`make attack` plays the same with more of everything (TULLE_ATTACK_SCALE).
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time

import pytest

from attacks import FLOODS, SEQUENCES, Peer, closed_within, handshakes_that_stall, play
from load import Held, Load
from network import inside, outcome
from pair import CLIENT, SERVER, Pair, http, wait

SCALE = int(os.environ.get("TULLE_ATTACK_SCALE", "1"))
#: What a ztunnel may hold on top of what it held before the attack, in KiB: one connection's windows, twice.
MEMORY_KIB = 64 * 1024
#: How long the canary's echo may take while an attack runs, in seconds. It takes milliseconds without.
PATIENCE = 3.0


@pytest.fixture(scope="module")
def pair():
    with Pair() as pair:
        yield pair


class Watch:
    """Watches both ztunnels during an attack, and a canary's connections through both."""

    def __init__(self, pair: Pair):
        self.pair = pair
        self.load = Load(pair.client, SERVER, 9000, every=0.1, patience=PATIENCE)
        self.sides = (pair.client_ztunnel, pair.server_ztunnel)
        self.peak = [0, 0]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            for index, ztunnel in enumerate(self.sides):
                if ztunnel.running:
                    self.peak[index] = max(self.peak[index], ztunnel.resident_kib)

    def __enter__(self) -> "Watch":
        wait("descriptors to come back", lambda: self._descriptors() or True)
        self.before = [ztunnel.resident_kib for ztunnel in self.sides]
        self.descriptors = self._descriptors()
        self.held = Held(self.pair.client, SERVER, 9000, 3)
        assert all(self.held.alive())
        self.load.__enter__()
        self._thread.start()
        return self

    def _descriptors(self) -> list[int]:
        return [ztunnel.descriptors for ztunnel in self.sides]

    def __exit__(self, kind, *_) -> None:
        alive = kind is None and self.held.alive(PATIENCE)
        self._stop.set()
        self._thread.join()
        self.load.__exit__()
        self.held.__exit__()
        if kind is not None:
            return
        for ztunnel in self.sides:
            assert ztunnel.running, f"a ztunnel ended with {ztunnel.process.returncode}"
        assert all(alive), "another connection ended, or stalled"
        assert not self.load.failures, self.load.failures[:5]
        assert self.load.done > 0
        grown = [peak - before for peak, before in zip(self.peak, self.before)]
        assert max(grown) < MEMORY_KIB, f"grew by {grown} KiB"
        # The canary's own connections take a few, for a pooled link and its idle time.
        wait(
            "descriptors to come back",
            lambda: all(now <= before + 8 for now, before in zip(self._descriptors(), self.descriptors)), 15,
        )


def hostile(pair: Pair, name: str = "attacker", greet: bool = True) -> Peer:
    return Peer(pair.client, SERVER, pair.authority.directory, name, greet)


@pytest.mark.parametrize("name", FLOODS)
def test_flood(pair, name):
    attack, right = FLOODS[name]
    with Watch(pair), hostile(pair) as peer:
        assert attack(peer, SCALE) in right


def test_malformed_sequences(pair):
    """Each on a connection of its own, beside a good stream where the fault is a stream's."""
    wrong = {}
    with Watch(pair):
        for name, (sent, right) in SEQUENCES.items():
            with hostile(pair) as peer:
                if right == {"reset"}:
                    peer.next_stream = 3
                got = play(peer, sent)
                if got not in right:
                    wrong[name] = got
                elif got == "reset" and not peer.answers():
                    wrong[name] = "the fault of a stream ended the connection"
    assert not wrong


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", b"PRI * HTTP/1.1\r\n\r\n", bytes(100)])
def test_something_else_than_http2_inside_tls(pair, first):
    with Watch(pair), hostile(pair, greet=False) as peer:
        peer.send(first)
        assert peer.read(3).outcome in ("PROTOCOL_ERROR", "closed")


def test_stalled_handshakes_end_in_time_and_disturb_nobody(pair):
    """Silent TCP connections, half a ClientHello, and TLS without HTTP/2's first words: 10 s are allowed."""
    with Watch(pair):
        stalled = handshakes_that_stall(pair.client, SERVER, 200 * SCALE)
        mute = [hostile(pair, greet=False) for _ in range(20)]
        began = time.monotonic()
        assert closed_within(stalled, 14) == len(stalled)
        assert all(peer.read(max(0.1, 14 - (time.monotonic() - began))).closed for peer in mute)


@pytest.mark.parametrize("stage", ["connect", "hello", "greeting", "request", "data"])
def test_resets_at_every_stage(pair, stage):
    """RST where it hurts: in the handshake, after CONNECT, amid data."""

    def abort(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with Watch(pair):
        for _ in range(50 * SCALE):
            if stage in ("connect", "hello"):
                plain = inside(pair.client, lambda: socket.create_connection((SERVER, 15008), timeout=5))
                if stage == "hello":
                    plain.sendall(bytes.fromhex("16030102000100"))
                abort(plain)
                continue
            peer = hostile(pair, greet=stage != "connect")
            if stage != "greeting":
                stream = peer.connect(f"{SERVER}:9000")
                if stage == "data":
                    peer.send(b"\0\x40\0\0\0" + struct.pack(">I", stream) + bytes(16_384))
            abort(peer.socket)


GARBAGE = [b"", b"\0", b"\xff" * 4096, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(600), os.urandom(3000)]


@pytest.mark.parametrize("port", [15001, 15006])
def test_capture_ports_refuse_direct_callers(pair, port):
    with Watch(pair):
        for garbage in GARBAGE:
            # From the application itself, and from outside.
            for namespace, address in ((pair.client, CLIENT), (pair.client, SERVER), (pair.server, "127.0.0.1")):
                assert outcome(namespace, address, port, garbage, 5) in ("closed", "reset")

        def idle() -> list[socket.socket]:
            opened = []
            for _ in range(200 * SCALE):
                try:
                    opened.append(socket.create_connection((SERVER, port), timeout=5))
                except ConnectionResetError:
                    pass  # refused already
            return opened

        waiting = inside(pair.client, idle)
        assert closed_within(waiting, 5) == len(waiting)


def test_the_proxy_port_bounds_what_clients_may_take(pair):
    """Slow ones, many at once, long names, and bytes before their time."""
    slow = [b"\x05", b"\x05\xff", b"\x05\x01\x00", b"\x05\x01\x00\x05\x01\x00\x03\xff", b"CONNECT ", b"GET http://a/ HTTP/1.1\r\nx: "]
    whole = {
        b"\x05\x01\x00\x05\x01\x00\x03\xff" + b"a" * 255 + b"\0\x50": "05",
        b"\x05\x01\x00\x05\x01\x00\x03\x04a\0b\n\0\x50": "05",
        b"CONNECT " + b"a" * 20_000 + b":80 HTTP/1.1\r\n\r\n": "485454502f",
        b"CONNECT a:80 HTTP/1.1\r\n" + b"x: y\r\n" * 5_000 + b"\r\n": "485454502f",
        b"POST http://10.91.0.2:9000/ HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n": "485454502f",
    }
    with Watch(pair):
        for sent, beginning in whole.items():
            assert outcome(pair.client, "127.0.0.1", 15080, sent, 8).startswith(beginning), sent[:40]

        def opened(count: int) -> list[socket.socket]:
            connections = []
            for index in range(count):
                connection = socket.create_connection(("127.0.0.1", 15080), timeout=5)
                connection.sendall(slow[index % len(slow)])
                connections.append(connection)
            return connections

        # More than may negotiate at once; those over the bound are closed at once, the others after 10 s.
        connections = inside(pair.client, lambda: opened(1_500))
        assert closed_within(connections, 14) == len(connections)


def test_own_endpoints_bound_what_clients_may_take(pair):
    """Ports 15000, 15020 and 15021: many clients, long heads, slow ones."""
    with Watch(pair):
        for port in (15000, 15020, 15021):
            for garbage in (*GARBAGE[1:], b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9_000):
                assert outcome(pair.client, "127.0.0.1", port, garbage, 8) != "timeout"
            many = inside(
                pair.client,
                lambda: [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(300)],
            )
            assert closed_within(many, 6) == len(many)
        wait("readiness", lambda: http(pair.client, "http://127.0.0.1:15021/healthz/ready"), 5)


def test_no_descriptors_left_is_survived():
    """More connections than the limit of the process: some fail, and when they are gone all is as before."""
    with Pair(descriptors=150) as limited:
        ztunnel = limited.server_ztunnel
        connections = inside(
            limited.client, lambda: [socket.create_connection((SERVER, 15008), timeout=5) for _ in range(300)]
        )
        time.sleep(1)
        assert ztunnel.running and 140 <= ztunnel.descriptors <= 150
        before = _processor_seconds(ztunnel.pid)
        time.sleep(2)
        assert _processor_seconds(ztunnel.pid) - before < 1, "it spins on accept"
        for connection in connections:
            connection.close()

        def served() -> bool:
            with Load(limited.client, SERVER, 9000, every=0.1, patience=2) as load:
                time.sleep(0.3)
            return not load.failures

        wait("new connections to be served again", served, 20)


def _processor_seconds(pid: int) -> float:
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_dns_port_bounds_what_clients_may_take(pair):
    """Garbage by UDP and TCP, loops of names, lengths without bytes, and many idle connections."""
    question = b"\0\1\0\1"
    header = b"\1\0\0\1\0\0\0\0\0\0"
    packets = [
        b"", b"\0", os.urandom(12), b"\xff" * 512, b"\0\1" + header, b"\0\1" + header + b"\xc0\x0c" + question,
        b"\0\1" + header + b"\x3f" + b"a" * 20, b"\0\1" + header + b"\xc0\xff" + question,
        b"\0\1" + header + b"\x40a\0" + question, b"\0\1\1\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
        b"\0\1\x81\0\0\1\0\0\0\0\0\0\1a\0" + question, b"\0\1" + header + (b"\x3f" + b"b" * 63) * 5 + b"\0" + question,
    ]

    def ask(seconds: float = 5) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(seconds)
            client.sendto(b"\x12\x34" + header + b"\6nobody\4mesh\10internal\0" + question, ("127.0.0.1", 15053))
            return client.recv(4096)

    def flood() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for index in range(20_000 * SCALE):
                try:
                    client.sendto(packets[index % len(packets)] + bytes(index % 3), ("127.0.0.1", 15053))
                except OSError:
                    pass

    def by_tcp() -> list[socket.socket]:
        opened = []
        for index in range(200 * SCALE):
            connection = socket.create_connection(("127.0.0.1", 15053), timeout=5)
            packet = packets[index % len(packets)]
            connection.sendall([b"\0", b"\xff\xff", struct.pack(">H", len(packet)) + packet][index % 3])
            opened.append(connection)
        return opened

    with Watch(pair):
        inside(pair.client, flood)
        waiting = inside(pair.client, by_tcp)
        assert wait("an answer", lambda: _or_none(lambda: inside(pair.client, ask)), 10)[:2] == b"\x12\x34"
        assert closed_within(waiting, 30) == len(waiting)


def _or_none(body):
    try:
        return body()
    except OSError:
        return None
