"""Mixed load on two ztunnels for a long time: what they hold must not grow. `make soak` runs it; CI does not.

Short connections, long ones, half-closes, resets, SOCKS and DNS, while workloads come and go and certificates change.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import struct
import threading
import time
import urllib.request

from attacks import closed_within
from fleet import PORT, Fleet, member
from lab import resident_kib
from load import Held, Load
from network import connect, inside
from pair import SERVER, Pair, wait

SECONDS = int(os.environ.get("SOAK_SECONDS", "600"))
#: How long a pooled link stays without streams: short, so that links come and go many times in a soak.
IDLE = 2


class Background(threading.Thread):
    """Repeats a step until told to stop; a step that fails is counted, and its first failures are kept."""

    def __init__(self, name: str, pause: float, step):
        super().__init__(name=name)
        self.pause, self.step = pause, step
        self.done = 0
        self.failures: list[str] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(self.pause):
            try:
                self.step()
                self.done += 1
            except Exception as error:  # noqa: BLE001 (it is told at the end)
                self.failures.append(f"{type(error).__name__} {error}")

    def end(self) -> None:
        self.ended.set()
        self.join()


def half_close(pair: Pair) -> None:
    with connect(pair.client, SERVER, 9000) as connection:
        data = os.urandom(random.randint(1, 200_000))
        sender = threading.Thread(target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
        sender.start()
        answer = bytearray()
        while part := connection.recv(65536):
            answer += part
        sender.join()
        assert answer == data, f"{len(answer)} of {len(data)} bytes"


def reset(pair: Pair) -> None:
    connection = connect(pair.client, SERVER, random.choice((9000, 9001, 9002, 9003)))
    connection.sendall(bytes(random.randint(1, 50_000)))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def socks(pair: Pair) -> None:
    with connect(pair.client, "127.0.0.1", 15080) as connection:
        connection.sendall(b"\5\1\0")
        assert connection.recv(2) == b"\5\0"
        connection.sendall(b"\5\1\0\1" + socket.inet_aton(SERVER) + struct.pack(">H", 9000))
        answer = connection.recv(10)
        assert answer[1] == 0, f"SOCKS reply {answer[1]}"
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"


def idle_negotiation(pair: Pair) -> None:
    """A client that never says what it wants."""
    closed_within([connect(pair.client, "127.0.0.1", 15080)], 0.2)


def dns(pair: Pair) -> None:
    def ask() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as query:
            query.settimeout(5)
            name = b"\6server\4demo\4mesh\10internal\0" if random.random() < 0.5 else b"\1x\4test\0"
            query.sendto(os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1", ("127.0.0.1", 15053))
            query.recv(4096)

    inside(pair.client, ask)


class Churn:
    """Workloads that come and go in the state."""

    def __init__(self, pair: Pair):
        self.pair = pair
        self.round = 0

    def __call__(self) -> None:
        self.round += 1
        self.pair.write_state([
            {
                "uid": f"pair//Pod/demo/churn-{n}", "name": f"churn-{n}", "namespace": "demo",
                "serviceAccount": "churn", "workloadIps": [f"10.92.{n // 250}.{n % 250 + 1}"], "protocol": "HBONE",
            }
            for n in range(self.round % 7 * 50)
        ])


def rotate(pair: Pair) -> None:
    for name in ("client", "server"):
        pair.authority.issue(name, 600)


def listens(pair: Pair, port: int) -> bool:
    text = inside(pair.client, lambda: open("/proc/thread-self/net/udp").read() + open("/proc/thread-self/net/udp6").read())
    return f":{port:04X} " in text


def test_soak():
    with Pair({"POOL_UNUSED_RELEASE_TIMEOUT": f"{IDLE}s", "RUST_LOG": "warn,access=off"}) as pair:
        sides = {"client": pair.client_ztunnel, "server": pair.server_ztunnel}
        held = Held(pair.client, SERVER, 9000, 20)
        work = [
            Background("half-closes", 0.05, lambda: half_close(pair)),
            Background("resets", 0.02, lambda: reset(pair)),
            Background("SOCKS", 0.05, lambda: socks(pair)),
            Background("idle negotiations", 0.5, lambda: idle_negotiation(pair)),
            Background("changes of state", 1, Churn(pair)),
            Background("new certificates", min(20, SECONDS / 8), lambda: rotate(pair)),
            Background("long connections", 0.5, lambda: all(held.alive()) or _raise("a long connection ended")),
        ]
        if listens(pair, 15053):
            work.append(Background("DNS", 0.02, lambda: dns(pair)))
        samples: dict[str, list[tuple[float, int, int, float]]] = {side: [] for side in sides}
        began = time.monotonic()
        load = Load(pair.client, SERVER, 9000, every=0.01)
        with load:
            for step in work:
                step.start()
            while (now := time.monotonic() - began) < SECONDS:
                time.sleep(min(max(1.0, SECONDS / 60), 10))
                for side, ztunnel in sides.items():
                    assert ztunnel.running, f"{side}'s ztunnel ended"
                    samples[side].append(
                        (now, ztunnel.resident_kib, ztunnel.descriptors, ztunnel.metric("tulle_loop_timers"))
                    )
            for step in work:
                step.end()
        held.__exit__()

        print(f"\n{SECONDS} s: {load.done} short connections, {len(load.failures)} failed")
        for step in work:
            print(f"  {step.name}: {step.done}, {len(step.failures)} failed {step.failures[:2] or ''}")
        problems = []
        for side, series in samples.items():
            third = max(1, len(series) // 3)
            # The first third is the warm-up; the middle third is what the last one is held against.
            middle, last = series[third : 2 * third], series[2 * third :]
            for index, (name, slack, factor) in enumerate(
                (("resident KiB", 2_048, 1.05), ("descriptors", 30, 1.2), ("timers", 30, 1.2)), 1
            ):
                a, b = (statistics.median(row[index] for row in part) for part in (middle, last))
                print(f"  {side} {name}: first {series[0][index]:.0f}, middle {a:.0f}, last {b:.0f}")
                if b > a * factor + slack:
                    problems.append(f"{side} {name}: {a:.0f} to {b:.0f}")

        def quiet() -> bool:
            return all(z.metric("tulle_loop_descriptors") <= 40 and z.metric("tulle_loop_timers") <= 16 for z in sides.values())

        wait("connections, links and timers to be gone", quiet, IDLE * 2 + 20)
        for side, ztunnel in sides.items():
            opened = ztunnel.metric("istio_tcp_connections_opened_total")
            closed = ztunnel.metric("istio_tcp_connections_closed_total")
            print(f"  {side} afterwards: {ztunnel.resident_kib} KiB, {ztunnel.descriptors} descriptors, "
                  f"{ztunnel.metric('tulle_loop_timers'):.0f} timers, {opened:.0f} opened, {closed:.0f} closed")
            assert opened == closed > 0
        assert not problems
        assert not load.failures, load.failures[:5]
        for step in work:
            assert not step.failures, (step.name, step.failures[:5])


def _raise(text: str):
    raise ConnectionError(text)


#: Tasks of the daemon's soak; the first two stay and talk, the others come and go.
MEMBERS = 8


def test_soak_of_a_daemon_whose_tasks_come_and_go(tmp_path):
    """Half as long: tasks are stopped and started one after the other; what the daemon holds must not grow."""
    with Fleet(tmp_path, MEMBERS) as fleet:
        tasks = fleet.tasks()
        pid = fleet.daemon
        one, two = tasks[member(0)], tasks[member(1)]

        def holds() -> tuple[int, int, float]:
            with urllib.request.urlopen("http://127.0.0.1:15020/stats/prometheus", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
            timers = sum(float(line.split()[-1]) for line in lines if line.startswith("tulle_loop_timers"))
            return resident_kib(pid), len(os.listdir(f"/proc/{pid}/fd")), timers

        samples = [holds()]
        rounds = 0
        end = time.monotonic() + SECONDS / 2
        with Held(one["namespace"], two["address"], PORT, 10) as held:
            with Load(one["namespace"], two["address"], PORT, every=0.05) as load:
                while time.monotonic() < end:
                    index = 2 + rounds % (MEMBERS - 2)
                    fleet.stop_member(index)
                    fleet.mesh.wait(f"{member(index)} to go", lambda index=index: member(index) not in fleet.services(), 60)
                    fleet.start_again(index)
                    fleet.wait_members([index])
                    rounds += 1
                    samples.append(holds())
            assert all(held.alive()), "a task that stayed was disturbed"
        print(f"\n{rounds} tasks came and went, {load.done} connections beside them, {len(load.failures)} failed")
        third = max(1, len(samples) // 3)
        problems = []
        for index, (name, slack, factor) in enumerate(
            (("resident KiB", 2_048, 1.05), ("descriptors", 30, 1.2), ("timers", 30, 1.2))
        ):
            a, b = (statistics.median(row[index] for row in part) for part in (samples[third : 2 * third], samples[2 * third :]))
            print(f"  daemon {name}: first {samples[0][index]:.0f}, middle {a:.0f}, last {b:.0f}")
            if b > a * factor + slack:
                problems.append(f"{name}: {a:.0f} to {b:.0f}")
        assert rounds >= 3, "too short to say anything"
        assert not problems
        assert not load.failures, load.failures[:5]
        assert fleet.daemon == pid
