extension KindRules {
    /// Tokens of `retryOn`.
    private static let retryTokens: Set<String> = [
        "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "refused-stream", "retriable-4xx",
        "retriable-status-codes", "retriable-headers", "envoy-ratelimited", "cancelled", "deadline-exceeded",
        "internal", "resource-exhausted", "unavailable",
    ]
    /// Names of gRPC's statuses, by number.
    private static let statusNames = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    mutating func virtualService(_ spec: SpecCursor) {
        let hosts = spec.list("hosts")
        let routes = spec.list("http")
        self.exportTo(spec)
        self.report.refuseDuplicates(hosts, "host") { $0.text }
        for host in hosts where host.text == "*" {
            self.report.error(.badValue, host, "'*' is for ingress gateways; name the service")
        }
        for gateway in spec.list("gateways") where gateway.text != "mesh" {
            self.report.warning(.noEffect, gateway, "has no effect: only `mesh` is, and it is the default")
        }
        if hosts.isEmpty {
            for field in ["gateways", "tls", "tcp"] where !spec.list(field).isEmpty {
                self.report.error(.contradiction, spec, "has no hosts, so it is a delegate and takes no \(field)")
            }
        }
        if routes.isEmpty, spec.list("tls").isEmpty, spec.list("tcp").isEmpty {
            self.report.error(.missingField, spec, "needs at least one entry in http, tls or tcp")
        }
        var catchAll: SpecCursor?
        for route in routes {
            if let catchAll {
                self.report.warning(.noEffect, route, "is never reached: \(catchAll.path) matches every request")
            } else if Self.matchesAll(route) {
                catchAll = route
            }
            self.httpRule(route, isDelegate: hosts.isEmpty)
        }
        for route in spec.list("tls") + spec.list("tcp") { self.weights(route) }
    }

    private static func matchesAll(_ route: SpecCursor) -> Bool {
        let matches = route.list("match")
        guard !matches.isEmpty else { return true }
        return matches.contains { match in
            let fields = match.value.entries.keys.filter { !["name", "statPrefix", "ignoreUriCase"].contains($0) }
            return fields.isEmpty || (fields == ["uri"] && match["uri"]?.text("prefix") == "/")
        }
    }

    private mutating func httpRule(_ route: SpecCursor, isDelegate: Bool) {
        if isDelegate, let delegate = route["delegate"] {
            self.report.error(.contradiction, delegate, "can't stand in a delegate: one level is allowed")
        }
        if route["redirect"] != nil {
            for field in ["fault", "rewrite"] where route[field] != nil {
                self.report.error(.contradiction, route, "redirect can't stand beside \(field)")
            }
        }
        if let redirect = route["redirect"], redirect.value.entries.keys.allSatisfy({ $0 == "redirectCode" }) {
            self.report.error(.contradiction, redirect, "needs uri, authority, scheme or a port")
        }
        if let rewrite = route["rewrite"], rewrite.value.entries.isEmpty {
            self.report.error(.contradiction, rewrite, "needs uri, authority or uriRegexRewrite")
        }
        if let percentage = route["mirrorPercentage"], route["mirror"] == nil {
            self.report.error(.contradiction, percentage, "needs mirror")
        }
        for match in route.list("match") { self.match(match) }
        self.weights(route)
        self.headers(route)
        for destination in route.list("route") { self.headers(destination) }
        if route["rewrite"]?["authority"] != nil, Self.setsAuthority(route) {
            self.report.error(.contradiction, route, "the authority is set both by rewrite and by headers")
        }
        if let status = route["fault"]?["abort"]?["grpcStatus"] {
            let number = Int(status.text)
            if !Self.statusNames.contains(status.text), !(number.map(Self.statusNames.indices.contains) ?? false) {
                self.report.error(
                    .badValue,
                    status,
                    "\(Quoted(status.text)) must be a status of gRPC such as UNAVAILABLE"
                )
            }
        }
        if let tokens = route["retries"]?["retryOn"] { self.retryOn(tokens) }
    }

    private mutating func retryOn(_ cursor: SpecCursor) {
        for part in cursor.text.split(separator: ",") {
            let token = part.filter { $0 != " " }
            let isStatus = Int(token).map { (100...599).contains($0) } ?? false
            guard !isStatus, !Self.retryTokens.contains(token) else { continue }
            let known = Self.retryTokens.sorted().joined(separator: ", ")
            self.report.error(.badValue, cursor, "\(Quoted(token)) must be a status, or one of \(known)")
        }
    }

    private mutating func match(_ match: SpecCursor) {
        for field in ["headers", "withoutHeaders"] {
            for (name, value) in match[field]?.entries ?? [] {
                let isPseudo = [":method", ":authority", ":path", ":scheme"].contains(name)
                let isClaim = name.hasPrefix("@request.auth.claims")
                if !isPseudo, !isClaim, !TextForm.isToken(name) {
                    self.report.error(.badValue, value, "\(Quoted(name)) must be \(StringFormat.headerName.allowed)")
                }
                if name != name.lowercased(), !isClaim {
                    self.report.error(.badValue, value, "\(Quoted(name)) must be in lower case")
                }
            }
        }
        for gateway in match.list("gateways") where gateway.text != "mesh" {
            self.report.warning(.noEffect, gateway, "has no effect: only `mesh` is, and it is the default")
        }
    }

    private mutating func headers(_ owner: SpecCursor) {
        for direction in ["request", "response"] {
            guard let operations = owner["headers"]?[direction] else { continue }
            for field in ["set", "add"] {
                for (name, value) in operations[field]?.entries ?? [] where !TextForm.isToken(name) {
                    if name == ":authority", direction == "request", field == "set" { continue }
                    self.report.error(.badValue, value, "\(Quoted(name)) must be \(StringFormat.headerName.allowed)")
                }
            }
        }
    }

    private static func setsAuthority(_ route: SpecCursor) -> Bool {
        let set = route["headers"]?["request"]?["set"]?.entries ?? []
        return set.contains { $0.key == ":authority" || $0.key.lowercased() == "host" }
    }

    /// With several destinations, a weight of zero takes one out; all of them can't be out.
    private mutating func weights(_ route: SpecCursor) {
        let destinations = route.list("route")
        guard destinations.count > 1 else { return }
        let weights = destinations.map { $0.value["weight"]?.integer ?? 0 }
        if weights.allSatisfy({ $0 == 0 }) {
            self.report.error(.contradiction, route, "has several destinations, and no weight above 0")
        }
    }
}
