"""Traffic from inside a task while something else happens: new connections at a steady pace, and long ones."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time

from network import connect, inside


class Load:
    """Opens a connection to an echo server each `every` seconds, from inside a namespace, until the block ends.

    Each connection sends bytes and must get them back within `patience`. What goes wrong is in `failures`.
    """

    def __init__(
        self, namespace: str, address: str, port: int, every: float = 0.02, bytes_each: int = 2000, patience: float = 5
    ):
        self.target = (address, port)
        self.namespace = namespace
        self.every = every
        self.bytes_each = bytes_each
        self.patience = patience
        self.done = 0
        self.failures: list[str] = []
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: inside(namespace, lambda: asyncio.run(self._run())))

    def __enter__(self) -> "Load":
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        running: set[asyncio.Task] = set()
        while not self._stop.is_set():
            task = asyncio.create_task(self._one())
            running.add(task)
            task.add_done_callback(running.discard)
            await asyncio.sleep(self.every)
        if running:
            await asyncio.wait(running)

    async def _one(self) -> None:
        began = time.monotonic() - self._started
        step = "connect"
        try:
            async with asyncio.timeout(self.patience):
                reader, writer = await asyncio.open_connection(*self.target)
                try:
                    step = "send"
                    data = os.urandom(self.bytes_each)
                    writer.write(data)
                    await writer.drain()
                    step = "receive"
                    if await reader.readexactly(len(data)) != data:
                        raise ValueError("other bytes came back")
                finally:
                    writer.close()
            self.done += 1
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self.failures.append(f"{began:.2f} s: {step}: {type(error).__name__} {error}")


class Held:
    """Connections that are open for long, and say whether they still carry bytes."""

    def __init__(self, namespace: str, address: str, port: int, count: int = 1):
        self.connections = [connect(namespace, address, port) for _ in range(count)]

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_) -> None:
        for connection in self.connections:
            connection.close()

    def alive(self, seconds: float = 5) -> list[bool]:
        """Which of them an echo comes back on."""
        return [self._echoes(connection, seconds) for connection in self.connections]

    @staticmethod
    def _echoes(connection: socket.socket, seconds: float) -> bool:
        connection.settimeout(seconds)
        data = os.urandom(1000)
        try:
            connection.sendall(data)
            answer = b""
            while len(answer) < len(data):
                part = connection.recv(4096)
                if not part:
                    return False
                answer += part
            return answer == data
        except OSError:
            return False

    def all_end(self, seconds: float) -> float | None:
        """How long until every connection has ended, or None if one lives on."""
        began = time.monotonic()
        for connection in self.connections:
            connection.settimeout(max(0.01, seconds - (time.monotonic() - began)))
            try:
                while connection.recv(4096):
                    pass
            except TimeoutError:
                return None
            except OSError:
                pass
        return time.monotonic() - began
