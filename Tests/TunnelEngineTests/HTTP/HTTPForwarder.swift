import MeshModel

@testable import TunnelEngine

/// The smallest proxy: passes streams on to one connection, with flow control from end to end.
final class HTTPForwarder {
    let connection: HTTPClientConnection

    init(to connection: HTTPClientConnection) { self.connection = connection }

    func forward(_ stream: HTTPStream, _ request: HTTPRequestHead, _ endStream: Bool) {
        let exchange = HTTPForwardedExchange(stream)
        stream.owner = exchange
        exchange.upstream = self.connection.openStream(request: request, endStream: endStream, owner: exchange)
        if exchange.upstream == nil { stream.reset(.refusedStream) }
    }
}

/// One request on its way.
private final class HTTPForwardedExchange: HTTPStreamOwner {
    let downstream: HTTPStream
    var upstream: HTTPStream?
    private var toUpstream = Waiting()
    private var toDownstream = Waiting()

    /// What waits for the other side's room.
    private struct Waiting {
        var bytes: [UInt8] = []
        var ends = false
        var trailers: [HeaderField] = []
    }

    init(_ downstream: HTTPStream) { self.downstream = downstream }

    private func push(_ stream: HTTPStream) {
        let isUp = stream === self.upstream
        guard let source = isUp ? self.downstream : self.upstream else { return }
        var waiting = isUp ? self.toUpstream : self.toDownstream
        while !waiting.bytes.isEmpty {
            let room = min(stream.capacity(), waiting.bytes.count)
            guard room > 0 else { break }
            stream.send(Array(waiting.bytes.prefix(room)), endStream: false)
            waiting.bytes.removeFirst(room)
            source.consumed(room)
        }
        let isDone = waiting.bytes.isEmpty && waiting.ends
        if isDone { waiting.ends = false }
        if isUp { self.toUpstream = waiting } else { self.toDownstream = waiting }
        guard isDone else { return }
        if waiting.trailers.isEmpty { stream.finish() } else { stream.send(trailers: waiting.trailers) }
    }

    private func pass(_ stream: HTTPStream, _ change: (inout Waiting) -> Void) {
        if stream === self.downstream {
            change(&self.toUpstream)
            if let upstream = self.upstream { self.push(upstream) }
        } else {
            change(&self.toDownstream)
            self.push(self.downstream)
        }
    }

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) { self.downstream.sendInformational(head) }

    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        if !self.downstream.send(response: head, endStream: endStream) { self.downstream.reset(.internalError) }
    }

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        self.pass(stream) {
            $0.bytes += data
            $0.ends = endStream
        }
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
        self.pass(stream) {
            $0.ends = true
            $0.trailers = trailers
        }
    }

    func streamCanSend(_ stream: HTTPStream) { self.push(stream) }

    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {
        if stream === self.downstream { self.upstream?.reset(.cancel) } else { self.downstream.reset(.internalError) }
    }
}
