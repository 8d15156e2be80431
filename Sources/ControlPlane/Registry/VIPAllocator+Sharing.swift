package import MeshModel

/// The virtual addresses of one service that replicas agreed on.
package struct VIPClaim: Sendable, Hashable {
    /// Of IPv4.
    package var short: IPAddress
    /// Of IPv6; nil for none.
    package var long: IPAddress?

    /// Makes a claim.
    package init(short: IPAddress, long: IPAddress? = nil) {
        self.short = short
        self.long = long
    }

    /// Both.
    package var addresses: [IPAddress] { [self.short] + [self.long].compactMap { $0 } }
}

/// Where several replicas give out addresses, a service gets one when all agree on it: what it would get is proposed, and
/// given once it was claimed. Until then the service has none.
extension VIPAllocator {
    /// What a service would get.
    package struct Proposal: Sendable, Hashable {
        /// What it has now; nil for nothing.
        package var from: VIPClaim?
        /// What it shall have.
        package var to: VIPClaim
    }

    /// What must be settled.
    struct Sharing: Sendable, Hashable {
        var proposals: [String: Proposal] = [:]
        /// Who is proposed an offset, so that no two are.
        var offsets: [UInt32: String] = [:]
        /// What was given out before there were other replicas, and is proposed first.
        var preferred: [String: UInt32] = [:]
    }

    /// What must be claimed, by name.
    package var proposals: [String: Proposal] { self.sharing?.proposals ?? [:] }

    /// Gives out from now on only what was claimed.
    ///
    /// - Parameter isClaimed: whether what is given out now was claimed before.
    package mutating func share(isClaimed: Bool) {
        var sharing = Sharing()
        if !isClaimed {
            sharing.preferred = self.byName
            self.replace([:], long: [:])
        }
        self.sharing = sharing
    }

    /// Takes over all claims there are. Two names with one address, or one outside the range, count as no claim.
    ///
    /// - Returns: the names that may get other addresses by that.
    package mutating func adopt(_ claims: [String: VIPClaim]) -> Set<String> {
        var offsets: [String: UInt32] = [:]
        var taken: Set<UInt32> = []
        for (name, claim) in claims.sorted(by: { $0.key < $1.key }) {
            guard let offset = Self.offset(of: claim.short), taken.insert(offset).inserted else { continue }
            offsets[name] = offset
        }
        let long = claims.compactMapValues(\.long).filter { offsets[$0.key] != nil }
        let (oldOffsets, oldLong) = (self.byName, self.long)
        self.replace(offsets, long: long)
        var names = Set(self.proposals.keys)
        for name in Set(oldOffsets.keys).union(offsets.keys)
        where oldOffsets[name] != offsets[name] || oldLong.byName[name] != self.long.byName[name] {
            names.insert(name)
        }
        self.sharing?.proposals = [:]
        self.sharing?.offsets = [:]
        return names
    }

    mutating func sharedAddresses(for name: String, avoiding isTaken: (IPAddress) -> Bool) -> [IPAddress] {
        self.withdraw(name)
        let known = self.byName[name].map { VIPClaim(short: Self.address($0), long: self.long.byName[name]) }
        let short = known.flatMap { isTaken($0.short) ? nil : $0.short }
        let long = known?.long.flatMap { isTaken($0) ? nil : $0 }
        let isWhole = short != nil && (!self.givesBoth || long != nil)
        if !isWhole { self.propose(name, from: known, short: short, long: long, avoiding: isTaken) }
        guard let short else { return [] }
        return [short] + (self.givesBoth ? [long].compactMap { $0 } : [])
    }

    private mutating func withdraw(_ name: String) {
        guard let old = self.sharing?.proposals.removeValue(forKey: name) else { return }
        if let offset = Self.offset(of: old.to.short), self.sharing?.offsets[offset] == name {
            self.sharing?.offsets[offset] = nil
        }
    }

    private mutating func propose(
        _ name: String,
        from known: VIPClaim?,
        short: IPAddress?,
        long: IPAddress?,
        avoiding isTaken: (IPAddress) -> Bool
    ) {
        func isFree(_ offset: UInt32) -> Bool {
            self.byOffset[offset] == nil && self.sharing?.offsets[offset] == nil && !isTaken(Self.address(offset))
        }
        var preferred = self.sharing?.preferred[name]
        if let wish = preferred, !isFree(wish) { preferred = nil }
        let offset = short.flatMap(Self.offset) ?? preferred ?? self.offset(for: name, isFree)
        guard let offset else { return }
        var claim = VIPClaim(short: Self.address(offset), long: long)
        if self.givesBoth, long == nil { claim.long = self.long.candidate(for: name, avoiding: isTaken) }
        // Nothing better is to be had.
        guard claim != known else { return }
        self.sharing?.proposals[name] = Proposal(from: known, to: claim)
        if short == nil { self.sharing?.offsets[offset] = name }
    }
}
