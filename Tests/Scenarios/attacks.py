"""What a hostile peer with a valid certificate can send to port 15008, frame by frame; and what hostile clients send to
the other ports. Each attack says in its name what it does, and returns how the other side took it.

The cases are those of RFC 9113's rules and of the published floods: rapid reset (CVE-2023-44487), MadeYouReset
(CVE-2025-8671), CONTINUATION (2024), and the PING, SETTINGS, empty-frame and window floods of 2019.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
import time
from pathlib import Path

import hpack

from network import inside

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
CODES = {
    0: "NO_ERROR", 1: "PROTOCOL_ERROR", 2: "INTERNAL_ERROR", 3: "FLOW_CONTROL_ERROR", 5: "STREAM_CLOSED",
    6: "FRAME_SIZE_ERROR", 7: "REFUSED_STREAM", 8: "CANCEL", 9: "COMPRESSION_ERROR", 11: "ENHANCE_YOUR_CALM",
}


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(*fields: tuple[str, str]) -> bytes:
    """A header block that touches no table."""
    coder = hpack.Encoder()
    return coder.encode([hpack.NeverIndexedHeaderTuple(*item) for item in fields])


def word(value: int) -> bytes:
    return struct.pack(">I", value)


class Peer:
    """A TLS connection to a tunnel server, that says on HTTP/2 whatever it is told."""

    def __init__(self, namespace: str, address: str, certificates: Path, name: str = "attacker", greet: bool = True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(certificates / "root.pem")
        context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
        context.set_alpn_protocols(["h2"])
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        plain = inside(namespace, lambda: socket.create_connection((address, 15008), timeout=10))
        self.socket = context.wrap_socket(plain)
        self.buffer = b""
        self.resets: dict[int, str] = {}
        self.statuses: dict[int, str] = {}
        self.bytes: dict[int, int] = {}
        self.goaway: str | None = None
        self.closed = False
        self.decoder = hpack.Decoder()
        self.next_stream = 1
        self.pongs = 0
        if greet:
            self.send(PREFACE + frame(SETTINGS))

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """False when the other side has ended the connection."""
        try:
            self.socket.sendall(data)
            return True
        except (OSError, ssl.SSLError):
            self.closed = True
            return False

    def connect(self, authority: str, end: bool = False, more: tuple = ()) -> int:
        stream = self.next_stream
        self.next_stream += 2
        fields = ((":method", "CONNECT"), (":authority", authority), *more)
        self.send(frame(HEADERS, 5 if end else 4, stream, block(*fields)))
        return stream

    def read(self, seconds: float = 0.5, until=lambda peer: False) -> "Peer":
        """Reads frames until the time is over, the connection ends, or `until` holds."""
        end = time.monotonic() + seconds
        while not until(self) and (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                part = self.socket.recv(65536)
            except TimeoutError:
                break
            except (OSError, ssl.SSLError):
                part = b""
            if not part:
                self.closed = True
                break
            self.buffer += part
            self._parse()
        self.socket.settimeout(10)
        return self

    def _parse(self) -> None:
        while len(self.buffer) >= 9:
            length = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + length:
                return
            kind, flags = self.buffer[3], self.buffer[4]
            stream = int.from_bytes(self.buffer[5:9], "big") & 0x7FFF_FFFF
            payload = self.buffer[9 : 9 + length]
            self.buffer = self.buffer[9 + length :]
            if kind == HEADERS:
                for name, value in self.decoder.decode(payload):
                    if name == ":status":
                        self.statuses[stream] = value
            elif kind == DATA:
                self.bytes[stream] = self.bytes.get(stream, 0) + length
            elif kind == RST:
                self.resets[stream] = CODES.get(int.from_bytes(payload, "big"), "?")
            elif kind == GOAWAY and self.goaway in (None, "NO_ERROR"):
                self.goaway = CODES.get(int.from_bytes(payload[4:8], "big"), "?")
            elif kind == SETTINGS and not flags & 1:
                self.send(frame(SETTINGS, 1))
            elif kind == PING and flags & 1:
                self.pongs += 1
            elif kind == PING:
                self.send(frame(PING, 1, 0, payload))

    @property
    def outcome(self) -> str:
        """The GOAWAY's code, "closed" without one, or "open"."""
        if self.goaway and self.goaway != "NO_ERROR":
            return self.goaway
        return "closed" if self.closed else "open"

    def answers(self) -> bool:
        """Whether the connection still works: a PING comes back."""
        if self.closed or not self.send(frame(PING, 0, 0, b"alive???")):
            return False
        end = time.monotonic() + 3
        while time.monotonic() < end and not self.closed:
            before = self.pongs
            self.read(0.2)
            if self.pongs > before:
                return True
        return False


