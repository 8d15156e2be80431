/// Services by their blocks of virtual addresses.
///
/// A look-up probes once for each prefix length in use, of which there are few, however many blocks there are.
struct RangeMap: Sendable, Equatable {
    private var v4 = Family()
    private var v6 = Family()

    /// The blocks of one address family.
    private struct Family: Sendable, Equatable {
        /// By block, whose base is its first address; the services in order.
        var records: [NetworkRange: [ServiceRecord]] = [:]
        /// How many blocks there are of each length.
        var counts: [Int: Int] = [:]
        /// The lengths in use, longest first.
        var lengths: [Int] = []
    }

    /// Adds a service's blocks.
    mutating func insert(_ record: ServiceRecord) {
        for block in Self.blocks(of: record) {
            self.change(block) { family in
                var records = family.records[block] ?? []
                if records.isEmpty { family.counts[block.prefixLength, default: 0] += 1 }
                records.insert(record, at: records.partitionPoint { $0 < record })
                family.records[block] = records
            }
        }
    }

    /// Removes a service's blocks.
    mutating func remove(_ record: ServiceRecord) {
        for block in Self.blocks(of: record) {
            self.change(block) { family in
                guard var records = family.records[block] else { return }
                records.removeAll { $0.service.key == record.service.key }
                family.records[block] = records.isEmpty ? nil : records
                guard records.isEmpty else { return }
                let count = (family.counts[block.prefixLength] ?? 1) - 1
                family.counts[block.prefixLength] = count == 0 ? nil : count
            }
        }
    }

    private mutating func change(_ block: NetworkRange, _ body: (inout Family) -> Void) {
        func apply(_ family: inout Family) {
            let count = family.counts.count
            body(&family)
            if family.counts.count != count { family.lengths = family.counts.keys.sorted(by: >) }
        }
        if block.base.isV4 { apply(&self.v4) } else { apply(&self.v6) }
    }

    private static func blocks(of record: ServiceRecord) -> Set<NetworkRange> {
        Set(
            record.service.ranges.map {
                NetworkRange(
                    network: $0.network,
                    base: $0.base.prefix($0.prefixLength),
                    prefixLength: $0.prefixLength
                )
            }
        )
    }

    /// The service that clients in `namespace` reach at `address`: one of their own namespace first, then the longest
    /// block, then a canonical service, then the first by key.
    func service(containing address: NetworkAddress, from namespace: String) -> Service? {
        let family = address.ip.isV4 ? self.v4 : self.v6
        var best: Service?
        for length in family.lengths {
            let block = NetworkRange(network: address.network, base: address.ip.prefix(length), prefixLength: length)
            guard let records = family.records[block] else { continue }
            let visible = records.filter { $0.service.isVisible(to: namespace) }
            let own = visible.filter { $0.service.namespace == namespace }
            if let first = own.first { return (own.first { $0.service.isCanonical } ?? first).service }
            best = best ?? (visible.first { $0.service.isCanonical } ?? visible.first)?.service
        }
        return best
    }
}
