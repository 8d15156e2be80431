extension KindRules {
    /// The Gateway API's routes.
    mutating func route(_ spec: SpecCursor) {
        let parents = spec.list("parentRefs")
        for parent in parents { self.parent(parent) }
        self.report.refuseDuplicates(parents, "parent") { parent in
            let name = "\(parent.text("namespace") ?? "")/\(parent.text("kind") ?? "")/\(parent.text("name") ?? "")"
            return "\(name)/\(parent.text("sectionName") ?? "")/\(parent.value["port"]?.integer ?? 0)"
        }
        if let hostnames = spec["hostnames"], parents.contains(where: { $0.text("kind") != "Gateway" }) {
            self.report.warning(
                .noEffect,
                hostnames,
                "has no effect for a Service: the address that was called decides, not the request's host"
            )
        }
        let rules = spec.list("rules")
        self.report.refuseDuplicates(rules.filter { $0["name"] != nil }, "rule") { $0.text("name") ?? "" }
        if rules.reduce(0, { $0 + $1.list("matches").count }) > 128 {
            self.report.error(.tooManyValues, spec, "has more than 128 matches")
        }
        for rule in rules { self.routeRule(rule) }
    }

    private mutating func parent(_ parent: SpecCursor) {
        let kind = parent.text("kind") ?? ""
        let needed = ["Service": "", "ServiceEntry": "networking.istio.io"][kind] ?? "gateway.networking.k8s.io"
        let group = parent.text("group") ?? ""
        if group != needed {
            self.report.error(
                .contradiction,
                parent,
                "group of kind \(kind) must be \(Quoted(needed)), not \(Quoted(group))"
            )
        }
    }

    private mutating func routeRule(_ rule: SpecCursor) {
        for match in rule.list("matches") { self.routeMatch(match) }
        self.filters(rule, of: rule)
        for backend in rule.list("backendRefs") {
            self.backend(backend)
            self.filters(backend, of: rule)
        }
        if let timeouts = rule["timeouts"], let request = timeouts.text("request").flatMap(DurationForms.gateway),
            let backend = timeouts.text("backendRequest").flatMap(DurationForms.gateway), request != .zero,
            backend > request
        {
            self.report.error(.contradiction, timeouts, "backendRequest must not be longer than request")
        }
        self.persistence(of: rule)
    }

    /// - Parameter owner: what has `sessionPersistence`.
    mutating func persistence(of owner: SpecCursor) {
        if let persistence = owner["sessionPersistence"],
            persistence["cookieConfig"]?.text("lifetimeType") == "Permanent", persistence["absoluteTimeout"] == nil
        {
            self.report.error(.contradiction, persistence, "lifetimeType Permanent needs absoluteTimeout")
        }
    }

    mutating func routeMatch(_ match: SpecCursor) {
        if let path = match["path"], let value = path["value"] {
            if path.text("type") == "RegularExpression" {
                self.regex(value)
            } else if let fault = Self.pathFault(value.text) {
                self.report.error(.badValue, value, "\(Quoted(value.text)) \(fault)")
            }
        }
        for field in ["headers", "queryParams"] {
            let all = match.list(field)
            self.report.refuseDuplicates(all, "name") { entry in
                let name = entry.text("name") ?? ""
                return field == "headers" ? name.lowercased() : name
            }
            for entry in all where entry.text("type") == "RegularExpression" {
                if let value = entry["value"] { self.regex(value) }
            }
        }
        if let method = match["method"], method.text("type") == "RegularExpression" {
            for value in [method["service"], method["method"]].compactMap({ $0 }) { self.regex(value) }
        }
    }

    /// The Gateway API's admission rules for paths of types Exact and PathPrefix.
    private static func pathFault(_ text: String) -> String? {
        guard StringFormat.path.isMet(by: text) else { return "must be \(StringFormat.path.allowed)" }
        let wrong = ["//", "/./", "/../", "%2f", "%2F"].first(where: text.contains)
        if let wrong { return "can't hold '\(wrong)'" }
        return text.hasSuffix("/.") || text.hasSuffix("/..") ? "can't end in '/.' or '/..'" : nil
    }

    private mutating func regex(_ value: SpecCursor) {
        if let fault = StringFormat.regex.fault(in: value.text) { self.report.error(.badValue, value, fault) }
    }

    /// - Parameter rule: whose matches the filters follow.
    private mutating func filters(_ owner: SpecCursor, of rule: SpecCursor) {
        let filters = owner.list("filters")
        let types = filters.compactMap { $0.text("type") }
        for type in Set(types).sorted() where type != "RequestMirror" && types.filter({ $0 == type }).count > 1 {
            self.report.error(.duplicateValue, owner, "has several filters of type \(type)")
        }
        if types.contains("RequestRedirect") {
            if types.contains("URLRewrite") {
                self.report.error(.contradiction, owner, "RequestRedirect can't stand beside URLRewrite")
            }
            if !owner.list("backendRefs").isEmpty {
                self.report.error(.contradiction, owner, "RequestRedirect can't stand beside backendRefs")
            }
        }
        for filter in filters { self.filter(filter, of: rule) }
    }

    private mutating func filter(_ filter: SpecCursor, of rule: SpecCursor) {
        let type = filter.text("type") ?? ""
        let field =
            ["URLRewrite": "urlRewrite", "CORS": "cors"][type] ?? type.prefix(1).lowercased() + type.dropFirst()
        guard let content = filter[field] else {
            self.report.error(.contradiction, filter, "type \(type) needs field \(field)")
            return
        }
        for list in ["set", "add"] {
            self.report.refuseDuplicates(content.list(list), "header") { ($0.text("name") ?? "").lowercased() }
        }
        self.report.refuseDuplicates(content.list("remove"), "header") { $0.text.lowercased() }
        if let backend = content["backendRef"] { self.backend(backend) }
        if let fraction = content["fraction"], let numerator = fraction.value["numerator"]?.integer,
            let denominator = fraction.value["denominator"]?.integer, numerator > denominator
        {
            self.report.error(.outOfRange, fraction, "numerator must not be above denominator")
        }
        if let status = content["statusCode"], let code = status.value.integer,
            ![301, 302, 303, 307, 308].contains(code)
        {
            self.report.error(.badValue, status, "\(code) must be 301, 302, 303, 307 or 308")
        }
        guard let path = content["path"] else { return }
        let isPrefix = path.text("type") == "ReplacePrefixMatch"
        if isPrefix != (path["replacePrefixMatch"] != nil) {
            self.report.error(.contradiction, path, "type \(path.text("type") ?? "") needs the field of its own name")
        }
        let matches = rule.list("matches")
        // No match at all is the prefix /.
        let isPrefixMatch = matches.allSatisfy { ($0["path"]?.text("type") ?? "PathPrefix") == "PathPrefix" }
        if isPrefix, matches.count > 1 || !isPrefixMatch {
            self.report.error(.contradiction, path, "ReplacePrefixMatch needs exactly one match, of type PathPrefix")
        }
    }

    private mutating func backend(_ backend: SpecCursor) {
        let kind = backend.text("kind") ?? ""
        let needed = kind == "Service" ? "" : "networking.istio.io"
        if backend.text("group") ?? "" != needed {
            self.report.error(.contradiction, backend, "group of kind \(kind) must be \(Quoted(needed))")
        }
        if backend["port"] == nil { self.report.error(.missingField, backend, "needs a port") }
        if kind == "Hostname", backend["namespace"] != nil {
            self.report.error(.contradiction, backend, "kind Hostname takes no namespace")
        }
    }
}
