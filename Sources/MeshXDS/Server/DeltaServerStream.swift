package import MeshProtos

/// The server's side of one delta xDS stream as a pure machine.
///
/// At most one response of a type is on its way; what changes meanwhile goes together into the next one. Types are sent in
/// ``XDSTypes/inOrder``: a later type waits while an earlier one has something to say, and removals of an earlier type wait
/// until the later ones were sent. So a workload never arrives before its policies, and a policy never goes before the
/// workloads that list it.
///
/// Times are milliseconds since 1970 and come in as arguments; they only go into ``status``.
package struct DeltaServerStream: Sendable {
    /// A response that the client did not take.
    package struct Rejection: Hashable, Sendable {
        /// What the client said, at most ``XDSStreamLimits/errorBytes``. From outside: to be escaped where it is shown.
        package var message: String
        /// The response's nonce.
        package var nonce: String
        /// When, in milliseconds since 1970.
        package var time: Int64
        /// The first names of what the response brought or removed.
        package var names: [String]
        /// How many resources it brought.
        package var resources: Int
    }

    /// What is known of a type on this stream, for debug pages.
    package struct Status: Hashable, Sendable {
        /// The type.
        package var typeURL: String
        /// Whether the client follows all resources.
        package var isWildcard: Bool
        /// How many names it follows.
        package var names: Int
        /// The last nonce sent; "" for none.
        package var sentNonce: String
        /// The version of the last response sent; "" for none.
        package var sentVersion: String
        /// When it was sent, in milliseconds since 1970; nil for never.
        package var sentTime: Int64?
        /// The last nonce accepted; "" for none.
        package var acknowledgedNonce: String
        /// The version of the last response accepted; "" for none.
        package var acknowledgedVersion: String
        /// When it was accepted, in milliseconds since 1970; nil for never.
        package var acknowledgedTime: Int64?
        /// The last rejection; nil for none, or when a later response was accepted.
        package var rejection: Rejection?
        /// Why the last rejected response was rejected; nil as ``rejection``.
        package var lastError: String? { self.rejection?.message }
    }

    /// The node id of the first request; "" before it.
    package private(set) var nodeID = ""
    private let id: String
    private let order: [String]
    private let companions: [String]
    private let owner: String?
    private let limits: XDSStreamLimits
    private let parentKey: @Sendable (EnvoyDiscovery.Node) -> String?
    private var parent: String?
    private var types: [String: Subscription] = [:]
    private var nonces: UInt64 = 0
    private var awaitsCompanions: Bool

    /// A stream.
    ///
    /// - Parameters:
    ///   - id: goes into its nonces, so that those of two streams differ.
    ///   - companions: the types of ``order`` that a client asks for together.
    ///   - owner: who the client is; of the types that waypoints alone follow it gets what belongs to this one. Nil for
    ///     one who gets none.
    ///   - awaitsCompanions: whether the first response of a type waits until the types before it were asked for too, or
    ///     ``stopAwaiting()`` was called: clients ask for one type after the other.
    ///   - parentKey: the parent whose resources an on-demand client of this node gets unasked; nil for none.
    package init(
        id: String,
        order: [String] = XDSTypes.waypointInOrder,
        companions: [String] = XDSTypes.inOrder,
        owner: String? = nil,
        limits: XDSStreamLimits = XDSStreamLimits(),
        awaitsCompanions: Bool = false,
        parentKey: @escaping @Sendable (EnvoyDiscovery.Node) -> String? = { _ in nil }
    ) {
        self.id = id
        self.order = order
        self.companions = companions
        self.owner = owner
        self.limits = limits
        self.awaitsCompanions = awaitsCompanions
        self.parentKey = parentKey
    }

    /// The state of each type, by type.
    package var status: [Status] {
        self.types.values.map { subscription in
            Status(
                typeURL: subscription.typeURL,
                isWildcard: subscription.isWildcard,
                names: subscription.names.count,
                sentNonce: subscription.log.sentNonce,
                sentVersion: subscription.log.sentVersion,
                sentTime: subscription.log.sentTime,
                acknowledgedNonce: subscription.log.acknowledgedNonce,
                acknowledgedVersion: subscription.log.acknowledgedVersion,
                acknowledgedTime: subscription.log.acknowledgedTime,
                rejection: subscription.log.rejection
            )
        }.sorted { $0.typeURL < $1.typeURL }
    }

    /// Reads a request; returns the responses to send now.
    package mutating func receive(
        _ request: EnvoyDiscovery.DeltaDiscoveryRequest,
        catalog: ResourceCatalog,
        at time: Int64
    ) throws(XDSStreamError) -> [DeltaPush] {
        if self.nodeID.isEmpty {
            guard let node = request.node, !node.id.isEmpty else { throw .nodeMissing }
            self.nodeID = node.id
            self.parent = self.parentKey(node)
        }
        try self.checkNames(of: request)
        let type = self.type(request.typeURL, in: catalog)
        if var subscription = self.types[request.typeURL] {
            guard request.responseNonce.isEmpty || request.responseNonce == subscription.log.sentNonce else {
                // An answer to an older response: the client will answer the newer one too.
                return []
            }
            subscription.note(request, catalog: type, limits: self.limits, at: time)
            self.types[request.typeURL] = subscription
        } else {
            guard self.types.count < self.limits.types else { throw .tooManyTypes }
            guard request.initialResourceVersions.count <= self.limits.versions else { throw .tooManyNames }
            self.types[request.typeURL] = Subscription(first: request, catalog: type, parent: self.parent)
        }
        guard self.types[request.typeURL]?.names.count ?? 0 <= self.limits.names else { throw .tooManyNames }
        return try self.pushes(catalog, at: time)
    }

    private func checkNames(of request: EnvoyDiscovery.DeltaDiscoveryRequest) throws(XDSStreamError) {
        let limit = self.limits.nameBytes
        guard request.typeURL.utf8.count <= limit,
            request.resourceNamesSubscribe.allSatisfy({ $0.utf8.count <= limit }),
            request.resourceNamesUnsubscribe.allSatisfy({ $0.utf8.count <= limit }),
            request.initialResourceVersions.allSatisfy({ $0.key.utf8.count <= limit && $0.value.utf8.count <= limit })
        else { throw .nameTooLong }
    }

    /// Whether the first response of a type waits for the request of another.
    package var isAwaiting: Bool { self.order.indices.contains { self.isAwaiting(at: $0) } }

    /// Ends that wait; ``pushes(_:at:)`` then has what was held back.
    package mutating func stopAwaiting() { self.awaitsCompanions = false }

    private func isAwaiting(at index: Int) -> Bool {
        self.awaitsCompanions && self.types[self.order[index]]?.log.sentNonce == ""
            && self.companions.contains(self.order[index])
            && self.order[..<index].contains { self.companions.contains($0) && self.types[$0] == nil }
    }

    /// What the catalog has of a type for this client.
    private func type(_ typeURL: String, in catalog: ResourceCatalog) -> TypeCatalog {
        switch typeURL {
        case XDSTypes.waypointSettings, XDSTypes.serviceRoutes:
            self.owner.map { catalog.type(XDSTypes.owned(typeURL, by: $0)) } ?? TypeCatalog()
        default: catalog.type(typeURL)
        }
    }

    /// The responses that may be sent now; to be asked for whenever the catalog changed.
    package mutating func pushes(
        _ catalog: ResourceCatalog,
        at time: Int64
    ) throws(XDSStreamError) -> [DeltaPush] {
        var pushes: [DeltaPush] = []
        let others = self.types.keys.filter { !self.order.contains($0) }.sorted()
        for typeURL in others { try self.push(typeURL, catalog, at: time, into: &pushes) }
        for (index, typeURL) in self.order.enumerated() where self.types[typeURL] != nil {
            let later = self.order[(index + 1)...]
            for type in [typeURL] + later {
                let resources = self.type(type, in: catalog)
                try self.types[type]?.gather(resources)
            }
            if self.isAwaiting(at: index) { return pushes }
            let holdsRemovals = self.mustHoldRemovals(of: typeURL, for: later)
            try self.push(typeURL, catalog, at: time, holdingRemovals: holdsRemovals, into: &pushes)
            // What the later types have may refer to what this one could not send yet.
            if self.types[typeURL]?.owesResources == true { return pushes }
        }
        // With everything sent, removals that waited may follow.
        for index in self.order.indices.reversed().dropFirst()
        where self.order[(index + 1)...].allSatisfy({ self.types[$0]?.owes != true }) {
            try self.push(self.order[index], catalog, at: time, into: &pushes)
        }
        return pushes
    }

    /// Whether a later type may still have to let go of what was removed from this one. In the first response of a stream
    /// that is so while a later type has not been asked for, as clients ask for one type after the other.
    private func mustHoldRemovals(of typeURL: String, for later: ArraySlice<String>) -> Bool {
        later.contains { self.types[$0]?.owes == true }
            || self.types[typeURL]?.log.sentNonce == "" && later.contains { self.types[$0] == nil }
    }

    private mutating func push(
        _ typeURL: String,
        _ catalog: ResourceCatalog,
        at time: Int64,
        holdingRemovals: Bool = false,
        into pushes: inout [DeltaPush]
    ) throws(XDSStreamError) {
        guard var subscription = self.types[typeURL], subscription.flight == nil else { return }
        let catalog = self.type(typeURL, in: catalog)
        try subscription.gather(catalog)
        if var push = subscription.take(catalog, holdingRemovals: holdingRemovals) {
            self.nonces += 1
            push.nonce = "\(self.id)-\(self.nonces)"
            subscription.sent(push, at: time)
            pushes.append(push)
        }
        self.types[typeURL] = subscription
    }
}
