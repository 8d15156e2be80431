import MeshModel

@testable import TunnelEngine

/// A frame as it is on the wire.
struct HTTP2TestFrame: Equatable, CustomStringConvertible {
    var type: UInt8
    var flags: UInt8
    var streamID: UInt32
    var payload: [UInt8]

    /// The 32-bit number at `offset` of the payload.
    func word(_ offset: Int = 0) -> UInt32? {
        guard self.payload.count >= offset + 4 else { return nil }
        return self.payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    var description: String { "[type \(self.type) flags \(self.flags) stream \(self.streamID) \(self.payload)]" }

    /// GOAWAY's or RST_STREAM's code.
    var code: HTTP2ErrorCode? {
        switch self.type {
        case 3: self.word().map { HTTP2ErrorCode(wire: $0) }
        case 7: self.word(4).map { HTTP2ErrorCode(wire: $0) }
        default: nil
        }
    }
}

/// Makes and reads bytes as a peer would, with another codec than the one under test where that is possible.
enum HTTP2Wire {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static let connect = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", "10.0.0.1:80")]
    static let get = [
        HTTP2Header(":method", "GET"), HTTP2Header(":scheme", "https"), HTTP2Header(":path", "/"),
        HTTP2Header(":authority", "a.test"),
    ]

    static func frame(
        _ type: HTTP2FrameHeader.FrameType,
        flags: UInt8 = 0,
        stream: UInt32 = 0,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        self.frame(type: type.rawValue, flags: flags, stream: stream, payload)
    }

    static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags]
            + self.word(stream) + payload
    }

    static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
    }

    static func setting(_ name: UInt16, _ value: UInt32) -> [UInt8] {
        [UInt8(name >> 8), UInt8(name & 0xff)] + self.word(value)
    }

    /// HEADERS whose block is all plain literals, which need no state.
    static func headers(_ headers: [HTTP2Header], stream: UInt32, flags: UInt8 = 4) -> [UInt8] {
        self.frame(.headers, flags: flags, stream: stream, self.block(headers))
    }

    static func block(_ headers: [HTTP2Header]) -> [UInt8] {
        headers.flatMap { [0] + self.string($0.name) + self.string($0.value) }
    }

    static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        if bytes.count < 127 { return [UInt8(bytes.count)] + bytes }
        var prefix: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            prefix.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return prefix + [UInt8(rest)] + bytes
    }

    /// Cuts bytes into frames; a client's preface is passed over.
    static func parse(_ bytes: [UInt8]) -> [HTTP2TestFrame] {
        var rest = bytes[...]
        if rest.starts(with: self.preface) { rest = rest.dropFirst(self.preface.count) }
        var frames: [HTTP2TestFrame] = []
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let streamID = head[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            frames.append(
                HTTP2TestFrame(
                    type: head[3],
                    flags: head[4],
                    streamID: streamID,
                    payload: Array(rest.dropFirst(9).prefix(length))
                )
            )
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }

    static func hex(_ text: String) -> [UInt8] {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// A small random source whose seed reproduces a run (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
