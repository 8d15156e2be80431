#!/usr/bin/env python3
"""Small servers and clients that stand for applications in the lab; the first argument chooses one.

http PORT            answers every request with 200 and who it is; /bytes/N sends N bytes, /sink counts what it gets
tcp-echo PORT        sends back what it gets, and half-closes after its peer does
server-first PORT    says "220 <who>" before it reads, as SMTP does, then echoes lines
sink PORT            reads to the end, then says how many bytes came and their SHA-256
source PORT BYTES    sends that many bytes of a known pattern, then closes
fetch HOST PORT      reads to the end, prints how many bytes came and their SHA-256 (a client)
pour HOST PORT BYTES sends that many bytes of the known pattern, then prints what sink answered (a client)
idle                 waits for a signal

Servers listen on TULLE_LAB_ADDRESS if that is set (the lab sets it where tasks have no network of their own),
otherwise on all addresses.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import sys

LISTEN_ON = os.environ.get("TULLE_LAB_ADDRESS", "0.0.0.0")
WHO = os.environ.get("TULLE_LAB_SERVICE") or os.environ.get("HOSTNAME") or socket.gethostname()
#: 64 KiB that don't repeat within themselves, so that a lost or doubled part shows.
PATTERN = b"".join(index.to_bytes(4, "big") for index in range(16384))
HEAD_LIMIT = 64 * 1024


def pattern(count: int):
    while count > 0:
        part = PATTERN[: min(count, len(PATTERN))]
        yield part
        count -= len(part)


async def read_digest(reader: asyncio.StreamReader, limit: int | None = None) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    while limit is None or count < limit:
        part = await reader.read(1 << 16 if limit is None else min(1 << 16, limit - count))
        if not part:
            break
        digest.update(part)
        count += len(part)
    return count, digest.hexdigest()


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, with keep-alive."""
    peer = writer.get_extra_info("peername")
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if len(parts) != 3:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return await writer.drain()
        method, path, _ = parts
        length = int(headers.get("content-length", "0")) if headers.get("content-length", "0").isdigit() else 0
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        got, digest = await read_digest(reader, length)
        print(f"{peer[0]}:{peer[1]} {method} {path} {got}", flush=True)
        if path.startswith("/bytes/") and path[7:].isdigit():
            count = int(path[7:])
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n".encode())
            for part in pattern(count):
                writer.write(part)
                await writer.drain()
        else:
            text = f"hello from {WHO}\nhost: {headers.get('host', '')}\nmethod: {method}\npath: {path}\npeer: {peer[0]}\n"
            if length:
                text += f"received: {got} {digest}\n"
            marker = headers.get("x-marker")
            if marker:
                text += f"marker: {marker}\n"
            body = text.encode()
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: tulle-echo\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
        await writer.drain()
        if headers.get("connection", "").lower() == "close":
            return


async def tcp_echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(1 << 16):
        writer.write(part)
        await writer.drain()
    writer.write_eof()


async def server_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(f"220 {WHO}\r\n".encode())
    await writer.drain()
    while line := await reader.readline():
        writer.write(b"250 " + line)
        await writer.drain()


async def sink(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    count, digest = await read_digest(reader)
    writer.write(f"{count} {digest}\n".encode())
    await writer.drain()


def source(count: int):
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in pattern(count):
            writer.write(part)
            await writer.drain()

    return serve


async def serve(port: int, handler) -> None:
    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, LISTEN_ON, port, limit=HEAD_LIMIT, backlog=4096)
    print(f"listening on {LISTEN_ON}:{port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


async def fetch(host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    count, digest = await read_digest(reader)
    writer.close()
    print(f"{count} {digest}")


async def pour(host: str, port: int, count: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for part in pattern(count):
        writer.write(part)
        await writer.drain()
    writer.write_eof()
    print((await reader.read(4096)).decode().strip())
    writer.close()


async def idle() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def main() -> None:
    try:
        mode, *rest = sys.argv[1:]
        actions = {
            "http": lambda: serve(int(rest[0]), http),
            "tcp-echo": lambda: serve(int(rest[0]), tcp_echo),
            "server-first": lambda: serve(int(rest[0]), server_first),
            "sink": lambda: serve(int(rest[0]), sink),
            "source": lambda: serve(int(rest[0]), source(int(rest[1]))),
            "fetch": lambda: fetch(rest[0], int(rest[1])),
            "pour": lambda: pour(rest[0], int(rest[1]), int(rest[2])),
            "idle": idle,
        }
        action = actions[mode]()
    except (KeyError, ValueError, IndexError):
        sys.exit(__doc__)
    asyncio.run(action)


if __name__ == "__main__":
    main()
