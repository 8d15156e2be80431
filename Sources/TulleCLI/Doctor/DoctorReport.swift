import AWSClient

/// What all checks say about a service.
struct DoctorReport: Sendable {
    /// Checks with what they say, in order.
    var verdicts: [(check: DoctorCheck, verdict: DoctorCheck.Verdict)]

    /// Asks all checks.
    init(_ facts: DoctorFacts) {
        self.verdicts = DoctorCheck.allCases.map { ($0, $0.verdict(facts)) }
    }

    /// How many problems there are of a severity.
    func count(_ severity: DoctorCheck.FindingSeverity) -> Int {
        self.verdicts.count { if case .problem(severity, _, _) = $0.verdict { true } else { false } }
    }

    /// One row a check, what to do below.
    /// - Parameter isWide: whether checks without a problem say what they saw.
    func text(isWide: Bool) -> String {
        var table = Table(["CODE", "STATE", "CHECK"] + (isWide ? ["SEEN"] : []))
        var details: [String] = []
        for (check, verdict) in self.verdicts {
            table.add([check.rawValue, Self.state(verdict), check.title, Self.seen(verdict)])
            switch verdict {
            case .problem(let severity, let text, let mend):
                details += [
                    "\(check.rawValue) \(severity.rawValue): \(PlainLine.text(text))", "  → \(PlainLine.text(mend))",
                ]
            case .notChecked(let reason): details.append("\(check.rawValue) not checked: \(PlainLine.text(reason))")
            case .fine, .notApplicable: break
            }
        }
        return details.isEmpty ? table.text : table.text + "\n\n" + details.joined(separator: "\n")
    }

    /// The same as a document.
    var json: JSONValue {
        let checks = self.verdicts.map { check, verdict -> JSONValue in
            var json: JSONValue = [
                "code": .string(check.rawValue), "title": .string(check.title), "state": .string(Self.state(verdict)),
                "detail": .string(Self.seen(verdict)),
            ]
            if case .problem(_, _, let mend) = verdict { json["mend"] = .string(mend) }
            return json
        }
        return ["checks": .array(checks)]
    }

    private static func state(_ verdict: DoctorCheck.Verdict) -> String {
        switch verdict {
        case .fine: "ok"
        case .problem(let severity, _, _): severity.rawValue
        case .notChecked: "not checked"
        case .notApplicable: "-"
        }
    }

    private static func seen(_ verdict: DoctorCheck.Verdict) -> String {
        switch verdict {
        case .fine(let text), .problem(_, let text, _), .notChecked(let text), .notApplicable(let text):
            PlainLine.text(text)
        }
    }
}
