/// What a route's match asks for, in one shape for VirtualService and HTTPRoute.
struct RouteMatch: Hashable {
    /// A comparison of text.
    enum Text: Hashable {
        case exact(String)
        case prefix(String)
        case regex(String)
        /// Any text, as long as it is there.
        case present

        /// Whether all that fits `other` fits this; false where it can't be told.
        func covers(_ other: Text) -> Bool {
            switch (self, other) {
            case (.present, _): true
            case (.prefix(let start), .exact(let text)), (.prefix(let start), .prefix(let text)): text.hasPrefix(start)
            default: self == other
            }
        }
    }

    /// The path; nil for any.
    var path: Text?
    /// All else, by name: `method`, `header x`, `query y`, `port`, and what is only ever compared whole.
    var others: [String: Text] = [:]

    /// Whether all requests that fit `other` fit this.
    func covers(_ other: RouteMatch) -> Bool {
        if let path = self.path, !Self.isAnyPath(path) {
            guard let inner = other.path, path.covers(inner) else { return false }
        }
        return self.others.allSatisfy { name, text in other.others[name].map(text.covers) ?? false }
    }

    private static func isAnyPath(_ path: Text) -> Bool { path == .prefix("/") || path == .prefix("") }

    /// The matches of a rule of a VirtualService; one of everything where none are written.
    static func virtualService(_ rule: ConfigValue) -> [RouteMatch] {
        let matches = rule.list("match")
        return matches.isEmpty ? [RouteMatch()] : matches.map(Self.virtualServiceMatch)
    }

    private static func virtualServiceMatch(_ value: ConfigValue) -> RouteMatch {
        var match = RouteMatch()
        guard case .map(let members) = value else { return match }
        for (name, member) in members {
            switch name {
            case "name", "statPrefix": continue
            case "uri" where members["ignoreUriCase"] == nil: match.path = Self.text(member)
            case "headers", "queryParams", "withoutHeaders":
                guard case .map(let entries) = member else { continue }
                for (key, entry) in entries { match.others["\(name) \(key)"] = Self.text(entry) ?? .present }
            default: match.others[name] = Self.text(member) ?? .exact("\(member)")
            }
        }
        return match
    }

    /// Istio's StringMatch.
    private static func text(_ value: ConfigValue) -> Text? {
        if let text = value.text("exact") { return .exact(text) }
        if let text = value.text("prefix") { return .prefix(text) }
        if let text = value.text("regex") { return .regex(text) }
        return nil
    }

    /// The matches of a rule of an HTTPRoute; one of everything where none are written.
    static func httpRoute(_ rule: ConfigValue) -> [RouteMatch] {
        let matches = rule.list("matches")
        return (matches.isEmpty ? [.map([:])] : matches).map { value in
            var match = RouteMatch()
            match.path = value["path"].map(Self.gatewayText) ?? .prefix("/")
            if let method = value.text("method") { match.others["method"] = .exact(method) }
            for header in value.list("headers") {
                match.others["header \((header.text("name") ?? "").lowercased())"] = Self.gatewayText(header)
            }
            for parameter in value.list("queryParams") {
                match.others["query \(parameter.text("name") ?? "")"] = Self.gatewayText(parameter)
            }
            return match
        }
    }

    private static func gatewayText(_ value: ConfigValue) -> Text {
        let text = value.text("value") ?? "/"
        switch value.text("type") {
        case "PathPrefix": return .prefix(text)
        case "RegularExpression": return .regex(text)
        case nil where value["name"] == nil: return .prefix(text)
        default: return .exact(text)
        }
    }
}
