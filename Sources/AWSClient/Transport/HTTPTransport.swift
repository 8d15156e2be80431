import AWSSignature

/// An HTTP request, whole.
package struct TransportRequest: Sendable {
    /// The method in upper case.
    package var method: String
    /// The URL to connect to, query included.
    package var url: String
    /// All headers but the framing ones. A `Host` that is given goes out as it is.
    package var headers: [(name: String, value: String)]
    /// The body; empty for none.
    package var body: [UInt8]

    /// Holds the parts as they are.
    package init(method: String, url: String, headers: [(name: String, value: String)], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// An HTTP answer, whole.
package struct TransportResponse: Sendable {
    /// The status code.
    package var status: Int
    /// Headers in the order they came.
    package var headers: [(name: String, value: String)]
    /// The body, never over the limit that was asked for.
    package var body: [UInt8]

    /// Holds the parts as they are.
    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header of this name, in any case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return self.headers.first { $0.name.lowercased() == name }?.value
    }
}

/// Why no answer came.
package enum TransportError: Error, Sendable, Hashable {
    /// The deadline passed.
    case timedOut
    /// The body is over the limit.
    case bodyTooLarge
    /// The other side's certificate is not trusted; with the reason.
    case certificateRefused(String)
    /// Name, connection or HTTP failed; with the reason.
    case failed(String)
}

/// Sends requests: the real network, or a test's own answers.
package protocol HTTPTransport: Sendable {
    /// Sends one request and reads the whole answer; never follows a redirect.
    ///
    /// - Parameters:
    ///   - request: what to send.
    ///   - deadline: how long the exchange may take, from connecting to the body's last byte.
    ///   - bodyLimit: most bytes of body to take.
    /// - Throws: `TransportError`, or `CancellationError`.
    func send(_ request: TransportRequest, deadline: Duration, bodyLimit: Int) async throws -> TransportResponse

    /// Closes what is open. No request may be sent after.
    func shutdown() async
}
