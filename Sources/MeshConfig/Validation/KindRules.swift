/// What holds between the fields of a kind, beyond what each field must be: the checks that Istio's and the Gateway
/// API's admission make, and those that keep Tulle from enforcing something else than was written.
///
/// They run on documents that meet their schema, so each reads what it needs without asking twice.
struct KindRules {
    let kind: ResourceKind
    let metadata: ResourceMetadata
    let limits: ConfigurationLimits
    var report: FaultReport

    mutating func check(_ spec: SpecCursor) {
        if self.kind != .authorizationPolicy, self.metadata.annotations["istio.io/dry-run"] != nil {
            self.report.error(
                .badMetadata,
                "metadata.annotations[istio.io/dry-run]",
                "is for AuthorizationPolicy only",
                at: spec.mark
            )
        }
        switch self.kind {
        case .namespace, .serviceAccountBinding: break
        case .gateway: self.gateway(spec)
        case .httpRoute, .grpcRoute, .tcpRoute, .tlsRoute: self.route(spec)
        case .referenceGrant: break
        case .virtualService: self.virtualService(spec)
        case .destinationRule: self.destinationRule(spec)
        case .serviceEntry: self.serviceEntry(spec)
        case .workloadEntry: self.workloadEntry(spec, ports: nil)
        case .authorizationPolicy: self.authorizationPolicy(spec)
        case .peerAuthentication: self.peerAuthentication(spec)
        case .requestAuthentication: self.requestAuthentication(spec)
        case .telemetry: self.telemetry(spec)
        case .meshConfig: self.meshConfig(spec)
        case .ecsAccount: self.ecsAccount(spec)
        case .payloadPolicy: self.payloadPolicy(spec)
        case .backendTrafficPolicy:
            self.targetReferences(spec)
            self.persistence(of: spec)
        case .rateLimitPolicy: self.rateLimitPolicy(spec)
        case .healthCheckPolicy: self.healthCheckPolicy(spec)
        case .backendTLSPolicy: self.backendTLSPolicy(spec)
        case .caBundle: self.caBundle(spec)
        }
    }

    /// Istio's workload selector: no wildcards.
    mutating func selector(_ spec: SpecCursor) {
        guard let selector = spec["selector"] else { return }
        let labels = selector["matchLabels"]?.entries ?? []
        if labels.isEmpty {
            self.report.warning(.noEffect, selector, "names no label, so it selects every workload of the namespace")
        }
        for (key, value) in labels {
            if key.contains("*") || value.text.contains("*") {
                self.report.error(.badValue, value, "can't hold '*': labels are compared as they are")
            } else if !StringFormat.labelValue.isMet(by: value.text) {
                self.report.error(.badValue, value, "\(Quoted(value.text)) must be \(StringFormat.labelValue.allowed)")
            }
        }
    }

    /// Istio's `targetRefs`; `targetRef` is the older form of one.
    mutating func targetReferences(_ spec: SpecCursor) {
        let references = spec["targetRef"].map { [$0] } ?? spec.list("targetRefs")
        self.report.refuseDuplicates(references, "target") {
            "\($0.text("kind") ?? "")/\($0.text("name") ?? "")"
        }
        for reference in references {
            let group = reference.text("group") ?? ""
            let kind = reference.text("kind") ?? ""
            let allowed: [String] =
                switch kind {
                case "Service": ["", "core"]
                case "ServiceEntry": ["networking.istio.io"]
                default: ["gateway.networking.k8s.io"]
                }
            guard !allowed.contains(group) else { continue }
            let groups = allowed.map { $0.isEmpty ? "''" : $0 }.joined(separator: " or ")
            self.report.error(
                .contradiction,
                reference,
                "group of kind \(kind) must be \(groups), not \(Quoted(group))"
            )
        }
    }

    /// Whether the resource is attached to something, and so carried out by a waypoint.
    func hasTargets(_ spec: SpecCursor) -> Bool { spec["targetRef"] != nil || !spec.list("targetRefs").isEmpty }

    /// Warns of a kind that only waypoints carry out, without what attaches it to one.
    mutating func needsTargets(_ spec: SpecCursor) {
        guard !self.hasTargets(spec) else { return }
        self.report.warning(
            .noEffect,
            spec,
            "has no targetRefs, and only waypoints carry out \(self.kind.rawValue): name a Gateway, Service, "
                + "ServiceEntry or GatewayClass"
        )
    }

    /// A Kubernetes label selector: operators with the values that they need.
    mutating func labelSelector(_ selector: SpecCursor?) {
        for requirement in selector?.list("matchExpressions") ?? [] {
            let operation = requirement.text("operator") ?? ""
            let isSet = !requirement.list("values").isEmpty
            if operation.hasSuffix("In"), !isSet {
                self.report.error(.contradiction, requirement, "operator \(operation) needs values")
            } else if !operation.hasSuffix("In"), isSet {
                self.report.error(.contradiction, requirement, "operator \(operation) takes no values")
            }
        }
    }

    /// Istio's `exportTo`.
    mutating func exportTo(_ spec: SpecCursor) {
        let all = spec.list("exportTo")
        self.report.refuseDuplicates(all, "namespace") { $0.text }
        for cursor in all {
            switch cursor.text {
            case "*", "~":
                guard all.count > 1 else { continue }
                self.report.error(.contradiction, cursor, "'\(cursor.text)' must stand alone")
            case ".": continue
            case let name where TextForm.isLabel(name[...]): continue
            case let name:
                self.report.error(.badValue, cursor, "\(Quoted(name)) must be '.', '*', '~' or a namespace")
            }
        }
    }
}
