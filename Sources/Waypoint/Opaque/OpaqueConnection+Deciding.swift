import TunnelEngine

extension OpaqueConnection {
    /// Whoever speaks first decides what a connection is on which nobody had spoken in time: a server's first byte makes it
    /// one of bytes, and a client that was only slow is still served by HTTP.
    func decide(_ stream: ByteStream, _ bytes: UnsafeRawBufferPointer, isEnd: Bool = false) {
        guard !self.isOver else { return }
        guard stream === self.downstream else { return self.becomeBytes(upstreamEarly: Array(bytes)) }
        switch ProtocolSniffer.judge(self.early, isEnd: isEnd) {
        case .needsMore: return
        case .http1: self.turnOut(.http1)
        case .http2: self.turnOut(.http2)
        case .tls, .tcp: self.becomeBytes()
        }
    }

    private func becomeBytes(upstreamEarly: [UInt8] = []) {
        self.isUndecided = false
        if let upstream { self.join(upstream, upstreamEarly: upstreamEarly) }
    }

    /// Hands the connection back. Nothing is reported of it: its requests will be.
    private func turnOut(_ kind: HTTPServerConnection.Kind) {
        self.leave(isAbortive: true)
        self.inner.turnedOut(kind, early: self.early)
    }
}
