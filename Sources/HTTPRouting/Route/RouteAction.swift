import MeshModel
package import MeshProtos

/// What becomes of the requests of a route: `TulleL7.RouteAction` read once, and shared by all of its entries.
package final class RouteAction: Sendable {
    /// For logs: `<namespace>/<route>/<rule>`.
    package let name: String
    /// Kind, namespace and name of what declared it.
    package let origin: String
    /// What spans are called.
    package let operation: String
    /// Asks an authorizer first; nil for none.
    package let authorizer: String?
    /// Missing: the mesh's default.
    package let retry: TulleL7.Retry?
    /// The same, ready to decide.
    package let retryPolicy: RetryPolicy
    package let session: TulleL7.SessionPersistence?
    /// nil for none.
    package let fault: FaultPlan?
    package let crossOrigin: CrossOriginPolicy?
    /// What can't be carried out.
    package let faults: [RouteFault]

    let outcome: Outcome
    let requestHeaders: HeaderEdit
    let responseHeaders: HeaderEdit
    let rewrite: RequestRewrite
    private let mirrors: [(cluster: Int, fraction: UInt32)]
    private let timeouts: RequestTimeouts

    enum Outcome: Sendable {
        case forward([Destination], WeightedDraw)
        case redirect(RedirectTarget, port: UInt16)
        case reply(LocalReply)
    }

    package init(_ declared: TulleL7.RouteAction, port: UInt16, clusters: [String: Int]) {
        var faults: [RouteFault] = []
        func reading<Part>(_ part: Part, _ read: () throws(RouteFault) -> Part) -> Part {
            do throws(RouteFault) {
                return try read()
            } catch {
                faults.append(error)
                return part
            }
        }
        self.requestHeaders = reading(.none) { () throws(RouteFault) in try HeaderEdit(declared.requestHeaders) }
        self.responseHeaders = reading(.none) { () throws(RouteFault) in try HeaderEdit(declared.responseHeaders) }
        self.rewrite = reading(.none) { () throws(RouteFault) in try RequestRewrite(declared.rewrite) }
        self.fault = reading(nil) { () throws(RouteFault) in
            guard let fault = declared.fault else { return nil }
            return try FaultPlan(fault)
        }
        self.crossOrigin = reading(nil) { () throws(RouteFault) in
            guard let rule = declared.crossOrigin else { return nil }
            return try CrossOriginPolicy(rule)
        }
        self.retryPolicy = reading(.default) { () throws(RouteFault) in
            do throws(RetryPolicyError) {
                return try RetryPolicy(declared.retry, attemptTimeout: declared.attemptTimeoutMilliseconds)
            } catch {
                throw .retry("\(error)")
            }
        }
        let outcome = reading(Outcome.reply(.invalidRoute(reason: ""))) { () throws(RouteFault) in
            try Self.outcome(of: declared, port: port, clusters: clusters)
        }
        // A route that could be carried out in part only is not carried out.
        self.outcome = faults.first.map { .reply(.invalidRoute(reason: "\($0)")) } ?? outcome
        if case .forward(let destinations, _) = outcome { faults += destinations.compactMap(\.fault) }
        self.faults = faults
        self.mirrors = declared.mirrors.compactMap { mirror in
            clusters[mirror.cluster].map { ($0, mirror.fraction) }
        }
        func given(_ milliseconds: UInt32) -> UInt64? { milliseconds == 0 ? nil : UInt64(milliseconds) }
        self.timeouts = RequestTimeouts(
            request: given(declared.requestTimeoutMilliseconds),
            attempt: given(declared.attemptTimeoutMilliseconds)
        )
        self.name = declared.name
        self.origin = declared.origin
        self.operation = declared.operation
        self.authorizer = declared.authorizer.isEmpty ? nil : declared.authorizer
        self.retry = declared.retry
        self.session = declared.session
    }

    /// The action of an entry whose conditions can't be asked: an error, whatever was declared.
    init(failing declared: TulleL7.RouteAction, faults: [RouteFault]) {
        self.name = declared.name
        self.origin = declared.origin
        self.operation = declared.operation
        self.authorizer = nil
        self.retry = nil
        self.retryPolicy = .default
        self.session = nil
        self.fault = nil
        self.crossOrigin = nil
        self.faults = faults
        self.outcome = .reply(.invalidRoute(reason: faults.first.map { "\($0)" } ?? ""))
        self.requestHeaders = .none
        self.responseHeaders = .none
        self.rewrite = .none
        self.mirrors = []
        self.timeouts = RequestTimeouts(request: nil, attempt: nil)
    }

    private static func outcome(
        of declared: TulleL7.RouteAction,
        port: UInt16,
        clusters: [String: Int]
    ) throws(RouteFault) -> Outcome {
        if let failure = declared.failure { return .reply(.failure(failure)) }
        if let redirect = declared.redirect { return .redirect(try RedirectTarget(redirect), port: port) }
        if let direct = declared.direct {
            guard (200...599).contains(direct.status) else { throw .status(direct.status) }
            return .reply(.direct(status: Int(direct.status), body: direct.body))
        }
        guard let forward = declared.forward else { throw .nothing }
        let destinations = forward.clusters.map { Destination($0, clusters: clusters) }
        return .forward(destinations, WeightedDraw(forward.clusters.lazy.map(\.weight)))
    }

    /// How long a request of this route may take, a gRPC client's own deadline included.
    package func timeouts(for request: borrowing RequestView) -> RequestTimeouts {
        guard request.isGRPC, let text = request.fields.first(named: "grpc-timeout") else { return self.timeouts }
        return self.timeouts.bounded(by: GRPCTimeout.milliseconds(text))
    }

    /// The places of the clusters that get a copy of one request.
    package func drawMirrors(using generator: inout some RandomNumberGenerator) -> [Int] {
        guard !self.mirrors.isEmpty else { return [] }
        return self.mirrors.filter { Fraction.draw($0.fraction, using: &generator) }.map(\.cluster)
    }

    /// What faults one request suffers.
    package func drawFault(using generator: inout some RandomNumberGenerator) -> FaultDraw {
        self.fault?.draw(using: &generator) ?? .none
    }
}
