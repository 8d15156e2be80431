package import CertificateAuthority
import Foundation
package import MeshConfig

/// Keeps over restarts when each declared resource was first seen, in `resources.json` of the state directory: the elder
/// of two claims to one thing wins.
package struct FirstSeenFile: Sendable {
    private static let name = "resources.json"
    /// The most bytes that are read; a resource takes about a hundred.
    private static let limit = 16 << 20

    private struct Document: Codable {
        var version = 1
        var firstSeen: [String: Int64]
    }

    private let state: StateDirectory

    /// Makes a keeper for one state directory.
    package init(state: StateDirectory) {
        self.state = state
    }

    /// What was kept. A file that cannot be read counts as none: then all resources are as old as each other.
    package func load() -> [ResourceKey: Int64] {
        guard let content = try? self.state.read(Self.name, limit: Self.limit),
            let document = try? JSONDecoder().decode(Document.self, from: Data(content)), document.version == 1
        else { return [:] }
        let entries = document.firstSeen.compactMap { text, time in ResourceKey(text: text).map { ($0, time) } }
        return Dictionary(entries) { first, _ in first }
    }

    /// Keeps it.
    ///
    /// - Throws: `AuthorityError` with `state_unwritable`.
    package func store(_ firstSeen: [ResourceKey: Int64]) throws(AuthorityError) {
        let entries = firstSeen.map { ($0.key.description, $0.value) }
        let document = Document(firstSeen: Dictionary(entries) { first, _ in first })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content: Data
        do {
            content = try encoder.encode(document)
        } catch {
            throw AuthorityError(.stateUnwritable, "\(Self.name) cannot be encoded", cause: error)
        }
        try self.state.write(Self.name, Array(content))
    }
}

extension ResourceKey {
    /// Reads what `description` writes; nil for anything else.
    init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let kind = parts.first.flatMap(ResourceKind.init), parts.count == (kind.isNamespaced ? 3 : 2),
            let name = parts.last
        else { return nil }
        self.init(kind: kind, namespace: kind.isNamespaced ? parts[1] : "", name: name)
    }
}
