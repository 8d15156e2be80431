import MeshModel
package import MeshProtos

/// A condition on a header, a pseudo header or a claim.
package struct HeaderCondition: Sendable {
    enum Subject: Hashable, Sendable {
        case field(String)
        case method, scheme, authority
        /// The path with its query, as `:path` has it.
        case target
        case claim(ClaimPath)
    }

    let subject: Subject
    let matcher: StringMatcher
    /// The condition must not hold. A missing header counts as an empty one then, but for the condition that it is
    /// there.
    let isInverted: Bool

    package init(_ match: TulleL7.HeaderMatch) throws(RouteFault) {
        guard let subject = Self.subject(match.name) else { throw .header(match.name) }
        self.subject = subject
        self.isInverted = match.invert
        do throws(StringMatcherError) {
            var present = TulleL7.StringMatch()
            present.kind = .present
            self.matcher = try StringMatcher(match.value ?? present)
        } catch {
            throw .match(error)
        }
    }

    private static func subject(_ name: String) -> Subject? {
        switch name {
        case ":method": .method
        case ":scheme": .scheme
        case ":authority", "host": .authority
        case ":path": .target
        case _ where name.utf8.first == UInt8(ascii: "@"): ClaimPath(name).map(Subject.claim)
        case _ where HeaderName.isValid(name): .field(HeaderName.lowercased(name))
        default: nil
        }
    }

    /// Whether a request passes.
    package func holds(for request: borrowing RequestView) -> Bool {
        switch self.subject {
        case .field(let name):
            guard let value = request.fields.value(of: name) else { return self.holdsForMissing }
            return self.matcher.matches(value) != self.isInverted
        case .method: return self.matcher.matches(request.method) != self.isInverted
        case .scheme: return self.matcher.matches(request.scheme) != self.isInverted
        case .authority: return self.matcher.matches(request.authority) != self.isInverted
        case .target: return self.matcher.matches(request.target) != self.isInverted
        case .claim(let path): return path.passes(self.matcher, in: request.tokens) != self.isInverted
        }
    }

    private var holdsForMissing: Bool {
        guard self.isInverted else { return false }
        if case .present = self.matcher.kind { return true }
        return !self.matcher.matches("")
    }
}

extension [HeaderField] {
    /// The values of a lower-case name joined by commas; without a copy where there is only one.
    func value(of name: String) -> String? {
        var found: String?
        for field in self where field.name == name {
            if found != nil { return self.joined(named: name) }
            found = field.value
        }
        return found
    }
}

extension RequestView {
    /// The path with its query.
    package var target: String { self.query.map { "\(self.path)?\($0)" } ?? self.path }
}
