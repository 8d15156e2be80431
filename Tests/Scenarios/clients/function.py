"""A sample Lambda function with its own little runtime: calls what an event names, by ALL_PROXY, and says what came."""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.request
from urllib.parse import urlsplit

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
PROXY = urlsplit(os.environ["ALL_PROXY"])


def exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError(f"closed after {len(data)} of {count} bytes")
        data += part
    return data


def dial(host: str, port: int, seconds: float) -> socket.socket:
    """A connection by SOCKS 5 with the name left to the proxy, as socks5h:// asks for it."""
    connection = socket.create_connection((PROXY.hostname, PROXY.port), seconds)
    connection.sendall(b"\5\1\0")
    exactly(connection, 2)
    connection.sendall(b"\5\1\0\3" + bytes([len(host)]) + host.encode() + port.to_bytes(2, "big"))
    status = exactly(connection, 10)[1]
    if status != 0:
        raise ConnectionError(f"SOCKS answered {status}")
    return connection


def handle(event: dict) -> dict:
    began = time.monotonic()
    try:
        with dial(event["host"], event["port"], event.get("seconds", 5)) as connection:
            connection.sendall(event["text"].encode())
            text = exactly(connection, len(event["text"])).decode()
        return {"answer": text, "seconds": time.monotonic() - began}
    except OSError as error:
        return {"error": f"{type(error).__name__}: {error}", "seconds": time.monotonic() - began}


while True:
    with urllib.request.urlopen(f"{RUNTIME}/next") as answer:
        request, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.load(answer)
    body = json.dumps(handle(event)).encode()
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{request}/response", data=body, method="POST")).close()
