import MeshConfig
import MeshModel
import MeshProtos

/// One rule of a VirtualService's `http`, with a delegate's already merged in.
struct VirtualServiceRule {
    private let rule: ConfigValue
    private let owner: DeclaredResource
    private let name: String

    init(_ rule: ConfigValue, index: Int, of owner: DeclaredResource) {
        self.rule = rule
        self.owner = owner
        let own = rule.text("name") ?? "\(index)"
        self.name = "\(owner.metadata.namespace)/\(owner.metadata.name)/\(own)"
    }

    /// Whether a VirtualService, or a match of it, is for the mesh, as all are that name no gateway.
    static func isForMesh(_ value: ConfigValue) -> Bool {
        let gateways = value.texts("gateways")
        return gateways.isEmpty || gateways.contains("mesh")
    }

    /// The matches that count on a port; nil where none does, so that the rule is left out.
    func matches(port: UInt16) -> [ConfigValue]? {
        let written = self.rule.list("match")
        guard !written.isEmpty else { return [.null] }
        let own = written.filter { match in
            Self.isForMesh(match) && (match.port("port") ?? port) == port && match["sourceLabels"] == nil
        }
        return own.isEmpty ? nil : own
    }

    /// What becomes of requests that meet a match.
    func action(for match: ConfigValue, port: ServicePort, _ compilation: inout ServiceCompilation)
        -> TulleL7.RouteAction
    {
        var action = TulleL7.RouteAction()
        action.name = self.name
        action.origin = self.owner.key.description
        let headers = self.rule["headers"]
        action.requestHeaders = HeaderOperations.changes(headers?["request"])
        action.responseHeaders = HeaderOperations.changes(headers?["response"])
        action.rewrite = self.rewrite(for: match)
        if let authority = HeaderOperations.authority(headers?["request"]) {
            var rewrite = action.rewrite ?? TulleL7.Rewrite()
            rewrite.authority = authority
            action.rewrite = rewrite
        }
        action.crossOrigin = self.rule["corsPolicy"].map(Self.crossOrigin)
        action.fault = self.rule["fault"].map(Self.fault)
        action.requestTimeoutMilliseconds = self.rule.milliseconds("timeout") ?? 0
        if let retries = self.rule["retries"] {
            let retry = RetryOperations.retry(retries)
            action.retry = retry
            if retry.attempts > 0 {
                action.attemptTimeoutMilliseconds = retries.milliseconds("perTryTimeout") ?? 0
            }
        }
        action.mirrors = self.mirrors(port, &compilation)
        if let redirect = self.rule["redirect"] {
            action.redirect = Self.redirect(redirect)
        } else if let direct = self.rule["directResponse"] {
            action.direct = Self.direct(direct)
        } else {
            action.forward = self.forward(port, &compilation)
        }
        return action
    }

    // MARK: Destinations

    private func forward(_ port: ServicePort, _ compilation: inout ServiceCompilation) -> TulleL7.Forward {
        let routes = self.rule.list("route")
        return TulleL7.Forward.with {
            $0.clusters = routes.compactMap { route in
                let weight = routes.count == 1 ? 100 : route.count("weight") ?? 0
                guard weight > 0 else { return nil }
                var cluster = TulleL7.WeightedCluster()
                cluster.cluster = compilation.cluster(route["destination"] ?? .null, of: self.owner, port: port)
                cluster.weight = weight
                let headers = route["headers"]
                cluster.requestHeaders = HeaderOperations.changes(headers?["request"])
                cluster.responseHeaders = HeaderOperations.changes(headers?["response"])
                cluster.rewrite = HeaderOperations.authority(headers?["request"]).map { authority in
                    TulleL7.Rewrite.with { $0.authority = authority }
                }
                return cluster
            }
        }
    }

