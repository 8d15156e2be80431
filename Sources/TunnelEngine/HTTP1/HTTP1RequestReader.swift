import MeshModel

/// Reads request heads of HTTP/1.1 (RFC 9112), strictly: what two parties could read in two ways is refused.
///
/// Without I/O: bytes go in, cut anywhere; heads come out. After an error the connection can't be read any further.
package struct HTTP1RequestReader: ~Copyable {
    private let limits: HTTPLimits
    private var lines = HTTP1Lines()
    private var start: RequestLine?
    private var block = HTTP1FieldBlock()
    private var sawEmptyLine = false

    private struct RequestLine {
        var method: String
        var version: HTTPVersion
        var target: HTTP1Target
    }

    /// A reader at the start of a connection.
    package init(limits: HTTPLimits) { self.limits = limits }

    /// Whether a head has begun and is not whole yet.
    var isWithinHead: Bool { !self.lines.isFresh }

    /// Takes bytes up to the end of a head; nil when it is not whole yet, and then all of them.
    package mutating func read(
        _ input: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) -> (request: HTTP1Request?, consumed: Int) {
        var at = 0
        while at < input.count {
            let rest = UnsafeRawBufferPointer(rebasing: input[at...])
            let (line, consumed) = try self.lines.next(rest, limit: self.limits.headBytes)
            at += consumed
            guard let line else { break }
            if self.start == nil {
                // One empty line may come before (RFC 9112 §2.2).
                if line.isEmpty, !self.sawEmptyLine {
                    self.sawEmptyLine = true
                    self.lines.reset()
                    continue
                }
                self.start = try Self.requestLine(line)
            } else if !line.isEmpty {
                try self.block.add(line, limit: self.limits.fields)
            } else {
                return (try self.finish(), at)
            }
        }
        return (nil, at)
    }

    private mutating func finish() throws(HTTPRefusal) -> HTTP1Request? {
        guard let start = self.start else { return nil }
        var block = HTTP1FieldBlock()
        swap(&block, &self.block)
        self.start = nil
        self.sawEmptyLine = false
        self.lines.reset()
        if start.version == .http10, !self.limits.allowsHTTP10 { throw .versionTooLow }
        let framing = try Self.framing(of: block, start.version)
        block.removeNominated()
        let authority = try Self.authority(start, block.host)
        // What comes behind a request with a body is not raw bytes, whatever it asks for.
        let upgrade = framing == .none && start.version == .http11 ? block.wantedUpgrade : nil
        let isTunnel = upgrade != nil || start.method == "CONNECT"
        if isTunnel, framing != .none { throw .upgradeUnexpected }
        return HTTP1Request(
            head: HTTPRequestHead(
                method: start.method,
                scheme: start.target.scheme,
                authority: authority,
                path: start.target.path,
                fields: block.fields,
                upgrade: upgrade
            ),
            version: start.version,
            framing: isTunnel ? .raw : framing,
            keepsAlive: start.version == .http11 ? !block.closes : block.keepsAlive && !block.closes
        )
    }

    // MARK: The rules

    private static func framing(
        of block: borrowing HTTP1FieldBlock,
        _ version: HTTPVersion
    ) throws(HTTPRefusal) -> HTTP1Framing {
        if block.hasTransferEncoding {
            if block.length != nil { throw .lengthAndChunked }
            guard version == .http11 else { throw .transferEncodingInHTTP10 }
            guard block.isChunked else { throw .transferEncodingUnknown }
            return .chunked
        }
        guard let length = block.length, length > 0 else { return .none }
        return .length(length)
    }

    /// `Host` and what an absolute target says must be one (RFC 9112 §3.2).
    private static func authority(_ start: RequestLine, _ host: String?) throws(HTTPRefusal) -> String {
        guard let host, !host.isEmpty else {
            if start.version == .http10, let authority = start.target.authority { return authority }
            throw .hostMissing
        }
        guard HTTP1Target.isAuthority(host) else { throw .hostInvalid }
        if let authority = start.target.authority, !HTTP1Target.isSame(authority, host) { throw .hostMismatch }
        return host
    }

    private static func requestLine(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) -> RequestLine {
        var at = 0
        while at < line.count, HTTP1Bytes.isToken(line[at]) { at += 1 }
        guard at > 0, at < line.count, line[at] == HTTP1Bytes.space else { throw .requestLineInvalid }
        let method = UnsafeRawBufferPointer(rebasing: line[..<at])
        at += 1
        let targetStart = at
        var union: UInt8 = 0
        while at < line.count, HTTP1Bytes.isVisible(line[at]) {
            union |= line[at]
            at += 1
        }
        guard at > targetStart, at < line.count, line[at] == HTTP1Bytes.space else { throw .requestLineInvalid }
        let target = UnsafeRawBufferPointer(rebasing: line[targetStart..<at])
        let version = try Self.version(UnsafeRawBufferPointer(rebasing: line[(at + 1)...]))
        let name = try HTTP1Method.name(method)
        return RequestLine(
            method: name,
            version: version,
            target: try HTTP1Target.read(target, method: name, isASCII: union < 0x80)
        )
    }

    /// `HTTP/1.1` or `HTTP/1.0`.
    static func version(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) -> HTTPVersion {
        guard bytes.count == 8 else { throw .versionInvalid }
        let text: StaticString = "HTTP/1."
        for index in 0..<7 where bytes[index] != text.utf8Start[index] { throw .versionInvalid }
        switch bytes[7] {
        case UInt8(ascii: "1"): return .http11
        case UInt8(ascii: "0"): return .http10
        default: throw .versionInvalid
        }
    }
}
