package import MeshModel
package import MeshProtos

/// Answers to requests of other origins (Fetch §3.3): `TulleL7.CrossOrigin` read once.
package struct CrossOriginPolicy: Sendable {
    private let origins: [StringMatcher]
    private let patterns: [OriginPattern]
    private let methods: AllowList
    private let headers: AllowList
    private let exposed: AllowList
    private let maxAge: String?
    private let credentials: Bool
    private let forwardsUnmatched: Bool

    /// Names that a response allows.
    private struct AllowList: Sendable {
        /// As it is written; nil for none.
        let text: String?
        /// Whether `*` in it is to be replaced by what was asked, as credentials make it mean nothing (Fetch §3.3.4).
        let isEchoed: Bool

        init(_ names: [String], echoesAny: Bool) throws(RouteFault) {
            for name in names where name != "*" && !HeaderName.isValid(name) { throw .fieldValue(name) }
            self.text = names.isEmpty ? nil : names.joined(separator: ",")
            self.isEchoed = echoesAny && names.contains("*")
        }

        func value(asked: String?) -> String? { self.isEchoed ? asked : self.text }
    }

    package init(_ rule: TulleL7.CrossOrigin) throws(RouteFault) {
        var origins: [StringMatcher] = []
        for origin in rule.origins {
            do throws(StringMatcherError) {
                origins.append(try StringMatcher(origin))
            } catch {
                throw .match(error)
            }
        }
        self.origins = origins
        var patterns: [OriginPattern] = []
        for pattern in rule.originPatterns { patterns.append(try OriginPattern(pattern)) }
        self.patterns = patterns
        let echoes = rule.echoes && rule.credentials
        self.methods = try AllowList(rule.methods, echoesAny: echoes)
        self.headers = try AllowList(rule.headers, echoesAny: echoes)
        self.exposed = try AllowList(rule.exposeHeaders, echoesAny: echoes)
        self.maxAge = rule.maxAge.map { String($0.seconds) }
        self.credentials = rule.credentials
        self.forwardsUnmatched = rule.forwardsUnmatched
    }

    package enum Answer: Sendable, Hashable {
        /// The request is answered here.
        case reply(LocalReply)
        /// The request goes on, and its response gets these fields.
        case fields([HeaderField])
        /// The request goes on.
        case none
    }

    /// What becomes of a request.
    package func answer(to request: borrowing RequestView) -> Answer {
        guard let origin = request.fields.first(named: "origin") else { return .none }
        let isAllowed = self.allows(origin.utf8.span)
        let askedMethod = request.fields.first(named: "access-control-request-method")
        guard request.method == "OPTIONS", let askedMethod else {
            return isAllowed ? .fields(self.actual(origin)) : .none
        }
        guard isAllowed else { return self.forwardsUnmatched ? .none : .reply(.preflight(fields: [])) }
        let askedHeaders = request.fields.value(of: "access-control-request-headers")
        var fields = self.common(origin)
        if let methods = self.methods.value(asked: askedMethod) {
            fields.append(HeaderField("access-control-allow-methods", methods))
        }
        if let headers = self.headers.value(asked: askedHeaders) {
            fields.append(HeaderField("access-control-allow-headers", headers))
        }
        if let maxAge = self.maxAge { fields.append(HeaderField("access-control-max-age", maxAge)) }
        return .reply(.preflight(fields: fields))
    }

    /// Puts the fields of an answer into a response, in place of what the destination said about origins.
    package static func apply(_ fields: [HeaderField], to response: inout [HeaderField]) {
        for field in fields {
            if field.name == "vary" { response.append(field) } else { response.set(field.name, field.value) }
        }
    }

    private func allows(_ origin: Span<UInt8>) -> Bool {
        for matcher in self.origins where matcher.matches(origin) { return true }
        for pattern in self.patterns where pattern.matches(origin) { return true }
        return false
    }

    private func actual(_ origin: String) -> [HeaderField] {
        var fields = self.common(origin)
        if let exposed = self.exposed.value(asked: nil) {
            fields.append(HeaderField("access-control-expose-headers", exposed))
        }
        return fields
    }

    private func common(_ origin: String) -> [HeaderField] {
        let isAny = !self.credentials && self.patterns.contains(where: \.isAny)
        var fields = [HeaderField("access-control-allow-origin", isAny ? "*" : origin)]
        // A cache must not give one origin's answer to another.
        if !isAny { fields.append(HeaderField("vary", "Origin")) }
        if self.credentials { fields.append(HeaderField("access-control-allow-credentials", "true")) }
        return fields
    }
}
