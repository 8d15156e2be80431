import AWSClient
import MeshConfig

/// `tulle validate`: what is wrong with configuration, without a mesh.
enum ValidateResources {
    /// One line a diagnostic, then the sum.
    static func text(_ local: LocalConfiguration) -> String {
        let sum = [
            Count.of(local.keys.count, "resource"), Count.of(local.count(.error), "error"),
            Count.of(local.count(.warning), "warning"),
        ].joined(separator: ", ")
        return (local.diagnostics.map(self.line) + [sum]).joined(separator: "\n")
    }

    private static func line(_ diagnostic: ConfigurationDiagnostic) -> String {
        let field = diagnostic.field.isEmpty ? "" : "\(diagnostic.field): "
        let level = diagnostic.severity.rawValue
        return PlainLine.text(
            "\(diagnostic.place): \(level) [\(diagnostic.code.rawValue)]: \(field)\(diagnostic.reason)"
        )
    }

    /// The same as a document, in the form of the admin API.
    static func json(_ local: LocalConfiguration) -> JSONValue {
        let diagnostics = local.diagnostics.map { diagnostic -> JSONValue in
            var json: JSONValue = [
                "field": .string(diagnostic.field), "reason": .string(diagnostic.reason),
                "severity": .string(diagnostic.severity.rawValue), "code": .string(diagnostic.code.rawValue),
            ]
            if case .file(let file, let line) = diagnostic.place {
                json["file"] = .string(file)
                if let line { json["line"] = .int(line) }
            }
            return json
        }
        return ["resources": .strings(local.keys.map(\.description)), "diagnostics": .array(diagnostics)]
    }
}
