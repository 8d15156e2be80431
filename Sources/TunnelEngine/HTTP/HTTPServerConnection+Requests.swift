import MeshModel

extension HTTPServerConnection: HTTP1ServerOwner {
    func server(_ server: HTTP1Server, opened stream: HTTP1ServerStream, _ request: HTTP1Request) {
        self.owner?.connection(self, opened: stream, request: request.head, endStream: stream.isReceiveClosed)
    }

    func server(_ server: HTTP1Server, refused refusal: HTTPRefusal) {
        self.owner?.connection(self, refused: refusal)
    }

    func serverChanged(_ server: HTTP1Server) { if self.owner != nil { self.boundWait() } }
    func serverWantsTurn(_ server: HTTP1Server) { self.schedule() }
}

extension HTTPServerConnection: HTTP2CarrierOwner {
    func carrierOpened(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        guard case .http2(let carrier) = self.side, let owner = self.owner else { return }
        switch HTTP2Head.request(headers, endStream: endStream, limits: self.limits) {
        case .failure(let refusal):
            self.refuse(refusal, stream, on: carrier, endStream: endStream)
            owner.connection(self, refused: refusal)
        case .success(let (head, length)):
            let exchange = HTTP2Exchange(
                stream,
                on: carrier,
                request: head,
                expectedLength: length,
                limits: self.limits
            )
            owner.connection(self, opened: exchange, request: head, endStream: endStream)
            if exchange.owner == nil, !exchange.isEnded { exchange.reset(.refusedStream) }
        }
    }

    /// Answers a request that is not accepted, on its own stream.
    private func refuse(_ refusal: HTTPRefusal, _ stream: HTTP2Stream, on carrier: HTTP2Carrier, endStream: Bool) {
        let head = HTTP2Head.fields(of: HTTPLocalReply.head(of: refusal))
        let body = Array(refusal.body.utf8)
        guard carrier.sendHeaders(stream, head, endStream: body.isEmpty) else {
            return carrier.reset(stream, .refusedStream)
        }
        if !body.isEmpty {
            guard carrier.http2.sendCapacity(stream) >= body.count,
                body.withUnsafeBytes({ carrier.send(stream, $0, endStream: true) })
            else { return carrier.reset(stream, .protocolError) }
        }
        // The rest of the request is of no use.
        if !stream.isClosed { carrier.reset(stream, .noError) }
    }

    func carrierCapacityChanged() {
        guard self.owner != nil else { return }
        // In a later turn: this may come from within the sending of a stream's last bytes.
        if self.isDraining { self.schedule() }
        self.boundWait()
    }

    func carrierFailed(_ error: HTTP2Error) { self.bytes.close(isAbortive: false) }
}
