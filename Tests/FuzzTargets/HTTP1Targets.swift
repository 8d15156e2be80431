import MeshModel
import TunnelEngine

extension FuzzTarget {
    /// The readers of HTTP/1.1, and what tells protocols apart.
    static let http1 = [
        FuzzTarget("http1-request") { bytes throws(FuzzViolation) in try FuzzHTTP1.request(bytes) },
        FuzzTarget("http1-response") { bytes throws(FuzzViolation) in try FuzzHTTP1.response(bytes) },
        FuzzTarget("http1-chunks") { bytes throws(FuzzViolation) in try FuzzHTTP1.chunks(bytes) },
        FuzzTarget("protocol-sniffer") { bytes throws(FuzzViolation) in
            var before = ProtocolSniffer.Verdict.needsMore
            for count in [1, 2, 3, 5, 6, 16, 24, 100, 1_023, 1_024, bytes.count] where count <= bytes.count {
                let verdict = ProtocolSniffer.judge(Array(bytes.prefix(count)))
                try FuzzViolation.unless(before == .needsMore || before == verdict, "\(before) became \(verdict)")
                before = verdict
            }
            let isOver = bytes.count < ProtocolSniffer.limit || before != .needsMore
            try FuzzViolation.unless(isOver, "more than the limit is wanted")
        },
        FuzzTarget("client-hello") { bytes throws(FuzzViolation) in
            let whole = ClientHello.read(bytes)
            let isOver = bytes.count < ClientHello.limit || whole != .needsMore
            try FuzzViolation.unless(isOver, "more than the limit is wanted")
            let half = ClientHello.read(Array(bytes.prefix(bytes.count / 2)))
            try FuzzViolation.unless(half == .needsMore || half == whole, "\(half) became \(whole)")
            guard case .hello(let hello) = whole else { return }
            try FuzzViolation.unless(hello.protocols.count <= 32, "\(hello.protocols.count) protocols")
            try FuzzViolation.unless((hello.serverName?.utf8.count ?? 0) <= 255, "a name too long")
        },
    ]
}

private enum FuzzHTTP1 {
    /// What a message was read as; two readings can be compared.
    private struct Reading: Equatable {
        var head: String?
        var framing: HTTP1Framing?
        var body: [UInt8] = []
        var trailers: [HeaderField] = []
        var refusal: HTTPRefusal?
    }

    private static let limits = HTTPLimits()

    static func request(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let pieces = input.pieces()
        var heads: [HTTP1Request] = []
        let parts = self.readRequest(pieces) { heads.append($0) }
        let whole = self.readRequest([pieces.flatMap { $0 }]) { _ in }
        try FuzzViolation.unless(parts == whole, "\(whole) is read as \(parts) in pieces")
        guard let request = heads.first else { return }
        try self.check(request.head.fields)
        // What is written of it is read as the same.
        var queue = ByteQueue()
        let isEmpty = request.framing == .none
        guard HTTP1Writer.write(request.head, endStream: isEmpty, into: &queue) != nil else {
            throw FuzzViolation(description: "\(request.head) can't be written")
        }
        var again: HTTP1Request?
        _ = self.readRequest([queue.withBytes { Array($0) }]) { again = $0 }
        guard let head = again?.head else { throw FuzzViolation(description: "\(request.head) can't be read again") }
        let isSame = head.method == request.head.method && head.path == request.head.path
        try FuzzViolation.unless(
            isSame && head.authority == request.head.authority && head.upgrade == request.head.upgrade,
            "\(request.head) became \(head)"
        )
        let lengths = head.fields.filter { $0.name == "content-length" }
        try FuzzViolation.unless(lengths.count <= 1, "\(lengths.count) lengths")
    }

    static func response(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let choice = input.byte()
        let request = HTTP1ResponseReader.Request(
            isHead: choice & 1 != 0,
            isConnect: choice & 2 != 0,
            asksForUpgrade: choice & 4 != 0
        )
        let pieces = input.pieces()
        var heads: [HTTP1Response] = []
        let parts = self.readResponse(pieces, request) { heads.append($0) }
        let whole = self.readResponse([pieces.flatMap { $0 }], request) { _ in }
        try FuzzViolation.unless(parts == whole, "\(whole) is read as \(parts) in pieces")
        guard let response = heads.last else { return }
        try self.check(response.head.fields)
        try FuzzViolation.unless((100..<600).contains(response.head.status), "status \(response.head.status)")
        var queue = ByteQueue()
        let framing = HTTP1Writer.write(
            response.head,
            endStream: response.framing == .none,
            answering: HTTP1Writer.Answering(isHead: request.isHead, isConnect: request.isConnect),
            into: &queue
        )
        try FuzzViolation.unless(framing != nil, "\(response.head) can't be written")
    }

