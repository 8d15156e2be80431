"""Speaks a few WebSocket frames and prints what comes back. usage: websocket_client.py HOST PATH TEXT…"""

import base64
import os
import socket
import sys

host, path, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
with socket.create_connection((host, 80), 5) as connection:
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    stream = connection.makefile("rb")
    print(stream.readline().decode().strip())
    while stream.readline() not in (b"\r\n", b""):
        pass
    for text in texts:
        data, mask = text.encode(), os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        connection.sendall(bytes([0x81, 0x80 | len(data)]) + mask + masked)
        first, length = stream.read(2)
        print(stream.read(length).decode())
    connection.sendall(bytes([0x88, 0x80]) + os.urandom(4))
