"""Opens N connections to an echo server at once, keeps all open, and checks that each gets back its own bytes.

usage: many.py HOST PORT N [SOCKS_PORT]
"""

import asyncio
import os
import socket
import sys


async def connect(host: str, port: int, socks: int | None):
    if socks is None:
        return await asyncio.open_connection(host, port)
    reader, writer = await asyncio.open_connection("127.0.0.1", socks)
    writer.write(b"\x05\x01\x00")
    assert await reader.readexactly(2) == b"\x05\x00"
    name = host.encode()
    writer.write(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big"))
    reply = await reader.readexactly(10)
    if reply[1] != 0:
        raise ConnectionError(f"SOCKS reply {reply[1]}")
    return reader, writer


async def one(index: int, host: str, port: int, socks: int | None, everybody: asyncio.Barrier) -> bool:
    reader, writer = await connect(host, port, socks)
    await everybody.wait()
    token = f"{index}:".encode() + os.urandom(512)
    writer.write(token)
    ok = await reader.readexactly(len(token)) == token
    writer.write_eof()
    ok = ok and await reader.read() == b""
    writer.close()
    return ok


async def main() -> None:
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    socks = int(sys.argv[4]) if len(sys.argv) > 4 else None
    if socks is None:
        host = socket.gethostbyname(host)
    everybody = asyncio.Barrier(count)
    jobs = [one(i, host, port, socks, everybody) for i in range(count)]
    results = await asyncio.wait_for(asyncio.gather(*jobs), 60)
    print(sum(results))


asyncio.run(main())
