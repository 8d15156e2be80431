/// An attribute that must, or must not, have one of some values.
struct AccessClause: Sendable {
    let attribute: AccessAttribute
    let isNegated: Bool

    func holds(_ subject: inout AccessSubject, isWide: Bool) -> Bool {
        self.isNegated
            ? !self.attribute.holds(&subject, isWide: !isWide)
            : self.attribute.holds(&subject, isWide: isWide)
    }
}

/// A rule of a policy: any of `from`, any of `to`, all of `when`; an empty list of alternatives is no condition.
struct AccessRule: Sendable {
    let origin: PolicyRule
    /// Whether the rule closes, so that a doubtful request fits.
    let isWide: Bool
    /// Each with the clauses about the connection first.
    let from: [[AccessClause]]
    let to: [[AccessClause]]
    let when: [AccessClause]

    /// Whether the request fits.
    func holds(_ subject: inout AccessSubject) -> Bool {
        self.holds(&subject, ofConnection: false)
    }

    /// Whether some request of the connection can fit.
    func canHold(_ subject: inout AccessSubject) -> Bool {
        self.holds(&subject, ofConnection: true)
    }

    private func holds(_ subject: inout AccessSubject, ofConnection: Bool) -> Bool {
        self.holdsAll(self.when, &subject, ofConnection)
            && self.holdsAny(self.from, &subject, ofConnection)
            && self.holdsAny(self.to, &subject, ofConnection)
    }

    private func holdsAny(_ choices: [[AccessClause]], _ subject: inout AccessSubject, _ ofConnection: Bool) -> Bool {
        if choices.isEmpty { return true }
        for choice in choices where self.holdsAll(choice, &subject, ofConnection) { return true }
        return false
    }

    private func holdsAll(_ clauses: [AccessClause], _ subject: inout AccessSubject, _ ofConnection: Bool) -> Bool {
        for clause in clauses where !ofConnection || clause.attribute.isOfConnection {
            if !clause.holds(&subject, isWide: self.isWide) { return false }
        }
        return true
    }

    /// The exact principals without one of which no peer fits; nil where others may.
    var principals: [String]? {
        guard !self.from.isEmpty else { return nil }
        var all: [String] = []
        for source in self.from {
            var own: [String]?
            for clause in source where !clause.isNegated {
                guard case .principals(let patterns) = clause.attribute else { continue }
                let exact = patterns.compactMap(\.exactText)
                if exact.count == patterns.count { own = exact }
            }
            guard let own else { return nil }
            all += own
        }
        return all
    }
}