    private func mirrors(_ port: ServicePort, _ compilation: inout ServiceCompilation) -> [TulleL7.Mirror] {
        var mirrors: [TulleL7.Mirror] = []
        func add(_ destination: ConfigValue, _ percentage: ConfigValue?, _ compilation: inout ServiceCompilation) {
            let fraction = percentage.map { $0.fraction("value") ?? 0 } ?? 1_000_000
            guard fraction > 0 else { return }
            var mirror = TulleL7.Mirror()
            mirror.cluster = compilation.cluster(destination, of: self.owner, port: port)
            mirror.fraction = fraction
            mirrors.append(mirror)
        }
        if let mirror = self.rule["mirror"] { add(mirror, self.rule["mirrorPercentage"], &compilation) }
        for mirror in self.rule.list("mirrors") {
            add(mirror["destination"] ?? .null, mirror["percentage"], &compilation)
        }
        return mirrors
    }

    // MARK: Changes

    /// The matched prefix is replaced, else the whole path.
    private func rewrite(for match: ConfigValue) -> TulleL7.Rewrite? {
        guard let value = self.rule["rewrite"] else { return nil }
        return TulleL7.Rewrite.with {
            $0.authority = value.text("authority") ?? ""
            if let uri = value.text("uri") {
                $0.path = TulleL7.PathChange.with {
                    let isWhole = match["uri"]?["exact"] != nil || match["uri"]?["regex"] != nil
                    $0.kind = isWhole ? .full : .stringPrefix
                    $0.value = uri
                }
            } else if let regex = value["uriRegexRewrite"] {
                $0.path = TulleL7.PathChange.with {
                    $0.kind = .regex
                    $0.pattern = regex.text("match") ?? ""
                    $0.value = regex.text("rewrite") ?? ""
                }
            }
        }
    }

    private static func redirect(_ value: ConfigValue) -> TulleL7.Redirect {
        TulleL7.Redirect.with {
            $0.scheme = value.text("scheme") ?? ""
            $0.host = value.text("authority") ?? ""
            $0.port = value.count("port") ?? 0
            switch value.text("derivePort") {
            case "FROM_PROTOCOL_DEFAULT": $0.portRule = .protocolDefault
            case "FROM_REQUEST_PORT": $0.portRule = .request
            default: $0.portRule = .keep
            }
            $0.path = value.text("uri").map { uri in
                TulleL7.PathChange.with {
                    $0.kind = .full
                    $0.value = uri
                }
            }
            $0.status = value.count("redirectCode") ?? 301
        }
    }

    private static func direct(_ value: ConfigValue) -> TulleL7.DirectResponse {
        TulleL7.DirectResponse.with {
            $0.status = value.count("status") ?? 200
            if let text = value["body"]?.text("string") {
                $0.body = Array(text.utf8)
            } else if let text = value["body"]?.text("bytes") {
                $0.body = Base64Text.bytes(text) ?? []
            }
        }
    }

    /// Without a percentage no request is delayed, and every request is aborted.
    private static func fault(_ value: ConfigValue) -> TulleL7.Fault {
        TulleL7.Fault.with {
            if let delay = value["delay"] {
                $0.delayFraction = delay["percentage"]?.fraction("value") ?? 0
                $0.delayMilliseconds = delay.milliseconds("fixedDelay") ?? 0
            }
            if let abort = value["abort"] {
                $0.abortFraction = abort["percentage"].map { $0.fraction("value") ?? 0 } ?? 1_000_000
                $0.httpStatus = abort.count("httpStatus") ?? 0
                if let status = abort.text("grpcStatus") { $0.grpcStatusPlusOne = GRPCStatusText.number(status) + 1 }
            }
        }
    }

    private static func crossOrigin(_ value: ConfigValue) -> TulleL7.CrossOrigin {
        TulleL7.CrossOrigin.with {
            $0.origins = value.list("allowOrigins").map { VirtualServiceMatch.text($0) }
            $0.methods = value.texts("allowMethods")
            $0.headers = value.texts("allowHeaders")
            $0.exposeHeaders = value.texts("exposeHeaders")
            $0.maxAge = value.milliseconds("maxAge").map { age in
                TulleL7.CrossOrigin.MaxAge.with { $0.seconds = age / 1000 }
            }
            $0.credentials = value["allowCredentials"]?.flag ?? false
            $0.forwardsUnmatched = value.text("unmatchedPreflights") != "IGNORE"
        }
    }
}
