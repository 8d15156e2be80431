package import CertificateAuthority
import Foundation
import MeshModel

/// Keeps the virtual addresses over restarts, in `vips.json` of the state directory.
package struct VIPFile: Sendable {
    private static let name = "vips.json"

    private struct Document: Codable {
        var version = 1
        var allocations: [String: String]
        /// Of IPv6; missing in files from before there were any.
        var longAllocations: [String: String]?
        /// The table in which they were claimed; missing where there is none.
        var table: String?
    }

    private let state: StateDirectory
    private let table: String?

    /// Makes a keeper for one state directory.
    ///
    /// - Parameter table: the table's name and region in which replicas claim addresses; nil where there is one only.
    package init(state: StateDirectory, table: String? = nil) {
        self.state = state
        self.table = table
    }

    /// Loads what was given out before.
    ///
    /// - Throws: `AuthorityError` with `state_corrupt` when the file is there and cannot be read: starting over would
    ///   move addresses that clients have cached.
    package func load() throws(AuthorityError) -> VIPAllocator {
        guard let content = try self.state.read(Self.name, limit: 64 << 20) else {
            var allocator = VIPAllocator()
            if self.table != nil { allocator.share(isClaimed: true) }
            return allocator
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(content)), document.version == 1 else {
            throw AuthorityError(
                .stateCorrupt,
                "\(self.state.path)/\(Self.name) cannot be read: restore it, or delete it and accept new addresses"
            )
        }
        var allocator = VIPAllocator(
            allocations: document.allocations.compactMapValues { IPAddress(parsing: $0) },
            long: (document.longAllocations ?? [:]).compactMapValues { IPAddress(parsing: $0) }
        )
        if let table = self.table { allocator.share(isClaimed: document.table == table) }
        return allocator
    }

    /// Stores what is given out now.
    ///
    /// - Throws: `AuthorityError` with `state_unwritable`.
    package func store(_ allocator: VIPAllocator) throws(AuthorityError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        let long = allocator.longAllocations
        let document = Document(
            allocations: allocator.allocations.mapValues(\.description),
            longAllocations: long.isEmpty ? nil : long.mapValues(\.description),
            table: self.table
        )
        let content: Data
        do {
            content = try encoder.encode(document)
        } catch {
            throw AuthorityError(.stateUnwritable, "\(Self.name) cannot be encoded", cause: error)
        }
        try self.state.write(Self.name, Array(content))
    }
}
