/// Tells from a connection's first bytes what it speaks. Pure; looks at no more than ``limit`` bytes.
package enum ProtocolSniffer {
    /// What a connection speaks.
    package enum Verdict: Sendable, Hashable {
        /// More bytes decide.
        case needsMore
        /// HTTP/2 with prior knowledge: the client's preface (RFC 9113 §3.4).
        case http2
        /// HTTP/1.0 or 1.1: a request line.
        case http1
        /// TLS: the beginning of a ClientHello.
        case tls
        /// None of these.
        case tcp
    }

    /// How many bytes are looked at, at most. A request line that goes on beyond counts as HTTP/1 when it begins with a
    /// common method and a path.
    package static let limit = 1024

    /// What the bytes from a connection's start say.
    /// - Parameter isEnd: no more bytes come.
    package static func judge(_ bytes: UnsafeRawBufferPointer, isEnd: Bool = false) -> Verdict {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(self.limit))
        var verdict = self.http2(bytes)
        if verdict == .tcp { verdict = self.tls(bytes) }
        if verdict == .tcp { verdict = self.http1(bytes) }
        guard verdict == .needsMore, isEnd || bytes.count == self.limit else { return verdict }
        return self.beginsRequest(bytes) ? .http1 : .tcp
    }

    /// Whether a line that is not whole begins like nothing but a request with a long target.
    private static func beginsRequest(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == self.limit,
            let blank = HTTP1Bytes.index(of: HTTP1Bytes.space, in: bytes), blank + 1 < bytes.count,
            bytes[blank + 1] == UInt8(ascii: "/")
        else { return false }
        return HTTP1Method.isCommon(UnsafeRawBufferPointer(rebasing: bytes[..<blank]))
    }

    /// What the bytes from a connection's start say.
    package static func judge(_ bytes: [UInt8], isEnd: Bool = false) -> Verdict {
        bytes.withUnsafeBytes { self.judge($0, isEnd: isEnd) }
    }

    /// Whether the bytes are the beginning of HTTP/2's preface: `.http2` when it is whole, `.tcp` when it is another's.
    static func http2(_ bytes: UnsafeRawBufferPointer) -> Verdict {
        let preface = HTTP2Preface.bytes
        let count = min(bytes.count, preface.utf8CodeUnitCount)
        for index in 0..<count where bytes[index] != preface.utf8Start[index] { return .tcp }
        return count == preface.utf8CodeUnitCount ? .http2 : .needsMore
    }

    /// A handshake record of SSL 3 to TLS 1.3 with a ClientHello in it (RFC 8446 §5.1, §4).
    private static func tls(_ bytes: UnsafeRawBufferPointer) -> Verdict {
        for (index, byte) in bytes.prefix(6).enumerated() {
            let isRight =
                switch index {
                case 0: byte == 22
                case 1: byte == 3
                case 2: byte <= 4
                case 5: byte == 1
                default: true
                }
            guard isRight else { return .tcp }
        }
        return bytes.count >= 6 ? .tls : .needsMore
    }

    /// A method, a blank, a target, a blank, and the version.
    private static func http1(_ bytes: UnsafeRawBufferPointer) -> Verdict {
        var at = 0
        while at < bytes.count, HTTP1Bytes.isToken(bytes[at]) { at += 1 }
        guard at < bytes.count else { return .needsMore }
        guard at > 0, bytes[at] == HTTP1Bytes.space else { return .tcp }
        at += 1
        let target = at
        while at < bytes.count, HTTP1Bytes.isVisible(bytes[at]) { at += 1 }
        guard at < bytes.count else { return .needsMore }
        guard at > target, bytes[at] == HTTP1Bytes.space else { return .tcp }
        at += 1
        let version: StaticString = "HTTP/1."
        for index in 0..<10 {
            guard at + index < bytes.count else { return .needsMore }
            let byte = bytes[at + index]
            let isRight =
                switch index {
                case 0..<7: byte == version.utf8Start[index]
                case 7: byte == UInt8(ascii: "0") || byte == UInt8(ascii: "1")
                case 8: byte == HTTP1Bytes.carriageReturn
                default: byte == HTTP1Bytes.lineFeed
                }
            guard isRight else { return .tcp }
        }
        return .http1
    }
}
