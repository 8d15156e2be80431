"""Sockets of this process inside tasks' network namespaces: a client in a task at the cost of a system call."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def inside(namespace: str | None, body: Callable):
    """Calls `body` in a thread that is in a named namespace (None: the host's own); what it opens stays there."""
    outcome: list = []

    def run() -> None:
        try:
            if namespace:
                descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
                try:
                    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), f"setns {namespace}")
                finally:
                    os.close(descriptor)
            outcome.extend((True, body()))
        except BaseException as error:  # noqa: BLE001 (it is raised again by the caller)
            outcome.extend((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    done, value = outcome
    if done:
        return value
    raise value


@contextlib.contextmanager
def space_on(bridge: str, gateway: str, name: str, link: str, address: str) -> Iterator[str]:
    """A network namespace on a lab's bridge, with an address that ECS has not given to anybody; its name."""

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, timeout=10)

    ip("netns", "add", name)
    try:
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", link, "master", bridge, "up")
        for words in (
            ["addr", "add", f"{address}/16", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"],
            ["route", "add", "default", "via", gateway],
        ):
            ip("-n", name, *words)
        yield name
    finally:
        # By itself: a connection that nobody answers keeps the namespace, and with it the link, for minutes.
        subprocess.run(["ip", "link", "del", link], check=False, timeout=10)
        ip("netns", "del", name)


def connect(namespace: str | None, address: str, port: int, seconds: float = 10) -> socket.socket:
    """A TCP connection that an application in the namespace would make."""
    return inside(namespace, lambda: socket.create_connection((address, port), timeout=seconds))


def echoes(connection: socket.socket, data: bytes) -> bool:
    """Whether an echo server at the other end sends back these bytes."""
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data):
        part = connection.recv(len(data) - len(answer))
        if not part:
            return False
        answer += part
    return answer == data


def outcome(namespace: str | None, address: str, port: int, sent: bytes = b"", seconds: float = 5) -> str:
    """What a client sees: "refused", "reset", "closed", "timeout", or the answer in hexadecimal."""
    try:
        connection = connect(namespace, address, port, seconds)
    except ConnectionRefusedError:
        return "refused"
    except ConnectionError:
        return "reset"
    except TimeoutError:
        return "timeout"
    with connection:
        try:
            if sent:
                connection.sendall(sent)
            answer = connection.recv(4096)
        except TimeoutError:
            return "timeout"
        except ConnectionError:
            return "reset"
    return answer.hex() or "closed"
