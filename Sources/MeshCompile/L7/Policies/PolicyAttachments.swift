import MeshConfig
import MeshModel
import MeshProtos

/// The policies that a waypoint enforces for a service, or, without one, for workloads that are called by address: those
/// that name the service, the waypoint, or, in the mesh's root namespace, its class. What selects workloads is no
/// waypoint's.
struct PolicyAttachments {
    let mesh: L7Mesh
    let waypoint: ResourceKey
    /// Nil for workloads.
    let claim: ServiceClaim?

    /// What a policy must name, the narrowest last.
    private var levels: [[L7Reference]] {
        var levels: [[L7Reference]] = []
        if case .gateway(let gateway)? = self.mesh.resources[self.waypoint]?.spec {
            levels.append([.gatewayClass(gateway.gatewayClassName)])
        }
        levels.append([.gateway(self.waypoint)])
        if let claim { levels.append(self.mesh.references(to: claim)) }
        return levels
    }

    /// Policies of a kind, the widest first, then by age.
    private func resources(_ kind: ResourceKind) -> [DeclaredResource] {
        var seen: Set<ResourceKey> = []
        return self.levels.flatMap { self.resources(kind, $0) }.filter { seen.insert($0.key).inserted }
    }

    private func resources(_ kind: ResourceKind, _ level: [L7Reference]) -> [DeclaredResource] {
        self.mesh.resources(kind, attachedTo: level).filter { resource in
            guard case .gatewayClass? = level.first else { return true }
            return resource.metadata.namespace == self.mesh.config.rootNamespace
        }
    }

    // MARK: Security

    /// Who may ask for what; nil where nothing is said.
    var security: TulleL7.Security? {
        let security = TulleL7.Security.with {
            $0.policies = self.resources(.authorizationPolicy).compactMap(Self.policy)
            $0.tokens = self.resources(.requestAuthentication).flatMap(self.tokens)
            $0.payloads = self.resources(.payloadPolicy).compactMap(PayloadTranslation.policy)
            let most = ServiceCompilation.Limits.policies
            // What is beyond the bound is not left out but closes the service.
            let counts = [$0.policies.count, $0.tokens.count, $0.payloads.count, self.rateLimits.count]
            guard counts.contains(where: { $0 > most }) else { return }
            $0.tokens.removeAll()
            $0.payloads.removeAll()
            $0.policies = [
                TulleL7.AuthorizationPolicy.with {
                    $0.namespace = self.waypoint.namespace
                    $0.name = "too-many-policies"
                    $0.action = .deny
                    $0.rules = [TulleL7.AuthorizationPolicy.Rule()]
                }
            ]
        }
        return security == TulleL7.Security() ? nil : security
    }

    private static func policy(_ resource: DeclaredResource) -> TulleL7.AuthorizationPolicy? {
        guard case .authorizationPolicy(let policy) = resource.spec else { return nil }
        return TulleL7.AuthorizationPolicy.with {
            $0.namespace = resource.metadata.namespace
            $0.name = resource.metadata.name
            switch policy.action {
            case .allow: $0.action = .allow
            case .deny: $0.action = .deny
            case .audit: $0.action = .audit
            case .custom: $0.action = .custom
            }
            $0.dryRun = resource.metadata.annotations["istio.io/dry-run"] == "true"
            $0.provider = policy.provider ?? ""
            $0.rules = policy.rules.map { rule in
                TulleL7.AuthorizationPolicy.Rule.with {
                    $0.from = rule.from.map(\.message)
                    $0.to = rule.to.map(\.message)
                    $0.when = rule.when.map { condition in
                        TulleL7.AuthorizationPolicy.Condition.with {
                            $0.key = condition.key
                            $0.values = condition.values
                            $0.notValues = condition.notValues
                        }
                    }
                }
            }
        }
    }