def repeated(data: bytes, count: int, pause: float = 0):
    """An attack that sends the same frames again and again, in pieces, until the other side has had enough."""

    def attack(peer: Peer, scale: int) -> str:
        piece = max(1, 16_384 // len(data))
        left = count * scale
        while left > 0 and peer.send(data * min(piece, left)):
            left -= piece
            if pause:
                peer.read(pause)
        return peer.read(3, lambda p: p.goaway not in (None, "NO_ERROR") or p.closed).outcome

    return attack


def _numbered(make, count: int):
    """An attack on ever new streams; `make` gives the frames for a stream's number."""

    def attack(peer: Peer, scale: int) -> str:
        stream = 1
        for _ in range(0, count * scale, 50):
            pieces = []
            for _ in range(50):
                pieces.append(make(stream))
                stream += 2
            if not peer.send(b"".join(pieces)):
                break
            peer.read(0.001)
        return peer.read(3, lambda p: p.goaway not in (None, "NO_ERROR") or p.closed).outcome

    return attack


def _request(stream: int, authority: str, flags: int = 4) -> bytes:
    return frame(HEADERS, flags, stream, block((":method", "CONNECT"), (":authority", authority)))


def _one_byte_data(peer: Peer, scale: int) -> str:
    stream = peer.connect("10.91.0.2:9001")
    peer.read(2, lambda p: stream in p.statuses)
    data = frame(DATA, 0, stream, b"x") * 1_000
    for _ in range(60 * scale):
        if not peer.send(data):
            break
    return peer.read(3, lambda p: p.goaway is not None or p.closed).outcome


def _padding_only(peer: Peer, scale: int) -> str:
    stream = peer.connect("10.91.0.2:9001")
    peer.read(2, lambda p: stream in p.statuses)
    return repeated(frame(DATA, 8, stream, b"\xff" + bytes(255)), 4_000)(peer, scale)


def _empty_data(peer: Peer, scale: int) -> str:
    stream = peer.connect("10.91.0.2:9001")
    peer.read(2, lambda p: stream in p.statuses)
    return repeated(frame(DATA, 0, stream), 4_000)(peer, scale)


def _window_updates(peer: Peer, scale: int) -> str:
    stream = peer.connect("10.91.0.2:9001")
    peer.read(2, lambda p: stream in p.statuses)
    return repeated(frame(WINDOW, 0, 0, word(1)), 200_000)(peer, scale)


def _over_the_window(peer: Peer, scale: int) -> str:
    """More bytes than the windows allow, to an application that never reads."""
    stream = peer.connect("10.91.0.2:9003")
    peer.read(2, lambda p: stream in p.statuses)
    data = frame(DATA, 0, stream, bytes(16_384))
    for _ in range(2_000):
        if not peer.send(data):
            break
    return peer.read(3, lambda p: stream in p.resets or p.goaway is not None or p.closed).outcome


def _window_overflow(peer: Peer, scale: int) -> str:
    peer.send(frame(WINDOW, 0, 0, word(0x7FFF_FFFF)))
    return peer.read(3, lambda p: p.goaway is not None).outcome


def _too_many_streams(peer: Peer, scale: int) -> str:
    streams = [peer.connect("10.91.0.2:9003") for _ in range(300)]
    peer.read(3, lambda p: len(p.resets) + len(p.statuses) >= 300)
    refused = [peer.resets.get(s) for s in streams[200:]]
    return "refused" if set(refused) == {"REFUSED_STREAM"} and not peer.closed else f"{peer.outcome} {set(refused)}"


def _settings_games(peer: Peer, scale: int) -> str:
    """The initial window goes up and down while streams from an application that never stops are open."""
    peer.send(frame(SETTINGS, 0, 0, b"\0\4" + word(0)))
    for _ in range(50):
        peer.connect("10.91.0.2:9002")
    for index in range(100):
        if not peer.send(frame(SETTINGS, 0, 0, b"\0\4" + word((index % 2) * 20_000))):
            break
        peer.read(0.005)
    return peer.outcome


def _reads_nothing(peer: Peer, scale: int) -> str:
    """Asks for much, with the largest windows, and reads nothing."""
    peer.send(frame(SETTINGS, 0, 0, b"\0\4" + word(0x7FFF_FFFF)) + frame(WINDOW, 0, 0, word(0x7FFF_0000)))
    for _ in range(100):
        peer.connect("10.91.0.2:9002")
    time.sleep(1.5)
    return peer.outcome


def _deaf_application(peer: Peer, scale: int) -> str:
    """Fills every window of the connection towards applications that never read."""
    streams = [peer.connect("10.91.0.2:9003") for _ in range(50)]
    peer.read(3, lambda p: len(p.statuses) == 50)
    window = 16 << 20
    for stream in streams:
        piece = min(window, 300_000)
        for _ in range(piece // 16_384):
            if not peer.send(frame(DATA, 0, stream, bytes(16_384))):
                return peer.outcome
    return peer.read(0.5).outcome


def _dials_that_hang(peer: Peer, scale: int) -> str:
    """CONNECT to addresses that nobody may reach through this ztunnel."""
    streams = [peer.connect(f"203.0.113.{n}:80") for n in range(1, 101)]
    peer.read(3, lambda p: len(p.statuses) == 100)
    return "refused" if {peer.statuses.get(s) for s in streams} == {"400"} else str(set(peer.statuses.values()))


def _header_table_games(peer: Peer, scale: int) -> str:
    """One large field in the table, then a thousand references to it."""
    coder = hpack.Encoder()
    first = coder.encode([(":method", "CONNECT"), (":authority", "a:1"), ("x", "y" * 3_000)])
    bomb = b"\xbe" * 1_000
    peer.send(frame(HEADERS, 4, 1, first) + frame(HEADERS, 4, 3, coder.encode([(":method", "CONNECT")]) + bomb))
    return peer.read(3, lambda p: p.goaway is not None).outcome


def _bytes_of_connection_window(peer: Peer, scale: int) -> str:
    """Closed streams must give their share of the connection's window back."""
    for _ in range(40):
        stream = peer.connect("10.91.0.2:9003")
        peer.send(frame(DATA, 0, stream, bytes(16_384)) * 40 + frame(RST, 0, stream, word(8)))
        peer.read(0.01)
    stream = peer.connect("10.91.0.2:9000")
    peer.send(frame(DATA, 0, stream, b"hello"))
    peer.read(5, lambda p: p.bytes.get(stream, 0) == 5)
    return "echo" if peer.bytes.get(stream) == 5 else peer.outcome


#: A flood ends with a GOAWAY, which the kernel may throw away when it resets a connection with unread bytes.
CALM = {"ENHANCE_YOUR_CALM", "closed"}
#: Name: what is done, and which outcomes are right. The connection may always be closed for good reason.
FLOODS = {
    "rapid reset": (_numbered(lambda s: _request(s, "203.0.113.1:80") + frame(RST, 0, s, word(8)), 20_000), CALM),
    "rapid reset of real requests": (
        _numbered(lambda s: _request(s, "10.91.0.2:9000") + frame(RST, 0, s, word(8)), 20_000), CALM,
    ),
    "made you reset": (
        _numbered(lambda s: _request(s, "10.91.0.2:9000") + frame(WINDOW, 0, s, word(0)), 5_000), CALM,
    ),
    "ping": (repeated(frame(PING, 0, 0, b"12345678"), 20_000), CALM),
    "ping answers": (repeated(frame(PING, 1, 0, b"12345678"), 20_000), CALM),
    "settings": (repeated(frame(SETTINGS), 20_000), CALM),
    "large settings": (repeated(frame(SETTINGS, 0, 0, (b"\0\4" + word(65_535)) * 30), 20_000), CALM),
    "settings answers": (repeated(frame(SETTINGS, 1), 20_000), CALM),
    "priority": (repeated(frame(PRIORITY, 0, 1, b"\0\0\0\0\1"), 20_000), CALM),
    "goaway": (repeated(frame(GOAWAY, 0, 0, bytes(8)), 20_000), CALM),
    "unknown frames": (repeated(frame(0x42, 0, 0, bytes(16)), 100_000), CALM),
    "alternative services": (repeated(frame(0xA, 0, 0, b"\0\1x"), 100_000), CALM),
    "window updates": (_window_updates, CALM),
    "empty data": (_empty_data, CALM),
    "padding only": (_padding_only, CALM),
    "one byte a frame": (_one_byte_data, CALM),
    "continuations": (
        lambda peer, scale: (
            peer.send(frame(HEADERS, 0, 1, block((":method", "CONNECT")))),
            repeated(frame(CONTINUATION, 0, 1, block(("x", "y"))), 20_000)(peer, scale),
        )[1],
        CALM | {"COMPRESSION_ERROR"},
    ),
    "empty continuations": (
        lambda peer, scale: (
            peer.send(frame(HEADERS, 0, 1, b"")), repeated(frame(CONTINUATION, 0, 1), 20_000)(peer, scale),
        )[1],
        CALM,
    ),
    "more than the window": (_over_the_window, {"FLOW_CONTROL_ERROR", "open"}),
    "window overflow": (_window_overflow, {"FLOW_CONTROL_ERROR"}),
    "too many streams": (_too_many_streams, {"refused"}),
    "settings games": (_settings_games, {"open", "ENHANCE_YOUR_CALM"}),
    "reads nothing": (_reads_nothing, {"open", "closed"}),
    "deaf applications": (_deaf_application, {"open"}),
    "addresses of others": (_dials_that_hang, {"refused"}),
    "references to a large field": (_header_table_games, CALM | {"COMPRESSION_ERROR", "PROTOCOL_ERROR"}),
    "window of reset streams": (_bytes_of_connection_window, {"echo"}),
}

_ok = block((":method", "CONNECT"), (":authority", "10.91.0.2:9000"))
_huge = block((":method", "CONNECT"), (":authority", "10.91.0.2:9000"), ("x", "y" * 15_000), ("z", "y" * 15_000))
_many = block((":method", "CONNECT"), (":authority", "10.91.0.2:9000"), *((f"h{n}", "v") for n in range(600)))


def _cut(data: bytes, stream: int = 1, first_flags: int = 0) -> bytes:
    pieces = [data[i : i + 16_000] for i in range(0, len(data), 16_000)]
    frames = [frame(HEADERS, first_flags | (4 if len(pieces) == 1 else 0), stream, pieces[0])]
    for index, piece in enumerate(pieces[1:], 2):
        frames.append(frame(CONTINUATION, 4 if index == len(pieces) else 0, stream, piece))
    return b"".join(frames)


PROTOCOL, SIZE, STREAM = {"PROTOCOL_ERROR"}, {"FRAME_SIZE_ERROR"}, {"reset"}
#: Name: what is sent after the preface, and how it must end: a GOAWAY's code, "reset" (of stream 1 alone), or a status.
SEQUENCES: dict[str, tuple[bytes, set[str]]] = {
    "data on stream 0": (frame(DATA, 0, 0, b"x"), PROTOCOL),
    "data on an idle stream": (frame(DATA, 0, 1, b"x"), PROTOCOL),
    "headers on stream 0": (frame(HEADERS, 4, 0, _ok), PROTOCOL),
    "headers on an even stream": (frame(HEADERS, 4, 2, _ok), PROTOCOL),
    "headers on an old stream": (frame(HEADERS, 4, 5, _ok) + frame(HEADERS, 4, 3, _ok), PROTOCOL | {"STREAM_CLOSED"}),
    "reset of an idle stream": (frame(RST, 0, 1, word(8)), PROTOCOL),
    "reset on stream 0": (frame(RST, 0, 0, word(8)), PROTOCOL),
    "reset of the wrong length": (frame(HEADERS, 4, 1, _ok) + frame(RST, 0, 1, b"\0"), SIZE),
    "window update of an idle stream": (frame(WINDOW, 0, 1, word(1)), PROTOCOL),
    "window update of 0 for the connection": (frame(WINDOW, 0, 0, word(0)), PROTOCOL),
    "window update of the wrong length": (frame(WINDOW, 0, 0, b"\0\0\1"), SIZE),
    "settings on a stream": (frame(SETTINGS, 0, 1), PROTOCOL),
    "settings of the wrong length": (frame(SETTINGS, 0, 0, b"\0\1\0"), SIZE),
    "an answer to settings with content": (frame(SETTINGS, 1, 0, bytes(6)), SIZE),
    "a window that is too large": (frame(SETTINGS, 0, 0, b"\0\4\xff\xff\xff\xff"), {"FLOW_CONTROL_ERROR"}),
    "a frame size that is too small": (frame(SETTINGS, 0, 0, b"\0\5" + word(1)), PROTOCOL),
    "push enabled by 2": (frame(SETTINGS, 0, 0, b"\0\2" + word(2)), PROTOCOL),
    "a push promise": (frame(HEADERS, 4, 1, _ok) + frame(PUSH, 4, 1, word(2) + _ok), PROTOCOL),
    "ping of the wrong length": (frame(PING, 0, 0, b"1"), SIZE),
    "ping on a stream": (frame(PING, 0, 1, b"12345678"), PROTOCOL),
    "goaway on a stream": (frame(GOAWAY, 0, 1, bytes(8)), PROTOCOL),
    "priority on stream 0": (frame(PRIORITY, 0, 0, bytes(5)), PROTOCOL),
    "a continuation of nothing": (frame(CONTINUATION, 4, 1, _ok), PROTOCOL),
    "another frame in a header block": (frame(HEADERS, 0, 1, _ok) + frame(PING, 0, 0, b"12345678"), PROTOCOL),
    "a continuation of another stream": (frame(HEADERS, 0, 1, _ok) + frame(CONTINUATION, 4, 3, b""), PROTOCOL),
    "padding longer than the frame": (frame(HEADERS, 4, 1, _ok) + frame(DATA, 8, 1, b"\xff"), PROTOCOL),
    # What it still sends may meet a closed socket, and the reset overtake the GOAWAY.
    "a frame of 2 MiB": (frame(HEADERS, 4, 1, _ok) + frame(DATA, 0, 1, bytes(1 << 21))[:70_000], SIZE | {"closed"}),
    "a header block that can't be read": (frame(HEADERS, 4, 1, b"\xff\xff\xff\xff\xff\xff"), {"COMPRESSION_ERROR"}),
    "an index beyond the table": (frame(HEADERS, 4, 1, b"\xff\x80\x01"), {"COMPRESSION_ERROR"}),
    "a table of 1 MiB": (frame(HEADERS, 4, 1, b"\x3f\xe1\xff\x3f" + _ok), {"COMPRESSION_ERROR"}),
    "headers of 30 kB": (_cut(_huge), CALM | {"COMPRESSION_ERROR", "PROTOCOL_ERROR", "reset", "431"}),
    "600 headers": (_cut(_many), CALM | {"COMPRESSION_ERROR", "PROTOCOL_ERROR", "reset", "431"}),
    "GET": (frame(HEADERS, 5, 1, block((":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/"))), {"400"}),
    "CONNECT without authority": (frame(HEADERS, 4, 1, block((":method", "CONNECT"))), STREAM),
    "CONNECT with two authorities": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a:1"), (":authority", "b:1"))), STREAM,
    ),
    "CONNECT with a path": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a:1"), (":path", "/"))), STREAM,
    ),
    "a pseudo header behind others": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), ("x", "y"), (":authority", "a:1"))), STREAM,
    ),
    "an unknown pseudo header": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a:1"), (":x", "y"))), STREAM,
    ),
    "a name in upper case": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a:1"), ("Host", "b"))), STREAM,
    ),
    "a connection header": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a:1"), ("connection", "close"))), STREAM,
    ),
    "a line break in a value": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a:1"), ("x", "a\r\nb: c"))), STREAM,
    ),
    "a line break in the authority": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a:1\r\nx"))), STREAM,
    ),
    "an authority without port": (frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "10.91.0.2"))), {"400"}),
    "an authority of 8 kB": (
        frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "a" * 8_000 + ":1"))), {"400", "503", "reset"},
    ),
    "a port of our own": (frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "10.91.0.2:15008"))), {"400", "503"}),
    "the loopback": (frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "127.0.0.1:15000"))), {"400"}),
    "a link-local address": (frame(HEADERS, 4, 1, block((":method", "CONNECT"), (":authority", "169.254.170.2:80"))), {"400"}),
}