    static func chunks(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let pieces = input.pieces()
        func read(_ pieces: [[UInt8]]) -> Reading {
            var reading = Reading()
            var body = HTTP1BodyReader(.chunked, limits: self.limits)
            self.readBody(&body, pieces[...], &reading)
            return reading
        }
        let parts = read(pieces)
        let whole = read([pieces.flatMap { $0 }])
        try FuzzViolation.unless(parts == whole, "\(whole) is read as \(parts) in pieces")
        try FuzzViolation.unless(whole.body.count <= bytes.count, "a body longer than what came")
        try self.check(whole.trailers)
    }

    private static func check(_ fields: [HeaderField]) throws(FuzzViolation) {
        try FuzzViolation.unless(fields.count <= 100, "\(fields.count) fields")
        for field in fields {
            let isName = !field.name.isEmpty && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x3a }
            try FuzzViolation.unless(isName && field.name == field.name.lowercased(), "the name \(field.name)")
            let isValue = field.value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 9 }
            try FuzzViolation.unless(isValue, "a value of \(field.name)")
            let isForUs = ["connection", "host", "keep-alive", "transfer-encoding", "upgrade"].contains(field.name)
            try FuzzViolation.unless(!isForUs, "\(field.name) went on")
        }
    }

    // MARK: Reading

    private static func readRequest(_ pieces: [[UInt8]], _ take: (HTTP1Request) -> Void) -> Reading {
        var reading = Reading()
        var reader = HTTP1RequestReader(limits: self.limits)
        var rest = pieces[...]
        while let piece = rest.popFirst() {
            let result = piece.withUnsafeBytes { bytes -> Result<(HTTP1Request?, Int), HTTPRefusal> in
                do throws(HTTPRefusal) { return .success(try reader.read(bytes)) } catch { return .failure(error) }
            }
            switch result {
            case .failure(let refusal):
                reading.refusal = refusal
                return reading
            case .success((nil, _)):
                continue
            case .success((let request?, let consumed)):
                take(request)
                reading.head = "\(request.head) \(request.version) \(request.keepsAlive)"
                reading.framing = request.framing
                var body = HTTP1BodyReader(request.framing, limits: self.limits)
                self.readBody(&body, [Array(piece.dropFirst(consumed))] + rest, &reading)
                return reading
            }
        }
        return reading
    }

    private static func readResponse(
        _ pieces: [[UInt8]],
        _ request: HTTP1ResponseReader.Request,
        _ take: (HTTP1Response) -> Void
    ) -> Reading {
        var reading = Reading()
        var reader = HTTP1ResponseReader(limits: self.limits)
        var rest = pieces[...]
        while var piece = rest.popFirst() {
            while !piece.isEmpty {
                let result = piece.withUnsafeBytes { bytes -> Result<(HTTP1Response?, Int), HTTPRefusal> in
                    do throws(HTTPRefusal) {
                        return .success(try reader.read(bytes, answering: request))
                    } catch { return .failure(error) }
                }
                guard case .success(let (response, consumed)) = result else {
                    if case .failure(let refusal) = result { reading.refusal = refusal }
                    return reading
                }
                piece.removeFirst(consumed)
                guard let response else { continue }
                take(response)
                reading.head = (reading.head ?? "") + "\(response.head) \(response.version) \(response.keepsAlive)"
                if response.head.status < 200, response.head.status != 101 { continue }
                reading.framing = response.framing
                var body = HTTP1BodyReader(response.framing, limits: self.limits)
                self.readBody(&body, [piece] + rest, &reading)
                return reading
            }
        }
        return reading
    }

    private static func readBody(_ body: inout HTTP1BodyReader, _ pieces: ArraySlice<[UInt8]>, _ reading: inout Reading)
    {
        for var piece in pieces {
            while !piece.isEmpty {
                let result = piece.withUnsafeBytes { bytes -> Result<HTTP1BodyReader.Step, HTTPRefusal> in
                    do throws(HTTPRefusal) { return .success(try body.read(bytes)) } catch { return .failure(error) }
                }
                guard case .success(let step) = result else {
                    if case .failure(let refusal) = result { reading.refusal = refusal }
                    return
                }
                reading.body += piece[step.data]
                piece.removeFirst(step.consumed)
                if step.isEnd {
                    reading.trailers = body.trailers
                    return
                }
            }
        }
    }
}
