"""An HTTP/1.1 application with a name, whose answers follow the request.

usage: l7_server.py NAME PORT

Every answer is a JSON object: who answered, and what came. The path says more:
  /status/503          answers with that status
  /delay/250           waits so many milliseconds
  /fail/2/KEY          answers 503 twice for each KEY, then 200
  /bytes/1000          sends so many bytes
  /trailers            answers in chunks with a trailer
  /ws                  a WebSocket that echoes frames
"""

import asyncio
import base64
import hashlib
import json
import os
import sys
import urllib.request


def task_id() -> str | None:
    """The id of the task that this runs in, as ECS tells it."""
    address = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    if not address:
        return None
    with urllib.request.urlopen(f"{address}/task", timeout=5) as answer:
        return json.load(answer)["TaskARN"].rsplit("/", 1)[-1]


name, port = sys.argv[1], int(sys.argv[2])
task = task_id()
failures: dict[str, int] = {}
counts = {"requests": 0}


async def body_of(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "") == "chunked":
        body = b""
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            body += (await reader.readexactly(size + 2))[:-2]
            if not size:
                return body
    return await reader.readexactly(int(headers.get("content-length", "0")))


async def websocket(reader, writer, headers) -> None:
    key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        f"sec-websocket-accept: {accept}\r\n\r\n".encode()
    )
    while True:
        first, second = await reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2), "big")
        mask = await reader.readexactly(4)
        data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(await reader.readexactly(length)))
        if first & 0x0F == 8:
            writer.write(bytes([0x88, 0]))
            return
        head = bytes([first, length]) if length < 126 else bytes([first, 126]) + length.to_bytes(2, "big")
        writer.write(head + data)
        await writer.drain()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            method, target, _ = line.decode().split()
            headers: dict[str, str] = {}
            while (line := await reader.readline()) not in (b"\r\n", b""):
                key, _, value = line.decode("latin-1").partition(":")
                key = key.strip().lower()
                headers[key] = f"{headers[key]},{value.strip()}" if key in headers else value.strip()
            if headers.get("upgrade", "").lower() == "websocket":
                return await websocket(reader, writer, headers)
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await body_of(reader, headers)
            counts["requests"] += 1
            path = target.partition("?")[0].split("/")
            status, extra, content = 200, "", None
            match path[1:]:
                case ["status", code]:
                    status = int(code)
                case ["delay", milliseconds]:
                    await asyncio.sleep(int(milliseconds) / 1000)
                case ["fail", times, key]:
                    failures[key] = failures.get(key, 0) + 1
                    status = 503 if failures[key] <= int(times) else 200
                case ["bytes", count]:
                    content = b"x" * int(count)
                case ["trailers"]:
                    writer.write(
                        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-end\r\n\r\n"
                        b"5\r\nhello\r\n0\r\nx-end: yes\r\n\r\n"
                    )
                    await writer.drain()
                    continue
            if content is None:
                answer = {
                    "name": name, "task": task, "method": method, "target": target,
                    "headers": headers, "body": body.decode("latin-1"), "requests": counts["requests"],
                }
                content = json.dumps(answer).encode()
            if status in (204, 304):
                content = b""
            head = f"HTTP/1.1 {status} Said\r\ncontent-length: {len(content)}\r\nx-who: {name}\r\n{extra}\r\n".encode()
            writer.write(head + (b"" if method == "HEAD" else content))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", port)
    await server.serve_forever()


asyncio.run(main())
