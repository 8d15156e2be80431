"""Ends its own direction first, then reads the answer to the end: prints how many bytes came back.

usage: half_close.py HOST PORT BYTES
"""

import os
import socket
import sys

host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
question = os.urandom(count)
with socket.create_connection((host, port), timeout=20) as connection:
    connection.sendall(question)
    connection.shutdown(socket.SHUT_WR)
    answer = b""
    while part := connection.recv(65536):
        answer += part
print(len(answer) if answer == question else "different")
