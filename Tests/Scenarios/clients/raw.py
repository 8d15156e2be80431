"""Sends bytes given in hexadecimal, then prints what came back in hexadecimal ("closed" for nothing, "reset").

usage: raw.py HOST PORT HEX [SECONDS]
"""

import socket
import sys

host, port, data = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 5
try:
    with socket.create_connection((host, port), timeout=seconds) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while len(answer) < 4096 and (part := connection.recv(4096)):
            answer += part
        print(answer.hex() or "closed")
except ConnectionError:
    print("reset")
except TimeoutError:
    print("timeout")
