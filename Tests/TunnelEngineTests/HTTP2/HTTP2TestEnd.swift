import MeshModel
import Testing

@testable import TunnelEngine

/// One connection with owners that write down what they hear.
final class HTTP2TestEnd: HTTP2ConnectionOwner {
    private(set) var connection: HTTP2Connection!
    /// What the connection said, one line an event.
    var events: [String] = []
    /// Streams in the order of their opening.
    var streams: [HTTP2Stream] = []
    var listeners: [HTTP2TestListener] = []
    /// Runs inside the event of a new request.
    var onRequest: ((HTTP2Stream) -> Void)?
    var now: UInt64 = 0
    /// Give credit back at once.
    var consumes = true

    init(_ role: HTTP2Role, limits: HTTP2Limits = HTTP2Limits(), started: Bool = true) {
        self.connection = HTTP2Connection(role: role, limits: limits, owner: self)
        if started { self.connection.start() }
    }

    /// A server or client that is past the preface and SETTINGS, its own first output dropped.
    static func ready(_ role: HTTP2Role, limits: HTTP2Limits = HTTP2Limits()) -> HTTP2TestEnd {
        let end = HTTP2TestEnd(role, limits: limits)
        if role == .server { end.receive(HTTP2Wire.preface) }
        end.receive(HTTP2Wire.frame(.settings) + HTTP2Wire.frame(.settings, flags: 1))
        _ = end.takeOutput()
        end.events = []
        return end
    }

    @discardableResult
    func receive(_ bytes: [UInt8]) -> HTTP2Error? {
        bytes.withUnsafeBytes { self.connection.receive($0, now: self.now) }
    }

    func takeOutput() -> [UInt8] {
        let bytes = self.connection.output.withBytes { Array($0) }
        self.connection.output.consume(bytes.count)
        return bytes
    }

    /// The frames that wait in the output, which is emptied.
    func takeFrames() -> [HTTP2TestFrame] {
        HTTP2Wire.parse(self.takeOutput())
    }

    func open(_ headers: [HTTP2Header] = HTTP2Wire.connect, endStream: Bool = false) -> HTTP2Stream? {
        let listener = HTTP2TestListener(self)
        guard let stream = self.connection.openStream(headers: headers, endStream: endStream, owner: listener) else {
            return nil
        }
        self.streams.append(stream)
        self.listeners.append(listener)
        return stream
    }

    /// Sends as much of `bytes` as the windows allow: what waits in the output, and then one DATA frame.
    func send(_ stream: HTTP2Stream, _ bytes: [UInt8], endStream: Bool = false) -> (wire: [UInt8], sent: Int) {
        var wire = self.takeOutput()
        let count = min(bytes.count, self.connection.sendCapacity(stream))
        var head = [UInt8](repeating: 0, count: 9)
        let ends = endStream && count == bytes.count
        let isWritten = head.withUnsafeMutableBytes { memory in
            self.connection.writeDataHeader(stream, length: count, endStream: ends, into: memory.baseAddress!)
        }
        guard isWritten else { return (wire, 0) }
        wire += head + bytes.prefix(count)
        return (wire, count)
    }

    func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        self.events.append("open \(stream.id)\(endStream ? " end" : "")")
        let listener = HTTP2TestListener(self)
        listener.headers = [headers]
        stream.owner = listener
        self.streams.append(stream)
        self.listeners.append(listener)
        self.onRequest?(stream)
    }

    func connectionReceivedSettings() { self.events.append("settings") }

    func connectionReceivedGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode) {
        self.events.append("goaway \(lastStreamID) \(code)")
    }

    func connectionReceivedPong(_ opaque: UInt64) { self.events.append("pong \(opaque)") }

    func connectionCapacityChanged() { self.events.append("capacity") }
}

/// Writes down what one stream hears.
final class HTTP2TestListener: HTTP2StreamOwner {
    private weak var end: HTTP2TestEnd?
    var headers: [[HTTP2Header]] = []
    var bytes: [UInt8] = []
    var chunks = 0
    var isEnded = false
    var openings = 0
    var resets: [String] = []
    var onHeaders: ((HTTP2Stream) -> Void)?
    var onData: ((HTTP2Stream) -> Void)?
    var onWindow: ((HTTP2Stream) -> Void)?
    var onReset: ((HTTP2Stream) -> Void)?

    init(_ end: HTTP2TestEnd) {
        self.end = end
    }

    private func hear(_ stream: HTTP2Stream) {
        // Nothing may follow a reset or an end.
        #expect(self.resets.isEmpty)
    }

    func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        self.hear(stream)
        self.headers.append(headers)
        self.isEnded = self.isEnded || endStream
        self.onHeaders?(stream)
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
        self.hear(stream)
        #expect(!self.isEnded)
        self.bytes += bytes
        self.chunks += 1
        self.isEnded = endStream
        if self.end?.consumes == true { self.end?.connection.consumed(stream, bytes.count) }
        self.onData?(stream)
    }

    func streamWindowOpened(_ stream: HTTP2Stream) {
        self.hear(stream)
        self.openings += 1
        self.onWindow?(stream)
    }

    func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {
        self.hear(stream)
        self.resets.append("\(code)\(byPeer ? " by peer" : "")")
        self.onReset?(stream)
    }
}
