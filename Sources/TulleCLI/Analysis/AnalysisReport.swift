import AWSClient
import MeshConfig

/// What analysis found, as far as it is to be shown.
struct AnalysisReport: Sendable {
    /// One finding that is not to be shown: `CODE=Kind name.namespace`, `*` for any code or name.
    struct Suppression: Sendable, Hashable {
        var code: String
        var kind: String
        var name: String

        /// Reads one; nil when it has another form.
        init?(_ text: String) {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            let words = parts[1].split(separator: " ").map(String.init)
            guard words.count == 2 else { return nil }
            self.code = parts[0]
            self.kind = words[0]
            self.name = words[1]
        }

        /// Whether it is for a finding.
        func covers(_ finding: Finding) -> Bool {
            guard self.code == "*" || self.code == finding.code.rawValue, let key = finding.key,
                self.kind.lowercased() == key.kind.rawValue.lowercased()
            else { return false }
            return self.name == "*" || self.name == (key.namespace.isEmpty ? key.name : "\(key.name).\(key.namespace)")
        }
    }

    /// The findings.
    var findings: [Finding]

    /// Keeps findings of at least a severity that nobody suppressed.
    init(_ findings: [Finding], atLeast least: FindingCode.Severity = .info, suppressed: [Suppression] = []) {
        self.findings = findings.filter { finding in
            finding.code.severity >= least && !suppressed.contains { $0.covers(finding) }
        }
    }

    /// Whether something is as grave as this, or graver.
    func reaches(_ severity: FindingCode.Severity) -> Bool {
        self.findings.contains { $0.code.severity >= severity }
    }

    /// One line a finding.
    var text: String {
        guard !self.findings.isEmpty else { return "nothing found" }
        return self.findings.map { PlainLine.text($0.description) }.joined(separator: "\n")
    }

    /// The same as a document, with the names that istioctl gives its members.
    var json: JSONValue {
        .array(
            self.findings.map { finding in
                let key = finding.key
                var json: JSONValue = [
                    "code": .string(finding.code.rawValue), "level": .string(finding.code.severity.rawValue),
                    "message": .string(finding.message), "documentationUrl": .string(Self.page(finding.code)),
                ]
                if let key { json["origin"] = .string(key.description) }
                if let origin = finding.origin { json["reference"] = .string(origin.description) }
                return json
            }
        )
    }

    /// Where a code is explained.
    static func page(_ code: FindingCode) -> String { "docs/analysis.md#\(code.rawValue.lowercased())" }

    /// All codes with their severity and title.
    static var catalogue: String {
        var table = Table(["CODE", "LEVEL", "WHAT IT FINDS"])
        for code in FindingCode.allCases { table.add([code.rawValue, code.severity.rawValue, code.title]) }
        return table.text
    }
}
