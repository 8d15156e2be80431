import MeshModel
import TunnelEngine

extension FuzzTarget {
    /// The HTTP/2 core of either role, its header compression, and gRPC on top of it.
    static let http2 = [
        FuzzTarget("http2-server") { bytes throws(FuzzViolation) in try FuzzHTTP2.run(.server, bytes) },
        FuzzTarget("http2-client") { bytes throws(FuzzViolation) in try FuzzHTTP2.run(.client, bytes) },
        FuzzTarget("http2-frames") { bytes throws(FuzzViolation) in try FuzzHTTP2.runFrames(bytes) },
        FuzzTarget("hpack") { bytes throws(FuzzViolation) in try FuzzHTTP2.runHeaderBlock(bytes) },
        FuzzTarget("grpc") { bytes throws(FuzzViolation) in try FuzzGRPC.run(bytes) },
    ]
}

/// One connection whose owner answers, reads, holds back and gives up as the input says.
private final class FuzzHTTP2: HTTP2ConnectionOwner, HTTP2StreamOwner {
    private var streams: [HTTP2Stream] = []
    private var behaviour: UInt8
    private var now: UInt64 = 0
    private var overlong: String?
    private lazy var connection = HTTP2Connection(role: self.role, limits: self.limits, owner: self)
    private let role: HTTP2Role
    private let limits: HTTP2Limits

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]

    private init(_ role: HTTP2Role, behaviour: UInt8) {
        self.role = role
        self.behaviour = behaviour
        var limits = HTTP2Limits()
        limits.concurrentStreams = 10
        self.limits = limits
    }

    /// Plain bytes behind the preface.
    static func run(_ role: HTTP2Role, _ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let end = FuzzHTTP2(role, behaviour: input.byte())
        try end.begin()
        for piece in input.pieces() { try end.receive(piece) }
        try end.finish()
    }

    /// Frames whose headers are always well-formed, so that the input reaches what lies behind.
    static func runFrames(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let choice = input.byte()
        let end = FuzzHTTP2(choice & 1 == 0 ? .server : .client, behaviour: choice)
        try end.begin()
        while !input.isEmpty, end.connection.failure == nil {
            end.now += UInt64(choice >> 4)
            let type = input.byte()
            if type & 0x40 != 0 {
                end.act(type)
                continue
            }
            let (flags, stream, count) = (input.byte(), input.byte(), Int(input.byte()))
            var payload = input.bytes(count)
            // Fixed lengths where the protocol demands them, most of the time.
            let fixed: [UInt8: Int] = [2: 5, 3: 4, 6: 8, 8: 4]
            if type & 0x80 == 0, let wanted = fixed[type & 0xf] {
                payload = Array((payload + Array(repeating: 0, count: wanted)).prefix(wanted))
            }
            let header: [UInt8] = [0, 0, UInt8(truncatingIfNeeded: payload.count), type & 0xf, flags, 0, 0, 0]
            try end.receive(header + [stream] + payload)
        }
        try end.finish()
    }

    /// One header block on a request, then a second one that meets the table which the first left.
    static func runHeaderBlock(_ bytes: [UInt8]) throws(FuzzViolation) {
        let end = FuzzHTTP2(.server, behaviour: 1)
        try end.begin()
        var input = FuzzInput(bytes)
        let first = Int(input.byte())
        for (stream, block) in [(UInt8(1), input.bytes(first)), (3, input.bytes(60_000))] {
            let count = block.count
            let header = [0, UInt8(count >> 8), UInt8(count & 255), 1, 4, 0, 0, 0, stream]
            try end.receive(header + block)
        }
        try end.finish()
    }

    private func begin() throws(FuzzViolation) {
        self.connection.start()
        if self.role == .server { try self.receive(Self.preface) }
        try self.receive(Self.settings)
        if self.role == .client { for _ in 0..<4 { self.open() } }
    }

    private func open() {
        let headers = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", "192.0.2.1:80")]
        guard let stream = self.connection.openStream(headers: headers, endStream: false, owner: self) else { return }
        self.streams.append(stream)
    }

    private func receive(_ bytes: [UInt8]) throws(FuzzViolation) {
        let isDead = self.connection.failure != nil
        let failure = bytes.withUnsafeBytes { self.connection.receive($0, now: self.now) }
        try FuzzViolation.unless(isDead || (failure == nil) == (self.connection.failure == nil), "failure is not told")
        // The peer reads what waits only now and then.
        if self.behaviour & 2 == 0 { self.connection.output.consume(Int.max) }
        try self.check()
    }

    private func check() throws(FuzzViolation) {
        let open = self.streams.lazy.filter { !$0.isClosed }.count
        try FuzzViolation.unless(self.connection.activeStreams == open, "lost count of streams")
        try FuzzViolation.unless(open <= 300, "\(open) streams are open")
        if self.connection.failure != nil { try FuzzViolation.unless(open == 0, "streams outlive the connection") }
        let waiting = self.connection.output.count
        try FuzzViolation.unless(waiting < 1 << 20, "\(waiting) bytes of output wait")
        for stream in self.streams where stream.isClosed {
            try FuzzViolation.unless(stream.owner == nil, "a closed stream keeps its owner")
        }
        if let overlong { throw FuzzViolation(description: overlong) }
    }

    private func finish() throws(FuzzViolation) {
        self.connection.transportClosed()
        try self.check()
        try FuzzViolation.unless(self.connection.activeStreams == 0, "streams outlive the transport")
    }

    /// What an owner does of its own accord.
    private func act(_ choice: UInt8) {
        guard let stream = self.streams.last(where: { !$0.isClosed }) else { return self.open() }
        switch choice & 7 {
        case 0: self.connection.reset(stream, .cancel)
        case 1: self.connection.finish(stream)
        case 2: _ = self.connection.sendHeaders(stream, [HTTP2Header(":status", "200")], endStream: false)
        case 3: _ = self.connection.sendHeaders(stream, [HTTP2Header("a", "b")], endStream: true)
        case 4: self.connection.consumed(stream, Int(choice >> 3))
        case 5: self.connection.shutdownGracefully()
        case 6: self.connection.ping(1)
        default: if self.role == .client { self.open() } else { _ = self.connection.sendCapacity(stream) }
        }
    }

    func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        stream.owner = self
        self.streams.append(stream)
        let size = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        if size > self.limits.headerListBytes { self.overlong = "a list of \(size) bytes was let in" }
        if self.behaviour & 1 == 1 {
            _ = self.connection.sendHeaders(stream, [HTTP2Header(":status", "200")], endStream: false)
        }
    }

    func connectionReceivedSettings() {}
    func connectionReceivedGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode) {}
    func connectionReceivedPong(_ opaque: UInt64) {}
    func connectionCapacityChanged() {}

    func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        if self.behaviour & 8 != 0 { self.connection.reset(stream, .refusedStream) }
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
        if self.behaviour & 4 == 0 { self.connection.consumed(stream, bytes.count) }
    }

    func streamWindowOpened(_ stream: HTTP2Stream) {}
    func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {}
}

/// A gRPC response: messages cut anywhere, and trailers.
private enum FuzzGRPC {
    static func run(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let limit = 1 << Int(input.byte() & 15)
        var state = GRPCResponseState(messageLimit: limit)
        let head = [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc")]
        guard state.receive(headers: head, endStream: false) == nil else { return }
        var longest = 0
        for piece in input.pieces() {
            let end = piece.withUnsafeBytes {
                state.receive($0, endStream: false, message: { longest = max(longest, $0.count) })
            }
            if end != nil { break }
        }
        try FuzzViolation.unless(longest <= limit, "a message of \(longest) bytes passed a limit of \(limit)")
        let text = String(decoding: bytes, as: UTF8.self)
        let status = GRPCStatus(trailers: [HTTP2Header("grpc-status", "13"), HTTP2Header("grpc-message", text)])
        let count = status?.message.utf8.count ?? 0
        try FuzzViolation.unless(count <= 3 * GRPCStatus.maximumMessageBytes, "a status text of \(count) bytes")
        _ = GRPCStatus(trailers: [HTTP2Header("grpc-status", text)])
    }
}
