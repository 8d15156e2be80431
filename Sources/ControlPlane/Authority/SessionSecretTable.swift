import AWSClient
package import CertificateAuthority
package import Foundation

/// The item `secret/sessions` of the table that replicas share. Whoever is first to write makes the secret, for all.
package struct SessionSecretTable: SessionSecretKeeping {
    private static let key = TableKey("secret", "sessions")
    /// How often a write is tried that others came before.
    private static let attempts = 4

    private let table: any ReplicaTable

    /// Keeps them in a table.
    package init(table: any ReplicaTable) {
        self.table = table
    }

    package func load(now: Date) async throws(AuthorityError) -> SessionSecrets {
        try await self.change { $0.isYoung(at: now) ? $0 : $0.renewed(at: now, keepsLast: true) }
    }

    package func replace(now: Date) async throws(AuthorityError) -> SessionSecrets {
        try await self.change { _ in SessionSecrets(stored: []).renewed(at: now, keepsLast: false) }
    }

    /// Writes what becomes of the secrets, if nobody else has meanwhile; else looks again.
    private func change(_ body: (SessionSecrets) -> SessionSecrets) async throws(AuthorityError) -> SessionSecrets {
        for _ in 0..<Self.attempts {
            do {
                let item = try await self.table.get(Self.key)
                let known = SessionSecrets(stored: item?["secrets"]?.bytes ?? [])
                let next = body(known)
                guard next != known else { return known }
                let version = item?["version"]?.number
                let condition: TableCondition =
                    if item == nil { .absent } else if let version { .equal(["version": .number(version)]) } else {
                        .present
                    }
                let fresh = TableItem(
                    Self.key,
                    ["secrets": .bytes(try next.stored()), "version": .number((version ?? 0) &+ 1)]
                )
                if try await self.table.write([.put(fresh, if: condition)]) == .done { return next }
            } catch {
                throw AuthorityError(table: error)
            }
        }
        throw AuthorityError(.stateUnavailable, "the secrets of sessions change too often in the shared table")
    }
}