def play(peer: Peer, sent: bytes) -> str:
    """Sends a sequence and tells how it ended: the GOAWAY, the reset of stream 1, its status, or "open"."""
    peer.send(sent)
    peer.read(3, lambda p: p.goaway not in (None, "NO_ERROR") or p.closed or 1 in p.resets or 1 in p.statuses)
    if peer.goaway not in (None, "NO_ERROR"):
        return peer.goaway
    if 1 in peer.statuses and peer.statuses[1] != "200":
        return peer.statuses[1]
    return "reset" if 1 in peer.resets else peer.outcome


def handshakes_that_stall(namespace: str, address: str, count: int) -> list[socket.socket]:
    """Connections to 15008 that never finish TLS: silent ones, and ones that send a byte now and then."""
    hello = bytes.fromhex("1603010200010001fc0303") + os.urandom(32)

    def open_all() -> list[socket.socket]:
        opened = []
        for index in range(count):
            connection = socket.create_connection((address, 15008), timeout=10)
            if index % 2:
                connection.sendall(hello[: 1 + index % len(hello)])
            opened.append(connection)
        return opened

    return inside(namespace, open_all)


def closed_within(connections: list[socket.socket], seconds: float) -> int:
    """How many of the connections the other side ended in time."""
    end = time.monotonic() + seconds
    count = 0
    for connection in connections:
        connection.settimeout(max(0.01, end - time.monotonic()))
        try:
            while connection.recv(4096):
                pass
            count += 1
        except TimeoutError:
            pass
        except OSError:
            count += 1
        connection.close()
    return count
