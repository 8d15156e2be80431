package import MeshProtos

/// The server's side of one delta xDS stream as a pure machine.
///
/// At most one response of a type is on its way; what changes meanwhile goes together into the next one. Types are sent in
/// ``XDSTypes/inOrder``: a later type waits while an earlier one has something to say, and removals of the first type wait
/// until the later ones were sent. So a workload never arrives before its policies, and a policy never goes before the
/// workloads that list it.
package struct DeltaServerStream: Sendable {
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
        /// The last nonce accepted; "" for none.
        package var acknowledgedNonce: String
        /// Why the last rejected response was rejected; nil for none, or when a later one was accepted.
        package var lastError: String?
    }

    /// The node id of the first request; "" before it.
    package private(set) var nodeID = ""
    private let id: String
    private let order: [String]
    private let limits: XDSStreamLimits
    private var types: [String: Subscription] = [:]
    private var nonces: UInt64 = 0

    /// A stream.
    ///
    /// - Parameter id: goes into its nonces, so that those of two streams differ.
    package init(id: String, order: [String] = XDSTypes.inOrder, limits: XDSStreamLimits = XDSStreamLimits()) {
        self.id = id
        self.order = order
        self.limits = limits
    }

    /// The state of each type, by type.
    package var status: [Status] {
        self.types.values.map { subscription in
            Status(
                typeURL: subscription.typeURL,
                isWildcard: subscription.isWildcard,
                names: subscription.names.count,
                sentNonce: subscription.sentNonce,
                acknowledgedNonce: subscription.acknowledgedNonce,
                lastError: subscription.lastError
            )
        }.sorted { $0.typeURL < $1.typeURL }
    }

    /// Reads a request; returns the responses to send now.
    package mutating func receive(
        _ request: EnvoyDiscovery.DeltaDiscoveryRequest,
        catalog: ResourceCatalog
    ) throws(XDSStreamError) -> [EnvoyDiscovery.DeltaDiscoveryResponse] {
        if self.nodeID.isEmpty {
            guard let id = request.node?.id, !id.isEmpty else { throw .nodeMissing }
            self.nodeID = id
        }
        if var subscription = self.types[request.typeURL] {
            guard request.responseNonce.isEmpty || request.responseNonce == subscription.sentNonce else {
                // An answer to an older response: the client will answer the newer one too.
                return []
            }
            subscription.note(request, catalog: catalog.type(request.typeURL))
            self.types[request.typeURL] = subscription
        } else {
            guard self.types.count < self.limits.types else { throw .tooManyTypes }
            let catalog = catalog.type(request.typeURL)
            guard request.initialResourceVersions.count <= self.limits.names else { throw .tooManyNames }
            self.types[request.typeURL] = Subscription(first: request, catalog: catalog)
        }
        guard self.types[request.typeURL]?.names.count ?? 0 <= self.limits.names else { throw .tooManyNames }
        return try self.pushes(catalog)
    }

    /// The responses that may be sent now; to be asked for whenever the catalog changed.
    package mutating func pushes(
        _ catalog: ResourceCatalog
    ) throws(XDSStreamError) -> [EnvoyDiscovery.DeltaDiscoveryResponse] {
        var responses: [EnvoyDiscovery.DeltaDiscoveryResponse] = []
        let others = self.types.keys.filter { !self.order.contains($0) }.sorted()
        for typeURL in others { try self.push(typeURL, catalog, into: &responses) }
        for (index, typeURL) in self.order.enumerated() where self.types[typeURL] != nil {
            let later = self.order[(index + 1)...]
            try self.types[typeURL]?.gather(catalog.type(typeURL))
            for type in later { try self.types[type]?.gather(catalog.type(type)) }
            let holdsRemovals = index == 0 && self.mustHoldRemovals(of: typeURL, for: later)
            try self.push(typeURL, catalog, holdingRemovals: holdsRemovals, into: &responses)
            // What the later types have may refer to what this one could not send yet.
            if self.types[typeURL]?.owesResources == true { return responses }
        }
        // With everything sent, removals that waited may follow.
        if let first = self.order.first, self.order.dropFirst().allSatisfy({ self.types[$0]?.owes != true }) {
            try self.push(first, catalog, into: &responses)
        }
        return responses
    }

    /// Whether a later type may still have to let go of what was removed from this one. In the first response of a stream
    /// that is so while a later type has not been asked for, as clients ask for one type after the other.
    private func mustHoldRemovals(of typeURL: String, for later: ArraySlice<String>) -> Bool {
        later.contains { self.types[$0]?.owes == true }
            || self.types[typeURL]?.sentNonce == "" && later.contains { self.types[$0] == nil }
    }

    private mutating func push(
        _ typeURL: String,
        _ catalog: ResourceCatalog,
        holdingRemovals: Bool = false,
        into responses: inout [EnvoyDiscovery.DeltaDiscoveryResponse]
    ) throws(XDSStreamError) {
        guard var subscription = self.types[typeURL], !subscription.isInFlight else { return }
        let catalog = catalog.type(typeURL)
        try subscription.gather(catalog)
        if var response = subscription.take(catalog, holdingRemovals: holdingRemovals) {
            self.nonces += 1
            response.nonce = "\(self.id)-\(self.nonces)"
            subscription.sent(response.nonce)
            responses.append(response)
        }
        self.types[typeURL] = subscription
    }
}
