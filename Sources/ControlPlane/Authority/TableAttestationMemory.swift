import AWSClient
package import CertificateAuthority
import Crypto
package import Foundation

/// Used attestations in the table that replicas share, `attestation/<hash>`: the first write of each counts.
package struct TableAttestationMemory: AttestationMemory {
    private static let partition = "attestation"
    /// How long one is kept, in seconds: far beyond the minutes in which it is taken.
    private static let memory = 3600.0
    /// How long a caller waits for the table.
    private static let deadline = Duration.seconds(5)

    private let table: any ReplicaTable

    /// Remembers in a table.
    package init(table: any ReplicaTable) {
        self.table = table.within(Self.deadline)
    }

    package func note(accessKey: String, signature: String, now: Date) async -> AttestationUse {
        let digest = SHA256.hash(data: Data("\(accessKey)\n\(signature)".utf8))
        let key = TableKey(Self.partition, digest.map { String(format: "%02x", $0) }.joined())
        let end = Int64(now.timeIntervalSince1970 + Self.memory)
        do {
            let outcome = try await self.table.write([.put(TableItem(key, ["ttl": .number(end)]), if: .absent)])
            return outcome == .done ? .first : .again
        } catch {
            return .unknown(AuthorityError(table: error).message)
        }
    }
}
