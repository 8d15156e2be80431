import MeshModel

/// Reads response heads of HTTP/1.1 (RFC 9112), as strictly as ``HTTP1RequestReader`` reads requests.
package struct HTTP1ResponseReader: ~Copyable {
    /// What of the request decides how its response is framed.
    package struct Request {
        /// It is HEAD.
        package var isHead = false
        /// It is CONNECT.
        package var isConnect = false
        /// The request asked for an upgrade.
        package var asksForUpgrade = false

        /// Says what the request is.
        package init(isHead: Bool = false, isConnect: Bool = false, asksForUpgrade: Bool = false) {
            self.isHead = isHead
            self.isConnect = isConnect
            self.asksForUpgrade = asksForUpgrade
        }
    }

    private let limits: HTTPLimits
    private var lines = HTTP1Lines()
    private var start: (status: Int, version: HTTPVersion)?
    private var block = HTTP1FieldBlock()

    /// A reader at the start of a connection.
    package init(limits: HTTPLimits) { self.limits = limits }

    /// Whether a head has begun and is not whole yet.
    var isWithinHead: Bool { !self.lines.isFresh }

    /// Takes bytes up to the end of a head; nil when it is not whole yet, and then all of them.
    package mutating func read(
        _ input: UnsafeRawBufferPointer,
        answering request: Request
    ) throws(HTTPRefusal) -> (response: HTTP1Response?, consumed: Int) {
        var at = 0
        while at < input.count {
            let rest = UnsafeRawBufferPointer(rebasing: input[at...])
            let (line, consumed) = try self.lines.next(rest, limit: self.limits.headBytes)
            at += consumed
            guard let line else { break }
            if self.start == nil {
                self.start = try Self.statusLine(line)
            } else if !line.isEmpty {
                try self.block.add(line, limit: self.limits.fields)
            } else {
                return (try self.finish(request), at)
            }
        }
        return (nil, at)
    }

    private mutating func finish(_ request: Request) throws(HTTPRefusal) -> HTTP1Response? {
        guard let start = self.start else { return nil }
        var block = HTTP1FieldBlock()
        swap(&block, &self.block)
        self.start = nil
        self.lines.reset()
        let framing = try Self.framing(start.status, start.version, &block, request)
        block.removeNominated()
        return HTTP1Response(
            head: HTTPResponseHead(status: start.status, fields: block.fields),
            version: start.version,
            framing: framing,
            keepsAlive: framing != .untilClose && framing != .raw
                && (start.version == .http11 ? !block.closes : block.keepsAlive && !block.closes)
        )
    }

    private static func framing(
        _ status: Int,
        _ version: HTTPVersion,
        _ block: inout HTTP1FieldBlock,
        _ request: Request
    ) throws(HTTPRefusal) -> HTTP1Framing {
        if block.hasTransferEncoding {
            if block.length != nil { throw .lengthAndChunked }
            guard version == .http11 else { throw .transferEncodingInHTTP10 }
            guard block.isChunked else { throw .transferEncodingUnknown }
        }
        switch status {
        case 101:
            // Only what was asked for: other bytes would reach the client as if they were the upgraded protocol's.
            guard request.asksForUpgrade, version == .http11 else { throw .upgradeUnexpected }
            block.removeLength()
            return .raw
        case 200..<300 where request.isConnect:
            block.removeLength()
            return .raw
        case 100..<200, 204:
            block.removeLength()
            return .none
        case 304:
            return .none
        default:
            if request.isHead { return .none }
        }
        if block.isChunked { return .chunked }
        guard let length = block.length else { return .untilClose }
        return length == 0 ? .none : .length(length)
    }

    private static func statusLine(
        _ line: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) -> (status: Int, version: HTTPVersion) {
        guard line.count >= 12, line[8] == HTTP1Bytes.space else { throw .statusLineInvalid }
        let version = try HTTP1RequestReader.version(UnsafeRawBufferPointer(rebasing: line[..<8]))
        var status = 0
        for index in 9..<12 {
            guard HTTP1Bytes.isDigit(line[index]) else { throw .statusLineInvalid }
            status = status * 10 + Int(line[index] &- 0x30)
        }
        // The blank before an empty reason is often left out.
        guard (100..<600).contains(status), line.count == 12 || line[12] == HTTP1Bytes.space,
            line[12...].allSatisfy(HTTP1Bytes.isValue)
        else { throw .statusLineInvalid }
        return (status, version)
    }
}
