import MeshModel

/// Follows the response of one gRPC call: headers, messages, trailers.
package struct GRPCResponseState {
    private enum State {
        case headers, messages, ended
    }

    private var state = State.headers
    private var reader: GRPCMessageReader

    /// Begins a response whose messages may have up to `messageLimit` bytes.
    package init(messageLimit: Int) {
        self.reader = GRPCMessageReader(limit: messageLimit)
    }

    /// Takes a header block: the response's head, or its trailers.
    /// - Returns: the call's status once it ended.
    package mutating func receive(headers: [HTTP2Header], endStream: Bool) -> GRPCStatus? {
        switch self.state {
        case .ended:
            return nil
        case .headers:
            guard let text = headers.first(named: ":status"), text.utf8.count == 3, let status = Int(text) else {
                return self.end(GRPCStatus(.internalError, "response without :status"))
            }
            if (100..<200).contains(status) { return nil }
            // A response that consists of trailers only.
            if let ended = GRPCStatus(trailers: headers) { return self.end(ended) }
            guard status == 200 else { return self.end(GRPCStatus(httpStatus: status)) }
            let type = headers.first(named: "content-type") ?? ""
            guard
                type == "application/grpc" || type.hasPrefix("application/grpc+") || type.hasPrefix("application/grpc;")
            else { return self.end(GRPCStatus(.unknown, "content-type is not application/grpc")) }
            if endStream { return self.end(GRPCStatus(.unknown, "response without grpc-status")) }
            self.state = .messages
            return nil
        case .messages:
            guard endStream else { return self.end(GRPCStatus(.internalError, "header block amid messages")) }
            guard let status = GRPCStatus(trailers: headers) else {
                return self.end(GRPCStatus(.unknown, "trailers without grpc-status"))
            }
            if status.code == .ok, !self.reader.isAtBoundary {
                return self.end(GRPCStatus(.internalError, "response ends within a message"))
            }
            return self.end(status)
        }
    }

    /// Takes bytes of the body.
    /// - Parameter message: called for each whole message, in order.
    /// - Returns: the call's status once it ended; the caller then resets the stream.
    package mutating func receive(
        _ bytes: UnsafeRawBufferPointer,
        endStream: Bool,
        message: ([UInt8]) -> Void
    ) -> GRPCStatus? {
        guard case .messages = self.state else {
            return self.state == .ended ? nil : self.end(GRPCStatus(.internalError, "data before headers"))
        }
        self.reader.receive(bytes)
        do throws(GRPCMessageReader.Failure) {
            while let next = try self.reader.next() { message(next) }
        } catch {
            return self.end(Self.status(error))
        }
        return endStream ? self.end(GRPCStatus(.unknown, "stream ended without trailers")) : nil
    }

    private mutating func end(_ status: GRPCStatus) -> GRPCStatus {
        self.state = .ended
        return status
    }

    private static func status(_ failure: GRPCMessageReader.Failure) -> GRPCStatus {
        switch failure {
        case .tooLarge(let length, let limit):
            GRPCStatus(.resourceExhausted, "message of \(length) bytes exceeds the limit of \(limit)")
        case .compressed:
            GRPCStatus(.internalError, "compressed message although no compression was asked for")
        case .invalidFlag(let flag):
            GRPCStatus(.internalError, "message flag \(flag) is not 0 or 1")
        }
    }
}
