package import MeshProtos

/// The client's side of delta xDS as a pure machine: it says which requests to send and what each response means.
///
/// The owner opens a stream, sends ``streamOpened()``'s requests, gives every response to ``receive(_:)``, applies the
/// update, and sends what ``acknowledge(_:rejected:)`` returns. When the stream ends it asks ``streamEnded(_:random:)`` how
/// long to wait. What was received stays across streams, so the next stream brings only what changed.
package struct DeltaClient: Sendable {
    /// What is wanted of a type.
    package enum Interest: Hashable, Sendable {
        /// All resources.
        case wildcard
        /// Only what is asked for by ``DeltaClient/subscribe(_:to:)``.
        case onDemand
    }

    /// How many names one type may hold; more are rejected. Default 1 Mi.
    package var maximumNames = 1 << 20
    /// The longest text of a NACK in bytes. Default 4 KiB.
    package var maximumErrorBytes = 4096
    /// The most bytes that the versions of one type may take in its first request. Default 3 MiB: stock istiod refuses
    /// messages of more than 4 MiB, and with them every reconnect in a big mesh. Beyond it none are listed, so that
    /// everything comes anew, and ``sweep()`` finds what is gone.
    package var maximumVersionBytes = 3 << 20

    private let node: EnvoyDiscovery.Node
    private var types: [TypeState]
    private var backoff: XDSBackoff
    private var isOpen = false
    private var hasReceived = false

    private struct TypeState: Sendable {
        let typeURL: String
        let interest: Interest
        /// What is held: name to version. "" is a resource whose newer version was rejected.
        var versions: [String: String] = [:]
        /// Names that are not held because they were rejected.
        var rejected: Set<String> = []
        /// Names asked for on demand.
        var names: Set<String> = []
        /// Those of them that have no answer yet.
        var pending: Set<String> = []
        /// What is held but was not listed when this stream opened, and has not come again since.
        var unconfirmed: Set<String> = []
        var wasAnswered = false

        /// What the names and versions take in a request, with the headers of their fields.
        var versionBytes: Int {
            self.versions.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 16 }
                + self.rejected.reduce(0) { $0 + $1.utf8.count + 16 }
        }
    }

    /// A client that follows `types`, in this order.
    package init(
        node: EnvoyDiscovery.Node,
        types: [(typeURL: String, interest: Interest)],
        backoff: XDSBackoff = XDSBackoff()
    ) {
        self.node = node
        self.types = types.map { TypeState(typeURL: $0.typeURL, interest: $0.interest) }
        self.backoff = backoff
    }

    /// Whether the first response of every wildcard type was applied, on this stream or an earlier one.
    ///
    /// Istio's ztunnel waits for one without a rejected resource, so that one that nobody can read keeps every new
    /// ztunnel of the mesh from serving. Here such a response counts: what was rejected is named in the NACK, the log and
    /// the metric, and a rejected policy closes what it would cover.
    package var isSynced: Bool { self.types.allSatisfy { $0.wasAnswered || $0.interest == .onDemand } }

    /// Whether names of a type were asked for on demand and have no answer yet.
    package func isPending(_ name: String, of typeURL: String) -> Bool {
        self.types.first { $0.typeURL == typeURL }?.pending.contains(name) ?? false
    }

    /// How many resources of a type are held.
    package func count(of typeURL: String) -> Int {
        self.types.first { $0.typeURL == typeURL }?.versions.count ?? 0
    }

    /// Whether a resource of this name is held, or was sent and rejected.
    package func holds(_ name: String, of typeURL: String) -> Bool {
        guard let type = self.types.first(where: { $0.typeURL == typeURL }) else { return false }
        return type.versions[name] != nil || type.rejected.contains(name)
    }

    /// A stream is open: the first requests, one a type.
    package mutating func streamOpened() -> [EnvoyDiscovery.DeltaDiscoveryRequest] {
        self.isOpen = true
        self.hasReceived = false
        for index in self.types.indices {
            let isListed = self.types[index].versionBytes <= self.maximumVersionBytes
            self.types[index].unconfirmed =
                isListed ? [] : Set(self.types[index].versions.keys).union(self.types[index].rejected)
        }
        return self.types.map { type in
            .with {
                $0.node = self.node
                $0.typeURL = type.typeURL
                if type.unconfirmed.isEmpty {
                    $0.initialResourceVersions = type.versions
                    for name in type.rejected { $0.initialResourceVersions[name] = "" }
                }
                if type.interest == .onDemand {
                    // Both at once means: nothing but the names.
                    $0.resourceNamesSubscribe = ["*"] + type.names.sorted()
                    $0.resourceNamesUnsubscribe = ["*"]
                    for name in type.pending { $0.initialResourceVersions[name] = "" }
                }
            }
        }
    }

    /// Whether ``sweep()`` would find something.
    package var needsSweep: Bool { self.types.contains { !$0.unconfirmed.isEmpty } }

    /// What was not listed when the stream opened and has not come since: removed meanwhile. To be applied like any other
    /// update, without an answer. The owner calls it when the stream has been quiet for a while after its beginning.
    package mutating func sweep() -> [XDSUpdate] {
        var updates: [XDSUpdate] = []
        for index in self.types.indices where !self.types[index].unconfirmed.isEmpty {
            let gone = self.types[index].unconfirmed
            self.types[index].unconfirmed = []
            for name in gone { self.types[index].versions[name] = nil }
            self.types[index].rejected.subtract(gone)
            var update = XDSUpdate(typeURL: self.types[index].typeURL, nonce: "")
            update.removed = gone.sorted()
            updates.append(update)
        }
        return updates
    }

    /// Asks for names of a type that is followed on demand; nil when there is nothing to send now.
    ///
    /// Without a stream the names are asked for when the next one opens. Names beyond ``maximumNames`` are not asked for.
    package mutating func subscribe(
        _ names: [String],
        to typeURL: String
    ) -> EnvoyDiscovery.DeltaDiscoveryRequest? {
        guard let index = self.index(of: typeURL), self.types[index].interest == .onDemand else { return nil }
        let room = max(0, self.maximumNames - self.types[index].names.count)
        let new = Array(Set(names).subtracting(self.types[index].names).subtracting(["", "*"]).sorted().prefix(room))
        self.types[index].names.formUnion(new)
        self.types[index].pending.formUnion(new)
        guard self.isOpen, !new.isEmpty else { return nil }
        return .with {
            $0.typeURL = typeURL
            $0.resourceNamesSubscribe = new
        }
    }

    /// Gives up names asked for on demand; nil when there is nothing to send now.
    package mutating func unsubscribe(
        _ names: [String],
        from typeURL: String
    ) -> EnvoyDiscovery.DeltaDiscoveryRequest? {
        guard let index = self.index(of: typeURL) else { return nil }
        let old = self.types[index].names.intersection(names)
        self.types[index].names.subtract(old)
        self.types[index].pending.subtract(old)
        for name in old { self.types[index].versions[name] = nil }
        self.types[index].rejected.subtract(old)
        guard self.isOpen, !old.isEmpty else { return nil }
        return .with {
            $0.typeURL = typeURL
            $0.resourceNamesUnsubscribe = old.sorted()
        }
    }

    /// Reads a response. The update must be given to ``acknowledge(_:rejected:)`` before the next response is read.
    package mutating func receive(_ response: EnvoyDiscovery.DeltaDiscoveryResponse) -> XDSUpdate {
        self.hasReceived = true
        var update = XDSUpdate(typeURL: response.typeURL, nonce: response.nonce)
        guard let index = self.index(of: response.typeURL) else { return update }
        var places: [String: Int] = [:]
        var names = Set(response.removedResources)
        for resource in response.resources {
            names.insert(resource.name)
            names.formUnion(resource.aliases)
            guard !resource.name.isEmpty, let content = resource.resource else {
                update.malformed.append(XDSRejection(name: resource.name, reason: "it has no name or no content"))
                continue
            }
            guard content.typeURL == response.typeURL else {
                let reason = "its type is \(content.typeURL.prefix(200)), not \(response.typeURL)"
                update.malformed.append(XDSRejection(name: resource.name, reason: reason))
                continue
            }
            let new = XDSUpdate.Resource(name: resource.name, version: resource.version, bytes: content.value)
            if let place = places[resource.name] {
                update.resources[place] = new
            } else if self.types[index].versions[resource.name] == nil,
                self.types[index].versions.count + places.count >= self.maximumNames
            {
                let reason = "more than \(self.maximumNames) resources"
                update.malformed.append(XDSRejection(name: resource.name, reason: reason))
            } else {
                places[resource.name] = update.resources.count
                update.resources.append(new)
            }
        }
        update.removed = response.removedResources
        self.types[index].unconfirmed.subtract(names)
        update.answered = self.types[index].pending.intersection(names).sorted()
        return update
    }

    /// Notes what the owner did with an update and makes the ACK, or the NACK when a resource was rejected.
    ///
    /// The others of the same response count as accepted. A rejected resource is sent again on the next stream.
    package mutating func acknowledge(
        _ update: XDSUpdate,
        rejected: [XDSRejection] = []
    ) -> EnvoyDiscovery.DeltaDiscoveryRequest {
        let rejections = update.malformed + rejected
        if let index = self.index(of: update.typeURL) {
            for name in update.removed { self.types[index].versions[name] = nil }
            self.types[index].rejected.subtract(update.removed)
            let bad = Set(rejections.map(\.name))
            for resource in update.resources where !bad.contains(resource.name) {
                self.types[index].versions[resource.name] = resource.version
                self.types[index].rejected.remove(resource.name)
            }
            // The owner knows of it, by an older version or as rejected: the next stream must bring it again, or its
            // removal.
            for name in bad where !name.isEmpty {
                if self.types[index].versions[name] != nil {
                    self.types[index].versions[name] = ""
                } else if self.types[index].versions.count + self.types[index].rejected.count < self.maximumNames {
                    self.types[index].rejected.insert(name)
                }
            }
            self.types[index].pending.subtract(update.answered)
            self.types[index].wasAnswered = true
        }
        return .with {
            $0.typeURL = update.typeURL
            $0.responseNonce = update.nonce
            if !rejections.isEmpty { $0.errorDetail = .with { $0.message = self.text(of: rejections) } }
        }
    }

    /// The stream ended, or none was made: how long to wait before the next attempt.
    package mutating func streamEnded(
        _ end: XDSStreamEnd,
        random: inout some RandomNumberGenerator
    ) -> Duration {
        self.isOpen = false
        // Only a stream that brought something was a success: "routine" is also what a broken proxy in between answers.
        if self.hasReceived { self.backoff.reset() }
        self.hasReceived = false
        return self.backoff.next(random: &random)
    }

    private func index(of typeURL: String) -> Int? { self.types.firstIndex { $0.typeURL == typeURL } }

    private func text(of rejections: [XDSRejection]) -> String {
        var text = ""
        for (index, rejection) in rejections.enumerated() {
            let line = "\(index == 0 ? "" : "; ")\(rejection.name): \(rejection.reason)"
            guard text.utf8.count + line.utf8.count <= self.maximumErrorBytes else {
                return text + "\(index == 0 ? "" : "; ")\(rejections.count - index) more"
            }
            text += line
        }
        return text
    }
}
