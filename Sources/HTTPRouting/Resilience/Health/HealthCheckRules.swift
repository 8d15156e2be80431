package import MeshProtos

/// How endpoints are asked whether they are well, with what is used where nothing was said.
package struct HealthCheckRules: Sendable, Hashable {
    /// What is asked.
    package enum Question: Sendable, Hashable {
        /// Whether a connection can be made.
        case connect
        /// `GET` of a path; the authority is the cluster's host name where none was written.
        case http(path: String, host: String)
        /// `grpc.health.v1.Health/Check` of a service; empty asks for the server as a whole.
        case grpc(service: String, host: String)
    }

    /// The user agent of Envoy's checks, which applications may know.
    package static let userAgent = "Envoy/HC"

    /// What is asked.
    package let question: Question
    /// How long an answer may take, in milliseconds.
    package let timeout: UInt64
    /// Between an answer and the next question, in milliseconds.
    package let interval: UInt64
    /// The port that is asked; nil is the endpoint's own.
    package let port: UInt16?
    let unhealthyThreshold: UInt32
    let healthyThreshold: UInt32
    private let expected: [UInt32]

    /// Between questions to one that is well while the cluster was never used, in milliseconds: Envoy's minute.
    static let idleInterval: UInt64 = 60_000

    /// - Parameter hostname: the cluster's.
    package init(_ settings: TulleL7.HealthCheck, hostname: String) {
        let host = settings.host.isEmpty ? hostname : settings.host
        self.question =
            switch settings.kind {
            case .http: .http(path: settings.path.isEmpty ? "/" : settings.path, host: host)
            case .grpc: .grpc(service: settings.service, host: host)
            default: .connect
            }
        self.timeout = settings.timeoutMilliseconds == 0 ? 1000 : UInt64(settings.timeoutMilliseconds)
        // Ten times a second is enough for anyone.
        self.interval = settings.intervalMilliseconds == 0 ? 10_000 : max(100, UInt64(settings.intervalMilliseconds))
        self.unhealthyThreshold = settings.unhealthyThreshold == 0 ? 3 : settings.unhealthyThreshold
        self.healthyThreshold = settings.healthyThreshold == 0 ? 2 : settings.healthyThreshold
        self.port = UInt16(exactly: settings.port).flatMap { $0 == 0 ? nil : $0 }
        self.expected = settings.expectedStatuses.isEmpty ? [200] : settings.expectedStatuses
    }

    /// What an answer says.
    enum Verdict: Equatable {
        case well
        /// It answers as it should, but with `x-envoy-degraded`.
        case degraded
        /// It counts towards the threshold.
        case failing
        /// It counts at once.
        case down
    }

    /// An answer to another question than was asked says nothing good.
    func verdict(_ answer: HealthAnswer) -> Verdict {
        switch (self.question, answer) {
        case (.connect, .connected): .well
        case (.http, .status(let status, let mark)): self.verdict(status, mark)
        case (.grpc, .serving(let isServing)): isServing ? .well : .down
        default: .failing
        }
    }

    private func verdict(_ status: Int, _ mark: HealthAnswer.Mark) -> Verdict {
        guard mark != .failed, self.expected.contains(where: { Int($0) == status }) else { return .down }
        return mark == .degraded ? .degraded : .well
    }
}

/// How a question to an endpoint ended.
package enum HealthAnswer: Sendable, Hashable {
    /// A connection was made; all that TCP asks.
    case connected
    /// An HTTP status, and what the response's fields say beside it.
    case status(Int, Mark = .none)
    /// gRPC's answer: whether it was OK with SERVING. Anything else, UNIMPLEMENTED among it, is not.
    case serving(Bool)
    /// No answer in time.
    case timedOut
    /// The connection was refused or ended without an answer.
    case disconnected

    /// What an endpoint says of itself by a field of its response.
    package enum Mark: Sendable, Hashable {
        case none
        /// `x-envoy-degraded`.
        case degraded
        /// `x-envoy-immediate-health-check-fail`.
        case failed
    }
}

/// One question that is due.
package struct HealthProbe: Sendable {
    /// Who is asked.
    package let endpoint: EndpointHandle
    /// What is asked, where, and for how long.
    package let rules: HealthCheckRules
    /// Tells this question from others to the same endpoint.
    let number: UInt64
}
