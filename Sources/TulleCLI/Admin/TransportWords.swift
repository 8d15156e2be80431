import AWSClient

/// Why a request had no answer, in a person's words instead of the network library's.
enum TransportWords {
    /// Words that the library's reasons hold, and what they mean; the first that fits counts.
    private static let meanings = [
        ("onnection refused", "nothing listens there (connection refused)"),
        ("errno: 111", "nothing listens there (connection refused)"),
        ("SocketAddressError", "the host name cannot be resolved"),
        ("dnsAError: Optional", "the host name cannot be resolved"),
        ("nodename nor servname", "the host name cannot be resolved"),
        ("No route to host", "there is no route to that address"),
        ("etwork is unreachable", "there is no route to that address"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate is not vouched for by the roots that we trust"),
        ("unableToValidateHostname", "its certificate is not for this name"),
        ("WRONG_VERSION_NUMBER", "it does not speak TLS"),
        ("HTTP_REQUEST", "it does not speak TLS"),
        ("ALERT", "it ended the TLS handshake"),
        ("HTTPParserError", "what it sends is not HTTP"),
        ("onnection reset", "it closed the connection"),
        ("errno: 104", "it closed the connection"),
        ("remoteConnectionClosed", "it closed the connection"),
        ("uncleanShutdown", "it closed the connection"),
        ("timed out", "it does not answer (connection timed out)"),
        ("invalidURL", "the address is no URL"),
        ("emptyHost", "the address names no host"),
    ]

    /// The reason as the library gives it, in words.
    static func plain(_ reason: String) -> String {
        self.meanings.first { reason.contains($0.0) }?.1 ?? PlainLine.text(reason, limit: 200)
    }

    /// Why there was no answer.
    /// - Parameter bodyLimit: most bytes of one, for an answer that has more.
    static func plain(_ error: any Error, bodyLimit: Int) -> String {
        switch error as? TransportError {
        case .timedOut: "nothing within \(AdminClient.deadline.components.seconds) seconds"
        case .bodyTooLarge: "the answer is longer than \(bodyLimit) bytes"
        case .certificateRefused(let reason), .failed(let reason): self.plain(reason)
        case nil: self.plain("\(error)")
        }
    }
}
