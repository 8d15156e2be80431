import Glibc
package import MeshModel

/// Who owns an unencrypted link.
package protocol ClearLinkOwner: AnyObject {
    /// The peer's SETTINGS are here: streams may be opened.
    func clearLinkOpened(_ link: ClearLink)
    /// The link is gone; called once, and nothing is called after it.
    func clearLinkClosed(_ link: ClearLink, _ error: LinkError)
}

/// A client's HTTP/2 connection without TLS, with prior knowledge (RFC 9113 §3.3): for a collector beside us.
///
/// One deadline bounds connect and everything after it, so that it needs no PINGs; nothing of the mesh goes over it.
package final class ClearLink: StreamCarrier, ByteConnectionDelegate, HTTP2ConnectionOwner {
    /// The loop.
    package let loop: EventLoop
    private let milliseconds: UInt64
    private var owner: (any ClearLinkOwner)?
    private var dial: TCPDial?
    private var connection: ByteConnection?
    private var isOpen = false
    private lazy var http2 = HTTP2Connection(role: .client, limits: self.limits, owner: self)
    private let limits: HTTP2Limits

    /// Bytes of output that may wait for the peer.
    private static let outputBytes = 256 * 1024

    /// Connects.
    /// - Parameters:
    ///   - milliseconds: how long the connect may take, and how long all that follows.
    ///   - owner: held until the link is gone.
    package init(
        loop: EventLoop,
        address: SocketAddress,
        milliseconds: UInt64,
        limits: HTTP2Limits = HTTP2Limits(),
        owner: any ClearLinkOwner
    ) throws(TCPDial.Failure) {
        self.loop = loop
        self.milliseconds = milliseconds
        self.limits = limits
        self.owner = owner
        self.dial = try TCPDial(loop: loop, to: address, milliseconds: milliseconds) { result in
            self.connected(result, address)
        }
    }

    private func connected(_ result: Result<Int32, TCPDial.Failure>, _ address: SocketAddress) {
        self.dial = nil
        switch result {
        case .failure(.timedOut): self.end(.connectTimedOut)
        case .failure(.socket(let error)): self.end(.socket(error))
        case .success(let descriptor):
            guard self.owner != nil else { return Socket.close(descriptor) }
            do throws(SocketError) {
                self.connection = try ByteConnection(
                    loop: self.loop,
                    descriptor: descriptor,
                    peer: address,
                    milliseconds: self.milliseconds,
                    delegate: self
                )
                self.http2.start()
                self.flush()
            } catch {
                self.end(.socket(error))
            }
        }
    }

    /// Closes the link; the owner is told.
    package func close() { self.end(.closedLocally) }

    private func end(_ error: LinkError) {
        let owner = self.owner
        self.owner = nil
        self.isOpen = false
        self.dial?.cancel()
        self.dial = nil
        let connection = self.connection
        self.connection = nil
        connection?.close()
        self.http2.transportClosed()
        owner?.clearLinkClosed(self, error)
    }

    private func flush() {
        guard let connection = self.connection else { return }
        while !self.http2.output.isEmpty {
            let bytes = self.http2.output.withBytes { Array($0) }
            self.http2.output.consume(bytes.count)
            connection.send(bytes)
        }
    }

    // MARK: StreamCarrier

    package func openStream(
        headers: [HTTP2Header],
        endStream: Bool,
        owner: any HTTP2StreamOwner
    ) -> HTTP2Stream? {
        guard self.isOpen else { return nil }
        defer { self.flush() }
        return self.http2.openStream(headers: headers, endStream: endStream, owner: owner)
    }

    package func capacity(of stream: HTTP2Stream) -> Int {
        guard let connection = self.connection, connection.pendingCount < Self.outputBytes else { return 0 }
        return self.http2.sendCapacity(stream)
    }

    package func sendData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        guard self.connection != nil, self.http2.queueData(stream, bytes) else { return }
        self.flush()
    }

    package func finish(_ stream: HTTP2Stream) {
        self.http2.finish(stream)
        self.flush()
    }

    package func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        self.http2.reset(stream, code)
        self.flush()
    }

    package func consumed(_ stream: HTTP2Stream, _ count: Int) {
        self.http2.consumed(stream, count)
        self.flush()
    }

    // MARK: ByteConnectionDelegate

    package func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        if let error = self.http2.receive(bytes, now: self.loop.now) {
            self.flush()
            return self.end(.http2(error))
        }
        self.flush()
    }

    package func receivedEnd(on connection: ByteConnection) { self.end(.closedByPeer) }

    package func closed(_ connection: ByteConnection, _ error: SocketError?) {
        self.connection = nil
        self.end(error.map { .socket($0) } ?? .closedByPeer)
    }

    // MARK: HTTP2ConnectionOwner

    package func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        self.http2.reset(stream, .refusedStream)
    }

    package func connectionReceivedSettings() {
        guard !self.isOpen, self.owner != nil else { return }
        self.isOpen = true
        self.owner?.clearLinkOpened(self)
    }

    package func connectionReceivedGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode) {}

    package func connectionReceivedPong(_ opaque: UInt64) {}

    package func connectionCapacityChanged() {}
}
