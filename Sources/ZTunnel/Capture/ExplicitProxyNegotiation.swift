package import DataPlane

/// A connection to the explicit proxy port: SOCKS 5 or HTTP, told apart by its first byte.
package struct ExplicitProxyNegotiation {
    private enum Language {
        case unknown
        case socks(SOCKS5Negotiation)
        case http(HTTPProxyNegotiation)
        case ended
    }

    private let limits: CaptureLimits
    private var language = Language.unknown

    /// Begins a connection.
    package init(limits: CaptureLimits = CaptureLimits()) {
        self.limits = limits
    }

    /// Takes bytes of the client, at most `earlyBytes` of them at a time.
    ///
    /// After a step that says to connect, the caller reads nothing more until it reported the outcome.
    package mutating func receive(_ input: some Collection<UInt8>) -> CaptureStep {
        if case .unknown = self.language, let first = input.first { self.language = self.language(for: first) }
        switch self.language {
        case .unknown:
            return CaptureStep(next: .more)
        case .ended:
            return CaptureStep(next: .refuse(.protocolUnknown))
        case .socks(var socks):
            defer { self.language = .socks(socks) }
            return socks.receive(input)
        case .http(var http):
            defer { self.language = .http(http) }
            return http.receive(input)
        }
    }

    /// Whether the client only waits for our answer: a plain request's client waits for its origin.
    package var isTunnel: Bool { self.requestBody == nil }

    /// What of a plain HTTP request's body is still to come; nothing else may reach the origin. nil for tunnels.
    package var requestBody: HTTPRequestBody? {
        if case .http(let http) = self.language { http.body } else { nil }
    }

    /// The requested connection stands.
    /// - Returns: `toClient` goes to the client before any byte of the upstream, `toUpstream` to the upstream before
    ///   any further byte of the client.
    package mutating func connected() -> (toClient: [UInt8], toUpstream: [UInt8]) {
        defer { self.language = .ended }
        switch self.language {
        case .unknown, .ended:
            return ([], [])
        case .socks(var socks):
            let early = socks.early
            return (socks.connected(), early)
        case .http(var http):
            let early = http.early
            return (http.connected(), early)
        }
    }

    /// The requested connection failed.
    /// - Returns: the bytes for the client, after which the connection closes.
    package mutating func failed(_ failure: DialFailure) -> [UInt8] {
        defer { self.language = .ended }
        switch self.language {
        case .unknown, .ended: return []
        case .socks(var socks): return socks.failed(failure)
        case .http(var http): return http.failed(failure)
        }
    }

    private func language(for first: UInt8) -> Language {
        switch first {
        case 0x05: .socks(SOCKS5Negotiation())
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): .http(HTTPProxyNegotiation(limits: self.limits))
        default: .ended
        }
    }
}