    private func tokens(_ resource: DeclaredResource) -> [TulleL7.TokenRule] {
        guard case .route(_, let spec) = resource.spec else { return [] }
        return spec.list("jwtRules").map { rule in
            TulleL7.TokenRule.with {
                $0.origin = "\(resource.metadata.namespace)/\(resource.metadata.name)"
                $0.issuer = rule.text("issuer") ?? ""
                $0.audiences = rule.texts("audiences")
                $0.keys = rule.text("jwks") ?? KeySource(rule: rule).flatMap { self.mesh.keySets[$0] } ?? ""
                $0.headers = rule.list("fromHeaders").map { header in
                    TulleL7.TokenRule.Location.with {
                        $0.name = (header.text("name") ?? "").lowercased()
                        $0.prefix = header.text("prefix") ?? ""
                    }
                }
                $0.parameters = rule.texts("fromParams")
                $0.cookies = rule.texts("fromCookies")
                if $0.headers.isEmpty, $0.parameters.isEmpty, $0.cookies.isEmpty {
                    $0.headers = [
                        TulleL7.TokenRule.Location.with {
                            $0.name = "authorization"
                            $0.prefix = "Bearer "
                        }
                    ]
                    $0.parameters = ["access_token"]
                }
                $0.payloadHeader = (rule.text("outputPayloadToHeader") ?? "").lowercased()
                $0.claimHeaders = rule.list("outputClaimToHeaders").map { output in
                    TulleL7.TokenRule.ClaimHeader.with {
                        $0.header = (output.text("header") ?? "").lowercased()
                        $0.claim = output.text("claim") ?? ""
                    }
                }
                $0.forwardsToken = rule["forwardOriginalToken"]?.flag ?? false
                $0.spaceDelimitedClaims = rule.texts("spaceDelimitedClaims")
            }
        }
    }

    // MARK: Limits

    /// Limits on requests. Where there are more than the bound, ``security`` closes the service.
    var rateLimits: [TulleL7.RateLimit] {
        self.resources(.rateLimitPolicy).flatMap { resource -> [TulleL7.RateLimit] in
            guard case .route(_, let spec) = resource.spec else { return [] }
            return spec.list("limits").enumerated().map { index, limit in
                TulleL7.RateLimit.with {
                    let name = limit.text("name") ?? "\(index)"
                    $0.name = "\(resource.metadata.namespace)/\(resource.metadata.name)/\(name)"
                    $0.match = limit["match"].map(HTTPRouteMatch.match)
                    $0.requests = limit.count("requests") ?? 0
                    $0.windowMilliseconds = limit.milliseconds("window") ?? 0
                    $0.burst = limit.count("burst") ?? 0
                    $0.key = limit.texts("key")
                    $0.status = limit.count("status") ?? 429
                }
            }
        }
    }

    // MARK: Telemetry

    /// What is reported; nil where nothing is said.
    var telemetry: TulleL7.Telemetry? {
        var merge = TelemetryMerge(config: self.mesh.config)
        var namespaces = [self.mesh.config.rootNamespace, self.waypoint.namespace]
        if let claim { namespaces.append(claim.key.namespace) }
        var seen: Set<String> = []
        for namespace in namespaces where seen.insert(namespace).inserted {
            let defaults = self.mesh.resources(.telemetry, attachedTo: [.namespace(namespace)])
            if let oldest = defaults.first { merge.add(oldest) }
        }
        for level in self.levels {
            if let oldest = self.resources(.telemetry, level).first { merge.add(oldest) }
        }
        return merge.result
    }
}

extension Declared.AuthorizationPolicy.Source {
    fileprivate var message: TulleL7.AuthorizationPolicy.Source {
        TulleL7.AuthorizationPolicy.Source.with {
            $0.principals = self.principals
            $0.notPrincipals = self.notPrincipals
            $0.requestPrincipals = self.requestPrincipals
            $0.notRequestPrincipals = self.notRequestPrincipals
            $0.namespaces = self.namespaces
            $0.notNamespaces = self.notNamespaces
            $0.serviceAccounts = self.serviceAccounts
            $0.notServiceAccounts = self.notServiceAccounts
            $0.ipBlocks = self.ipBlocks
            $0.notIpBlocks = self.notIpBlocks
            $0.remoteIpBlocks = self.remoteIpBlocks
            $0.notRemoteIpBlocks = self.notRemoteIpBlocks
            $0.trustDomains = self.trustDomains
            $0.notTrustDomains = self.notTrustDomains
        }
    }
}

extension Declared.AuthorizationPolicy.Operation {
    fileprivate var message: TulleL7.AuthorizationPolicy.Operation {
        TulleL7.AuthorizationPolicy.Operation.with {
            $0.hosts = self.hosts
            $0.notHosts = self.notHosts
            $0.ports = self.ports
            $0.notPorts = self.notPorts
            $0.methods = self.methods
            $0.notMethods = self.notMethods
            $0.paths = self.paths
            $0.notPaths = self.notPaths
        }
    }
}
