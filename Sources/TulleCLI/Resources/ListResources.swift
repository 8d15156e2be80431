import AWSClient
import MeshConfig

/// `tulle get`: what is declared in the mesh, and how it stands.
struct ListResources: Sendable {
    /// The kind; nil for all.
    var kind: ResourceKind?
    /// The one resource; nil for all.
    var name: String?
    /// The namespace; nil for all.
    var namespace: String?

    /// Asks for the resources.
    /// - Throws: `CommandFailure` when a name is given and nothing has it.
    func run(_ admin: AdminClient, output: OutputOptions) async throws -> String {
        let namespace = self.kind?.isNamespaced == false ? nil : self.namespace
        let found = try await admin.resources(kind: self.kind?.rawValue, namespace: namespace, name: self.name)
        if let name = self.name, found.isEmpty {
            let place = namespace.map { " in namespace \"\($0)\"" } ?? ""
            throw CommandFailure(
                "there is no \(self.kind?.rawValue ?? "resource") \"\(name)\"\(place)",
                hint: "'tulle get \(self.kind?.rawValue.lowercased() ?? "all") -A' lists what there is"
            )
        }
        return self.text(found, output: output)
    }

    /// The list as text.
    func text(_ found: [StoredResource], output: OutputOptions) -> String {
        if output.output == .yaml { return YAMLText.documents(found.map(\.declaration)) }
        return output.text(
            self.name != nil && found.count == 1 ? found[0].json : ["items": .array(found.map(\.json))]
        ) { self.table(found, isWide: $0) }
    }

    private func table(_ found: [StoredResource], isWide: Bool) -> String {
        let hasNamespaces = self.kind?.isNamespaced ?? true
        var header: [String] = []
        if self.kind == nil { header.append("KIND") }
        if hasNamespaces { header.append("NAMESPACE") }
        header += ["NAME", "STATE", "REASON"]
        if isWide { header += ["ORIGIN", "MESSAGE"] }
        var table = Table(header)
        for resource in found {
            let bad = resource.conditions.first(where: \.isBad)
            var row: [String] = []
            if self.kind == nil { row.append(resource.kind) }
            if hasNamespaces { row.append(resource.namespace.isEmpty ? "-" : resource.namespace) }
            row += [resource.name, resource.state, Self.reason(resource)]
            if isWide {
                let message = bad?.message ?? resource.diagnostics.first.map { "\($0)" } ?? "-"
                row += [resource.origin, message.isEmpty ? "-" : message]
            }
            table.add(row)
        }
        guard found.isEmpty else { return table.text }
        return self.namespace == nil || !hasNamespaces
            ? "nothing is declared" : "nothing is declared here; -A lists all namespaces"
    }

    /// Why a resource does not stand as it should, in one word.
    private static func reason(_ resource: StoredResource) -> String {
        if let bad = resource.conditions.first(where: \.isBad) {
            return bad.reason.isEmpty ? bad.type : bad.reason
        }
        guard let diagnostic = resource.diagnostics.first else { return "-" }
        return diagnostic.code.isEmpty ? diagnostic.severity : diagnostic.code
    }
}
