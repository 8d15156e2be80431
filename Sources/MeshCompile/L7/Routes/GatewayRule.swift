import MeshConfig
import MeshModel
import MeshProtos

/// One rule of an HTTPRoute or GRPCRoute, and what becomes of requests that meet it.
struct GatewayRule {
    /// What Istio retries where a rule says only how often.
    static let retryConditions = [
        "connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes",
    ]

    private let rule: ConfigValue
    private let route: DeclaredResource
    private let name: String

    init(_ rule: ConfigValue, index: Int, of route: DeclaredResource) {
        self.rule = rule
        self.route = route
        self.name = "\(route.metadata.namespace)/\(route.metadata.name)/\(rule.text("name") ?? "\(index)")"
    }

    /// 500; gRPC's UNAVAILABLE is made of 503.
    private var failureStatus: UInt32 { self.route.key.kind == .grpcRoute ? 503 : 500 }

    private func failure(_ reason: String) -> TulleL7.Failure {
        TulleL7.Failure.with {
            $0.status = self.failureStatus
            $0.reason = reason
        }
    }

    func action(_ compilation: inout ServiceCompilation) -> TulleL7.RouteAction {
        var action = TulleL7.RouteAction()
        action.name = self.name
        action.origin = self.route.key.description
        if let unknown = self.addFilters(to: &action, &compilation) {
            action.failure = self.failure(unknown)
            return action
        }
        let timeouts = self.rule["timeouts"]
        action.requestTimeoutMilliseconds = timeouts?.milliseconds("request") ?? 0
        action.attemptTimeoutMilliseconds = timeouts?.milliseconds("backendRequest") ?? 0
        action.retry = self.rule["retry"].map(Self.retry)
        action.session = self.rule["sessionPersistence"].map { TulleL7.SessionPersistence($0, path: self.sessionPath) }
        guard action.redirect == nil else { return action }
        let backends = self.rule.list("backendRefs").compactMap { self.backend($0, &compilation) }
        if backends.isEmpty {
            action.failure = self.failure("the rule has no backend with a weight above 0")
        } else {
            action.forward = TulleL7.Forward.with { $0.clusters = backends }
        }
        return action
    }

    // MARK: Filters

    /// What all filters of a rule make; a text where one can't be carried out.
    private func addFilters(to action: inout TulleL7.RouteAction, _ compilation: inout ServiceCompilation) -> String? {
        for filter in self.rule.list("filters") {
            switch filter.text("type") {
            case "RequestHeaderModifier": action.requestHeaders = RouteFilters.headers(filter["requestHeaderModifier"])
            case "ResponseHeaderModifier":
                action.responseHeaders = RouteFilters.headers(filter["responseHeaderModifier"])
            case "RequestRedirect": action.redirect = RouteFilters.redirect(filter["requestRedirect"])
            case "URLRewrite": action.rewrite = RouteFilters.rewrite(filter["urlRewrite"])
            case "CORS": action.crossOrigin = RouteFilters.crossOrigin(filter["cors"])
            case "RequestMirror":
                let value = filter["requestMirror"] ?? .null
                // A copy that goes nowhere is no reason to refuse the request.
                guard let target = value["backendRef"],
                    case .success(let name) = self.cluster(target, &compilation)
                else { continue }
                action.mirrors.append(
                    TulleL7.Mirror.with {
                        $0.cluster = name
                        $0.fraction = RouteFilters.fraction(value)
                    }
                )
            case let other: return "filter \(other ?? "without a type") is not known"
            }
        }
        return nil
    }

    // MARK: Backends

    private struct Refusal: Error {
        var reason: String
    }

    private func backend(
        _ value: ConfigValue,
        _ compilation: inout ServiceCompilation
    ) -> TulleL7.WeightedCluster? {
        let weight = value.count("weight") ?? 1
        guard weight > 0 else { return nil }
        var backend = TulleL7.WeightedCluster()
        backend.weight = weight
        switch self.cluster(value, &compilation) {
        case .success(let name): backend.cluster = name
        case .failure(let refusal): backend.failure = self.failure(refusal.reason)
        }
        for filter in value.list("filters") where backend.failure == nil {
            switch filter.text("type") {
            case "RequestHeaderModifier": backend.requestHeaders = RouteFilters.headers(filter["requestHeaderModifier"])
            case "ResponseHeaderModifier":
                backend.responseHeaders = RouteFilters.headers(filter["responseHeaderModifier"])
            case "RequestRedirect": backend.redirect = RouteFilters.redirect(filter["requestRedirect"])
            case "URLRewrite": backend.rewrite = RouteFilters.rewrite(filter["urlRewrite"])
            case let other:
                backend.cluster = ""
                backend.failure = self.failure("filter \(other ?? "without a type") is not known")
            }
        }
        return backend
    }

    private func cluster(
        _ value: ConfigValue,
        _ compilation: inout ServiceCompilation
    ) -> Result<String, Refusal> {
        switch BackendResolution(value, of: self.route, in: compilation.mesh) {
        case .found(let service, let port): .success(compilation.cluster(service, port: port, subset: ""))
        case .invalid(_, let reason): .failure(Refusal(reason: reason))
        }
    }

    // MARK: Retries and sessions

    private static func retry(_ value: ConfigValue) -> TulleL7.Retry {
        TulleL7.Retry.with {
            $0.attempts = value.count("attempts") ?? 2
            guard $0.attempts > 0 else { return }
            // GEP-1731: connections that end without an answer are tried again, too. Istio leaves that out.
            $0.conditions = Self.retryConditions + ["reset"]
            $0.statusCodes = value.list("codes").compactMap { $0.integer.map { UInt32(clamping: $0) } }
            $0.backoffMilliseconds = value.milliseconds("backoff") ?? 0
        }
    }

    /// Where a session's cookie counts: below the rule's one path, else everywhere.
    private var sessionPath: String {
        let matches = self.rule.list("matches")
        guard matches.count == 1, let path = matches.first?["path"], path.text("type") != "RegularExpression" else {
            return ""
        }
        return path.text("value") ?? ""
    }
}

/// Where a backend of the Gateway API leads.
enum BackendResolution {
    case found(ResolvedService, ServicePort)
    /// The Gateway API's reason for ResolvedRefs, and a sentence.
    case invalid(reason: String, String)

    init(_ value: ConfigValue, of route: DeclaredResource, in mesh: L7Mesh) {
        let namespace = route.metadata.namespace
        let name = value.text("name") ?? ""
        let owner = value.text("namespace") ?? namespace
        let label = "\(value.text("kind") ?? "") \(owner)/\(name)"
        let service: ResolvedService?
        switch L7References.object(value, in: owner) {
        case .host(let host): service = mesh.service(host: host, from: namespace)
        case let reference: service = mesh.services(reference).first
        }
        if owner != namespace, !mesh.grants(route.key.kind, from: namespace, to: value, in: owner) {
            self = .invalid(reason: "RefNotPermitted", "no ReferenceGrant in \(owner) lets \(namespace) use \(label)")
        } else if let service {
            guard let number = value.port("port"),
                let port = service.claim.ports.first(where: { $0.port == number })
            else {
                let port = value.port("port").map { "\($0)" } ?? "(none)"
                self = .invalid(reason: "BackendNotFound", "\(label) has no port \(port)")
                return
            }
            self = .found(service, port)
        } else {
            self = .invalid(reason: "BackendNotFound", "\(label) is not there")
        }
    }
}
