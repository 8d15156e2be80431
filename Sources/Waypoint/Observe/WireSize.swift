import MeshModel
import MeshTelemetry
import TunnelEngine

/// What heads and bodies take on the wire, as far as it can be told from what they say.
///
/// Framing is counted as the two versions of HTTP write it. Fields count with the length that they have before HPACK
/// compresses them (RFC 9113): how short they become depends on what the connection said before, which is no property of a
/// request.
enum WireSize {
    /// A request's head.
    static func head(_ head: HTTPRequestHead, _ version: HTTPVersion) -> UInt64 {
        let line = head.method.utf8.count + head.path.utf8.count
        guard version == .http2 else {
            // The request line, `host`, and the empty line.
            return self.bytes(line + 12 + 8 + head.authority.utf8.count + 2) + self.fields(head.fields, version)
        }
        let names = ":method:scheme:authority:path".utf8.count
        let values = line + head.scheme.utf8.count + head.authority.utf8.count
        return self.bytes(self.frame + names + values + 4 * self.fieldOverhead) + self.fields(head.fields, version)
    }

    /// A response's head.
    static func head(_ head: HTTPResponseHead, _ version: HTTPVersion) -> UInt64 {
        guard version == .http2 else {
            // `HTTP/1.1 200 OK` without its phrase, which is of no consequence, and the empty line.
            return self.bytes(15 + 2) + self.fields(head.fields, version)
        }
        return self.bytes(self.frame + 10 + self.fieldOverhead) + self.fields(head.fields, version)
    }

    /// Fields behind a body.
    static func trailers(_ fields: [HeaderField], _ version: HTTPVersion) -> UInt64 {
        guard !fields.isEmpty else { return 0 }
        return self.bytes(version == .http2 ? self.frame : 2) + self.fields(fields, version)
    }

    /// What a piece of a body takes beside its bytes.
    /// - Parameter isChunked: whether HTTP/1.1 tells the length of each piece: the head told none.
    static func framing(_ count: Int, _ version: HTTPVersion, isChunked: Bool) -> UInt64 {
        if version == .http2 { return self.bytes(self.frame) }
        guard isChunked, count > 0 else { return 0 }
        // The length in hexadecimal digits, and two line ends.
        return self.bytes((Int.bitWidth - count.leadingZeroBitCount + 3) / 4 + 4)
    }

    /// What a body in chunks takes beside its pieces: the field that says so, and the last piece, which is empty.
    static func chunking(_ version: HTTPVersion) -> UInt64 {
        version == .http2 ? 0 : self.bytes("transfer-encoding: chunked\r\n0\r\n\r\n".utf8.count)
    }

    /// The header of a frame of HTTP/2.
    private static let frame = 9
    /// What a field takes beside its text in HTTP/2: its form and two lengths.
    private static let fieldOverhead = 3

    private static func fields(_ fields: [HeaderField], _ version: HTTPVersion) -> UInt64 {
        // Name, colon, space, value, line end.
        let overhead = version == .http2 ? self.fieldOverhead : 4
        return fields.reduce(0) { $0 + self.bytes($1.name.utf8.count + $1.value.utf8.count + overhead) }
    }

    private static func bytes(_ count: Int) -> UInt64 { UInt64(max(0, count)) }
}

extension RequestRecord.Sizes {
    /// Bytes that nobody frames.
    init(opaque bytes: UInt64) {
        self.init()
        self.body = bytes
        self.wire = bytes
    }
}
