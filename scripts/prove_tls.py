#!/usr/bin/env python3
"""Says what crossed between two addresses in a packet capture, and fails unless it was TLS on one port only.

usage: prove_tls.py CAPTURE ADDRESS ADDRESS PORT MARKER

Every TCP connection between the two is put together again from its segments. Each side must be a gapless run of TLS
records from the first byte on, on PORT, and MARKER must not occur anywhere in the capture.
"""

from __future__ import annotations

import ipaddress
import struct
import sys
from collections import defaultdict

ETHERNET, IPV4, TCP = 1, 0x0800, 6
HANDSHAKE, APPLICATION_DATA = 22, 23
RECORD_TYPES = {20, 21, HANDSHAKE, APPLICATION_DATA}


def frames(data: bytes):
    """The frames of a classic little-endian pcap file, as tcpdump -w writes it here."""
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    if magic not in (0xA1B2C3D4, 0xA1B23C4D) or link != ETHERNET:
        sys.exit(f"prove_tls: not an Ethernet pcap file (magic {magic:#x}, link {link})")
    at = 24
    while at + 16 <= len(data):
        _, _, kept, length = struct.unpack_from("<IIII", data, at)
        if kept != length:
            sys.exit("prove_tls: a packet was cut short; capture with -s 0")
        yield data[at + 16 : at + 16 + kept]
        at += 16 + kept


def segments(data: bytes, ends: set[bytes]):
    """(source, source port, destination, destination port, sequence, is SYN, payload) of TCP between the two ends.

    Anything else between them but ARP, which is no IP, is an error.
    """
    for frame in frames(data):
        if len(frame) < 34 or struct.unpack_from(">H", frame, 12)[0] != IPV4:
            continue
        packet = frame[14:]
        source, destination = packet[12:16], packet[16:20]
        if {source, destination} != ends:
            continue
        if packet[9] != TCP:
            sys.exit(f"prove_tls: a packet of IP protocol {packet[9]} crossed between the tasks")
        if struct.unpack_from(">H", packet, 6)[0] & 0x3FFF:
            sys.exit("prove_tls: an IP fragment crossed between the tasks")
        packet = packet[: struct.unpack_from(">H", packet, 2)[0]]
        segment = packet[(packet[0] & 15) * 4 :]
        from_port, to_port, sequence = struct.unpack_from(">HHI", segment)
        yield (
            (source, from_port, destination, to_port),
            sequence,
            bool(segment[13] & 2),
            segment[(segment[12] >> 4) * 4 :],
        )


def streams(data: bytes, ends: set[bytes]) -> dict:
    """The bytes of each direction of each connection, in order."""
    starts: dict = {}
    parts: dict = defaultdict(dict)
    for key, sequence, is_first, payload in segments(data, ends):
        if is_first:
            starts[key] = (sequence + 1) & 0xFFFFFFFF
            parts[key] = {}
        elif payload:
            parts[key].setdefault(sequence, payload)
            if len(payload) > len(parts[key][sequence]):
                parts[key][sequence] = payload
    result = {}
    for key, found in parts.items():
        if key not in starts:
            # The connection is older than the capture; the first segment that was seen begins a record or the
            # check below fails.
            if not found:
                continue
            starts[key] = min(found)
        whole = bytearray()
        for offset, payload in sorted(((seq - starts[key]) & 0xFFFFFFFF, payload) for seq, payload in found.items()):
            if offset > len(whole):
                sys.exit(f"prove_tls: the capture lost {offset - len(whole)} bytes of a connection")
            whole[offset:] = payload if offset + len(payload) >= len(whole) else payload + whole[offset + len(payload) :]
        result[key] = bytes(whole)
    return result


def records(stream: bytes) -> int:
    """How many TLS records the stream is; fails on anything that is none."""
    count = at = 0
    while at < len(stream):
        if at + 5 > len(stream):
            sys.exit("prove_tls: the stream ends inside a TLS record's head")
        kind, version, length = struct.unpack_from(">BHH", stream, at)
        if kind not in RECORD_TYPES or version not in (0x0301, 0x0303) or length > 16384 + 256:
            sys.exit(f"prove_tls: bytes that are no TLS record: {stream[at : at + 16].hex(' ')}")
        if count == 0 and kind not in (HANDSHAKE, APPLICATION_DATA):
            sys.exit(f"prove_tls: a stream begins with a TLS record of type {kind}")
        count += 1
        at += 5 + length
    return count


def main() -> None:
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    path, first, second, port, marker = sys.argv[1:]
    with open(path, "rb") as file:
        data = file.read()
    ends = {ipaddress.ip_address(first).packed, ipaddress.ip_address(second).packed}
    if marker.encode() in data:
        sys.exit(f'prove_tls: the marker "{marker}" is in the capture in clear')
    found = streams(data, ends)
    wrong = sorted({key[3] for key in found if int(port) not in (key[1], key[3])})
    if wrong:
        sys.exit(f"prove_tls: a connection crossed on port {wrong[0]}")
    carrying = {key: stream for key, stream in found.items() if stream}
    if not carrying:
        sys.exit("prove_tls: nothing crossed between the tasks")
    count = sum(records(stream) for stream in carrying.values())
    size = sum(map(len, carrying.values()))
    connections = len({frozenset([key[:2], key[2:]]) for key in carrying})
    print(f"{connections} TCP connection{'s' if connections > 1 else ''}, port {port} only: {count} TLS records, {size} bytes")


main()
