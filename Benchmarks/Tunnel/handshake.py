"""What two proxies agree on in TLS, as it goes over the wire: a ServerHello of TLS 1.3 is readable for everybody."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass

from network import inside

IPV4 = 0x0800
CIPHERS = {0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384", 0x1303: "TLS_CHACHA20_POLY1305_SHA256"}
GROUPS = {0x11EC: "X25519MLKEM768", 29: "X25519", 23: "P-256", 24: "P-384"}


@dataclass
class Agreement:
    """Cipher and key exchange of a session."""

    cipher: str
    group: str


class Listener:
    """Sees what comes to a namespace's eth0 from a port elsewhere, from its creation on."""

    def __init__(self, namespace: str, port: int):
        self.port = port
        self.socket = inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4)))
        self.socket.bind(("eth0", IPV4))

    def agreement(self, seconds: float = 5) -> Agreement:
        """The first one that went by; call it once."""
        end = time.monotonic() + seconds
        with self.socket:
            while (left := end - time.monotonic()) > 0:
                self.socket.settimeout(left)
                try:
                    found = self._server_hello(self.socket.recv(65_536))
                except TimeoutError:
                    break
                if found:
                    return found
        raise RuntimeError(f"no ServerHello of TLS 1.3 came from port {self.port}")

    def _server_hello(self, packet: bytes) -> Agreement | None:
        tcp = packet[(packet[0] & 15) * 4:]
        if packet[9] != socket.IPPROTO_TCP or struct.unpack(">H", tcp[:2])[0] != self.port:
            return None
        record = tcp[(tcp[12] >> 4) * 4:]
        if len(record) < 80 or record[0] != 22 or record[5] != 2:
            return None
        # Record header, message header, version, random; then the session's id.
        at = 5 + 4 + 2 + 32
        at += 1 + record[at]
        cipher, _, length = struct.unpack(">HBH", record[at:at + 5])
        extensions, at = {}, at + 5
        end = min(at + length, len(record))
        while at + 4 <= end:
            kind, size = struct.unpack(">HH", record[at:at + 4])
            extensions[kind] = record[at + 4:at + 4 + size]
            at += 4 + size
        if extensions.get(43) != b"\x03\x04" or len(extensions.get(51, b"")) < 2:
            return None
        group = struct.unpack(">H", extensions[51][:2])[0]
        return Agreement(CIPHERS.get(cipher, hex(cipher)), GROUPS.get(group, hex(group)))
