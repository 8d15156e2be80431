"""An application behind a ztunnel, on one port, for IPv4 and IPv6.

usage: application.py echo|sink|source|deaf|close PORT
"""

import asyncio
import socket
import sys

kind, port = sys.argv[1], int(sys.argv[2])
held = []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        if kind == "close":
            return
        if kind == "deaf":
            # Accepts, and never reads: its socket's buffer fills and stays full.
            writer.transport.pause_reading()
            held.append(writer)
            await asyncio.sleep(3600)
        while kind == "source":
            writer.write(bytes(65536))
            await writer.drain()
        while part := await reader.read(65536):
            if kind == "echo":
                writer.write(part)
                await writer.drain()
        if kind == "echo" and writer.can_write_eof():
            writer.write_eof()
    except OSError:
        pass
    finally:
        writer.close()


async def main() -> None:
    listener = socket.create_server(("", port), backlog=4096)
    server = await asyncio.start_server(serve, sock=listener, limit=65536)
    async with server:
        await server.serve_forever()


asyncio.run(main())
