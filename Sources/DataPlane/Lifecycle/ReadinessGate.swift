import Synchronization

/// What must still happen before this process is ready, shared by all threads.
package final class ReadinessGate: Sendable {
    /// The parts that readiness waits for.
    package enum Part: String, Sendable, CaseIterable {
        /// The first certificate.
        case identity
        /// The first full state of the mesh.
        case state = "state manager"
        /// The listeners.
        case proxy
        /// The listeners of the DNS proxy, where it is on.
        case dns = "dns proxy"
        /// Workloads that others hand over, or that are found on the host.
        case workloads = "workload proxy manager"
        /// Never done again once a shutdown has begun.
        case serving
    }

    private let pending = Mutex<Set<Part>>([.identity, .state, .proxy])

    /// Waits for everything but `serving`.
    package init() {}

    /// Notes that a part is done.
    package func done(_ part: Part) { self.pending.withLock { _ = $0.remove(part) } }

    /// Notes that a part is missing (again).
    package func missing(_ part: Part) { self.pending.withLock { _ = $0.insert(part) } }

    /// What is missing, in a fixed order; empty when ready.
    package var missingParts: [Part] {
        let pending = self.pending.withLock { $0 }
        return Part.allCases.filter { pending.contains($0) }
    }

    /// The answer to `GET /healthz/ready`, as ztunnel gives it.
    /// - Parameter isExpired: whether the certificate has expired: then nobody is served until a new one is here.
    package func answer(_ request: HTTPRequest, isExpired: Bool = false) -> HTTPResponse {
        guard request.path == "/healthz/ready" else { return HTTPResponse(status: 404, text: "not found\n") }
        guard request.method == "GET" || request.isHead else {
            return HTTPResponse(status: 405, text: "use GET\n")
        }
        var missing = self.missingParts
        if isExpired, !missing.contains(.identity) { missing.insert(.identity, at: 0) }
        if missing.isEmpty { return HTTPResponse(status: 200, text: "ready\n") }
        let names = missing.map(\.rawValue).joined(separator: ", ")
        return HTTPResponse(status: 500, text: "not ready, pending: \(names)\n")
    }
}
