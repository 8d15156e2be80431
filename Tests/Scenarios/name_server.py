"""A DNS server of a test: it knows a few names, and behaves as badly as it is told."""

from __future__ import annotations

import socket
import struct
import threading
import time

A, NS, CNAME, SOA, MX, TXT, AAAA, SRV = 1, 2, 5, 6, 15, 16, 28, 33


def labels(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


#: A pointer to the name of the question.
ASKED = b"\xc0\x0c"


def record(kind: int, data: bytes, seconds: int = 60, owner: bytes = ASKED) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, seconds, len(data)) + data


class NameServer:
    """Serves UDP and TCP on port 53 of an address until it is closed."""

    def __init__(self, address: str):
        self.address = address
        #: Every query as (name, type, transport).
        self.asked: list[tuple[str, int, str]] = []
        self.is_silent = False
        #: Sends this many wrong answers before the right one.
        self.lies = 0
        #: Seconds before each answer.
        self.delay = 0.0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((address, 53))
        # A thread that waits in a call keeps its socket open, so nobody waits for long.
        self.udp.settimeout(0.1)
        self.is_closed = False
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, 53))
        self.tcp.listen(64)
        self.tcp.settimeout(0.1)
        self.threads = [threading.Thread(target=serve, daemon=True) for serve in (self.serve_udp, self.serve_tcp)]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        self.is_closed = True
        for thread in self.threads:
            thread.join()
        self.udp.close()
        self.tcp.close()

    def serve_udp(self) -> None:
        while not self.is_closed:
            try:
                query, peer = self.udp.recvfrom(65535)
            except OSError:
                continue
            threading.Thread(target=self.answer_udp, args=(query, peer), daemon=True).start()

    def answer_udp(self, query: bytes, peer) -> None:
        answer = self.answer(query, "udp")
        if answer is None:
            return
        for number in range(self.lies):
            wrong = struct.pack("!H", struct.unpack("!H", answer[:2])[0] ^ (number + 1)) + answer[2:]
            self.udp.sendto(wrong, peer)
        try:
            self.udp.sendto(answer, peer)
        except OSError:
            pass

    def serve_tcp(self) -> None:
        while not self.is_closed:
            try:
                client, _ = self.tcp.accept()
            except OSError:
                continue
            client.settimeout(10)
            threading.Thread(target=self.answer_tcp, args=(client,), daemon=True).start()

    def answer_tcp(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as stream:
            while len(head := stream.read(2)) == 2:
                answer = self.answer(stream.read(struct.unpack("!H", head)[0]), "tcp")
                if answer is None:
                    return
                client.sendall(struct.pack("!H", len(answer)) + answer)

    def answer(self, query: bytes, transport: str) -> bytes | None:
        place, parts = 12, []
        while query[place]:
            parts.append(query[place + 1:place + 1 + query[place]].decode(errors="replace"))
            place += 1 + query[place]
        kind = struct.unpack("!H", query[place + 1:place + 3])[0]
        question, name = query[12:place + 5], ".".join(parts).lower()
        self.asked.append((name, kind, transport))
        if self.is_silent:
            return None
        time.sleep(self.delay)
        flags, answers, authorities, additionals = self.content(name, kind, transport, len(question))
        counts = [1, len(answers), len(authorities), len(additionals)]
        return query[:2] + struct.pack("!5H", flags, *counts) + question + b"".join(answers + authorities + additionals)

    def content(self, name: str, kind: int, transport: str, asked: int):
        """Flags and sections. Names within records point to the question, as compressing servers write them."""
        first = name.split(".")[0]
        if first in ("host", "slow") or first.startswith("load"):
            return 0x8180, [record(A, bytes([10, 9, 8, 7]))] if kind == A else [], [], []
        if first == "mail" and kind == MX:
            # The exchange is "mx." in front of the name asked for.
            answers = [record(MX, struct.pack("!H", 10) + b"\x02mx" + ASKED)]
            glue = record(A, bytes([10, 9, 8, 6]), owner=b"\x02mx" + ASKED)
            return 0x8180, answers, [record(NS, b"\x02ns" + ASKED)], [glue]
        if first == "service" and kind == SRV:
            return 0x8180, [record(SRV, struct.pack("!HHH", 1, 2, 389) + labels("Host.Example"))], [], []
        if first == "long" and kind == TXT:
            if transport == "udp":
                return 0x8380, [], [], []
            return 0x8180, [record(TXT, bytes([200]) + b"x" * 200) for _ in range(40)], [], []
        soa = ASKED + b"\x04root" + ASKED + struct.pack("!5I", 1, 2, 3, 4, 30)
        return 0x8183, [], [record(SOA, soa, seconds=300)], []
