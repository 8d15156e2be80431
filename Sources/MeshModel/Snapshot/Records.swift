/// A workload on the heap, so that indices hold and copy one reference.
final class WorkloadRecord: Sendable, Equatable {
    let workload: Workload
    /// How it competes for an address with others: Istio's order of preference, then health.
    ///
    /// An address that a stopping task leaves to a new one belongs to both for a moment.
    private let rank: Int

    init(_ workload: Workload) {
        self.workload = workload
        let preference = (Self.isInstance(uid: workload.uid) ? 2 : 0) + (workload.tunnel == .hbone ? 1 : 0)
        self.rank = preference * 2 + (workload.isHealthy ? 1 : 0)
    }

    var uid: String { self.workload.uid }

    /// Whether the uid is that of something that runs, a pod of Kubernetes or a task of ECS, and not of an entry that
    /// somebody wrote for an address.
    static func isInstance(uid: String) -> Bool {
        self.contains(uid, Self.podMark) || self.contains(uid, Self.taskMark)
    }

    private static let podMark = Array("//Pod/".utf8)
    private static let taskMark = Array("/ecs.amazonaws.com/Task/".utf8)

    /// Searched by bytes: the library's search would bring the regex engine along.
    private static func contains(_ text: String, _ mark: [UInt8]) -> Bool {
        var rest = Array(text.utf8)[...]
        while rest.count >= mark.count {
            if rest.starts(with: mark) { return true }
            rest = rest.dropFirst()
        }
        return false
    }

    /// The host name that it is found by; nil for none.
    var hostname: NamespacedHostname? {
        guard !self.workload.hostname.isEmpty else { return nil }
        return NamespacedHostname(namespace: self.workload.namespace, hostname: self.workload.hostname)
    }

    /// The addresses it is found by. One that shares its host's network is not: its address is not its alone.
    var indexedAddresses: Set<NetworkAddress> {
        guard !self.workload.usesHostNetwork else { return [] }
        return Set(self.workload.addresses.map { NetworkAddress(network: self.workload.network, ip: $0) })
    }

    static func == (left: WorkloadRecord, right: WorkloadRecord) -> Bool {
        left === right || left.workload == right.workload
    }

    /// Whether `left` comes first among workloads of one address.
    static func < (left: WorkloadRecord, right: WorkloadRecord) -> Bool {
        left.rank == right.rank ? left.uid < right.uid : left.rank > right.rank
    }
}

/// A workload as an endpoint of one service, with its ports for it at hand.
struct Endpoint: Sendable, Equatable {
    let record: WorkloadRecord
    let ports: [ServicePort]
}

/// A service on the heap, so that indices hold and copy one reference.
final class ServiceRecord: Sendable, Equatable {
    let service: Service

    init(_ service: Service) { self.service = service }

    /// The names it is called by, in lower case.
    var hosts: Set<String> {
        [self.service.hostname.lowercased(), "\(self.service.name).\(self.service.namespace)".lowercased()]
    }

    static func == (left: ServiceRecord, right: ServiceRecord) -> Bool {
        left === right || left.service == right.service
    }

    static func < (left: ServiceRecord, right: ServiceRecord) -> Bool { left.service.key < right.service.key }
}

extension ShardedMap {
    /// Adds `element` to the list of `key`, which stays in order.
    mutating func add<E>(_ key: Key, _ element: E?, before: (E, E) -> Bool) where Value == [E] {
        guard let element else { return }
        self.modify(key) { list in
            var elements = list.take() ?? []
            elements.insert(element, at: elements.partitionPoint { !before(element, $0) })
            list = elements
        }
    }

    /// Takes the elements that match out of the list of `key`; an empty list is no entry.
    mutating func drop<E>(_ key: Key, where matches: (E) -> Bool) where Value == [E] {
        self.modify(key) { list in
            list?.removeAll(where: matches)
            if list?.isEmpty == true { list = nil }
        }
    }
}

extension ShardedMap where Value == [Endpoint] {
    /// Puts `endpoint` into the list of `key`, in the order of uids, in place of an earlier one of its uid.
    mutating func put(_ key: Key, _ endpoint: Endpoint) {
        let uid = endpoint.record.uid
        self.modify(key) { list in
            var endpoints = list.take() ?? []
            let index = endpoints.partitionPoint { $0.record.uid < uid }
            if index < endpoints.count, endpoints[index].record.uid == uid {
                endpoints[index] = endpoint
            } else {
                endpoints.insert(endpoint, at: index)
            }
            list = endpoints
        }
    }
}

extension Array {
    /// How many leading elements satisfy `isBefore`, in an array where those come first.
    func partitionPoint(_ isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = self.count
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
