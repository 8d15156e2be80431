package import CertificateAuthority
import Foundation
import MeshConfig

/// Keeps over restarts what the shared table said of the configuration, in `shared.json` of the state directory: with that
/// a replica starts while the table cannot be read.
package struct MirrorFile: Sendable {
    private static let name = "shared.json"
    /// The most bytes that are read: JSON's escapes may double a document.
    private static let limit = 512 << 20

    private struct Entry: Codable {
        var text: String
        var created: Int64
        var version: Int64
    }

    private struct Document: Codable {
        var version = 1
        var table: String
        var revision: Int64
        var documents: [String: Entry]
    }

    private let state: StateDirectory
    private let table: String

    /// Makes a keeper for one state directory.
    ///
    /// - Parameter table: the table's name and region; what another one said counts for nothing.
    package init(state: StateDirectory, table: String) {
        self.state = state
        self.table = table
    }

    /// Where it is.
    package var path: String { "\(self.state.path)/\(Self.name)" }

    /// What was kept; nil for nothing of this table.
    ///
    /// - Throws: `AuthorityError` with `state_corrupt` when the file is there and cannot be read.
    package func load() throws(AuthorityError) -> SharedDocuments.Contents? {
        guard let content = try self.state.read(Self.name, limit: Self.limit) else { return nil }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(content)), document.version == 1 else {
            throw AuthorityError(
                .stateCorrupt,
                "\(self.path) cannot be read: delete it, and the shared table is read anew"
            )
        }
        guard document.table == self.table else { return nil }
        var contents = SharedDocuments.Contents()
        contents.revision = document.revision
        for (text, entry) in document.documents {
            guard let key = ResourceKey(text: text) else { continue }
            contents.documents[key] = .init(text: entry.text, created: entry.created, version: entry.version)
        }
        return contents
    }

    /// Keeps it.
    ///
    /// - Throws: `AuthorityError` with `state_unwritable`.
    package func store(_ contents: SharedDocuments.Contents) throws(AuthorityError) {
        let entries = contents.documents.map { key, document in
            (key.description, Entry(text: document.text, created: document.created, version: document.version))
        }
        let document = Document(
            table: self.table,
            revision: contents.revision,
            documents: Dictionary(entries) { first, _ in first }
        )
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
