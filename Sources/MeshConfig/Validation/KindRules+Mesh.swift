import MeshModel

extension KindRules {
    /// Classes that are waypoints, and those that are gateways between networks.
    static let waypointClasses: Set<String> = ["istio-waypoint", "tulle-waypoint"]
    static let networkClasses: Set<String> = ["istio-east-west", "istio-remote"]

    mutating func gateway(_ spec: SpecCursor) {
        let name = spec.text("gatewayClassName") ?? ""
        let classes = Self.waypointClasses.union(Self.networkClasses)
        if !classes.contains(name) {
            self.report.error(
                .unsupportedValue,
                spec,
                "gatewayClassName \(Quoted(name)) is not supported by Tulle; "
                    + "allowed are \(classes.sorted().joined(separator: ", "))"
            )
        }
        let listeners = spec.list("listeners")
        self.report.refuseDuplicates(listeners, "listener") { $0.text("name") ?? "" }
        self.report.refuseDuplicates(listeners, "port") {
            "\($0.value["port"]?.integer ?? 0)/\($0.text("protocol") ?? "")/\($0.text("hostname") ?? "")"
        }
        for listener in listeners { self.listener(listener) }
        for address in spec.list("addresses") {
            let value = address.text("value") ?? ""
            let format: StringFormat = address.text("type") == "Hostname" ? .hostname : .ip
            if let fault = format.fault(in: value) { self.report.error(.badValue, address, "value \(fault)") }
        }
        if name == "istio-remote", spec.list("addresses").isEmpty {
            self.report.error(.contradiction, spec, "class istio-remote needs addresses: where the gateway is reached")
        }
    }

    private mutating func listener(_ listener: SpecCursor) {
        let name = listener.text("protocol") ?? ""
        if !["HBONE", "istio.io/PROXY"].contains(name) {
            self.report.error(
                .unsupportedValue,
                listener,
                "protocol \(Quoted(name)) is not supported by Tulle; allowed are HBONE, istio.io/PROXY"
            )
        } else if name == "HBONE", listener.value["port"]?.integer != 15008 {
            self.report.error(.contradiction, listener, "port of an HBONE listener must be 15008")
        }
        guard let namespaces = listener["allowedRoutes"]?["namespaces"] else { return }
        self.labelSelector(namespaces["selector"])
        if namespaces.text("from") == "Selector" {
            if namespaces["selector"] == nil {
                self.report.error(.contradiction, namespaces, "from: Selector needs a selector")
            }
        } else if let selector = namespaces["selector"] {
            self.report.error(.contradiction, selector, "needs from: Selector")
        }
    }

    mutating func meshConfig(_ spec: SpecCursor) {
        self.report.refuseDuplicates(spec.list("trustDomainAliases"), "trust domain") { $0.text }
        for rule in spec.list("visibilityRules") { self.labelSelector(rule["namespaceSelector"]) }
        self.providers(spec)
    }

    private mutating func providers(_ spec: SpecCursor) {
        let providers = spec.list("extensionProviders")
        self.report.refuseDuplicates(providers, "provider") { $0.text("name") ?? "" }
        for provider in providers {
            for field in ["envoyExtAuthzHttp", "envoyExtAuthzGrpc"] {
                guard let status = provider[field]?["statusOnError"] else { continue }
                if !(Int(status.text).map { (200...599).contains($0) } ?? false) {
                    self.report.error(.badValue, status, "\(Quoted(status.text)) must be a status from 200 to 599")
                }
            }
        }
        let known = Set(providers.compactMap { $0.text("name") }).union(["envoy", "prometheus"])
        for field in ["accessLogging", "tracing", "metrics"] {
            for name in spec["defaultProviders"]?.list(field) ?? [] where !known.contains(name.text) {
                self.report.error(.badValue, name, "\(Quoted(name.text)) is none of extensionProviders")
            }
        }
        if let format = spec["accessLogFormat"], spec.text("accessLogEncoding") == "JSON", !format.text.isEmpty {
            let reason = "is for text; for JSON declare a provider envoyFileAccessLog with logFormat.labels"
            self.report.error(.contradiction, format, reason)
        }
        self.locality(spec["localityLbSetting"])
    }

    mutating func ecsAccount(_ spec: SpecCursor) {
        self.report.refuseDuplicates(spec.list("regions"), "region") { $0.text }
        guard let role = spec["role"] else {
            if let externalID = spec["externalID"] {
                self.report.error(.contradiction, externalID, "is for taking on a role, and there is none")
            }
            return
        }
        let account = role.text.split(separator: ":", omittingEmptySubsequences: false).dropFirst(4).first ?? ""
        if account != spec.text("account") ?? "" {
            self.report.error(
                .contradiction,
                role,
                "is a role of account \(account), not of \(spec.text("account") ?? "")"
            )
        }
    }

    mutating func telemetry(_ spec: SpecCursor) {
        self.selector(spec)
        self.targetReferences(spec)
        for metrics in spec.list("metrics") {
            for override in metrics.list("overrides") {
                for (_, tag) in override["tagOverrides"]?.entries ?? [] {
                    let isUpsert = tag.text("operation") != "REMOVE"
                    if isUpsert, tag["value"] == nil {
                        self.report.error(.contradiction, tag, "operation UPSERT needs a value")
                    } else if !isUpsert, tag["value"] != nil {
                        self.report.error(.contradiction, tag, "operation REMOVE takes no value")
                    }
                }
            }
        }
        let tracing = spec.list("tracing")
        if tracing.count > 1 {
            self.report.warning(.noEffect, spec, "has several entries in tracing; only the first is used")
        }
        for entry in tracing where entry.list("providers").count > 1 {
            self.report.warning(.noEffect, entry, "has several providers; only the first is used")
        }
        if spec["selector"] != nil {
            self.report.warning(.noEffect, spec, "a selector selects no waypoint, and only waypoints use Telemetry")
        }
    }
}
