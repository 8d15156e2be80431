import AWSClient
import MeshModel

/// Virtual addresses in the table: an item `vip`/<name> says what a service has, `vip-address`/<address> whose it is. Both
/// are written together, each only if it was not there, so that no address is ever two services'. All calls throw
/// `AWSError`.
package struct AddressClaims: Sendable {
    /// The most names: all that the range has addresses for, and some that others may have put there.
    private static let names = 70_000
    /// Names of one transaction, which is at most five writes for each.
    private static let batch = 20
    /// How often claims are tried again that were read anew because another replica came before.
    private static let attempts = 8

    private let table: any ReplicaTable

    /// Claims of a table.
    package init(table: any ReplicaTable) {
        self.table = table.within(.seconds(5))
    }

    /// All claims there are, by name.
    package func load() async throws -> [String: VIPClaim] {
        var claims: [String: VIPClaim] = [:]
        for item in try await self.table.items(in: "vip", after: nil, limit: Self.names) {
            guard let short = item["address"]?.string.flatMap({ IPAddress(parsing: $0) }) else { continue }
            claims[item.key.sort] = VIPClaim(
                short: short,
                long: item["long"]?.string.flatMap { IPAddress(parsing: $0) }
            )
        }
        return claims
    }

    /// Makes those claims that can be made: what another replica claimed meanwhile stays.
    ///
    /// - Returns: all claims there are then. A name whose proposal is another's address by now is not among them.
    package func settle(_ proposals: [String: VIPAllocator.Proposal]) async throws -> [String: VIPClaim] {
        var known = try await self.load()
        for _ in 0..<Self.attempts {
            let holders = Dictionary(known.flatMap { name, claim in claim.addresses.map { ($0, name) } }) { $1 }
            let open = proposals.sorted { $0.key < $1.key }.filter { name, proposal in
                known[name] == proposal.from
                    && proposal.to.addresses.allSatisfy { (holders[$0] ?? name) == name }
            }
            var isLost = false
            for start in stride(from: 0, to: open.count, by: Self.batch) {
                let batch = open[start...].prefix(Self.batch)
                switch try await self.table.write(batch.flatMap { Self.writes($0.key, $0.value) }) {
                case .done: for (name, proposal) in batch { known[name] = proposal.to }
                case .conflict: isLost = true
                }
            }
            guard isLost else { break }
            known = try await self.load()
        }
        return known
    }

    private static func writes(_ name: String, _ proposal: VIPAllocator.Proposal) -> [TableWrite] {
        let key = TableKey("vip", name)
        let own = TableItem(key, Self.fields(proposal.to))
        let old = proposal.from?.addresses ?? []
        let new = proposal.to.addresses
        return [.put(own, if: proposal.from.map { .equal(Self.fields($0)) } ?? .absent)]
            + new.filter { !old.contains($0) }.map { address in
                .put(TableItem(Self.key(address), ["name": .string(name)]), if: .absent)
            }
            + old.filter { !new.contains($0) }.map { address in
                .delete(Self.key(address), if: .equal(["name": .string(name)]))
            }
    }

    private static func key(_ address: IPAddress) -> TableKey { TableKey("vip-address", "\(address)") }

    private static func fields(_ claim: VIPClaim) -> [String: TableValue] {
        var fields: [String: TableValue] = ["address": .string("\(claim.short)")]
        if let long = claim.long { fields["long"] = .string("\(long)") }
        return fields
    }
}
