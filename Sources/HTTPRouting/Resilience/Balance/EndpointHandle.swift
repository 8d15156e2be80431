package import MeshModel
import Synchronization

/// One endpoint of a cluster, shared by all loops.
///
/// Its facts never change: an update of them makes another handle over the same counters.
package final class EndpointHandle: Sendable {
    /// What discovery says of it.
    package let facts: EndpointFacts
    /// ``address`` as logs show it, made once: every request says it.
    package let addressText: String
    /// What this waypoint knows of it.
    let state: EndpointState

    init(_ facts: EndpointFacts, state: EndpointState) {
        self.facts = facts
        self.addressText = "\(facts.address)"
        self.state = state
    }

    /// The workload's uid.
    package var id: String { self.facts.id }
    /// Where it listens.
    package var address: SocketAddress { self.facts.address }
    /// Requests, or connections of a TCP cluster, that are under way from this waypoint.
    package var active: Int { self.state.active.load(ordering: .relaxed) }
    /// Whether it failed too often and is left alone for a time.
    package var isEjected: Bool { self.state.isEjected }
    /// Whether active health checks say that it is not well.
    package var failsChecks: Bool { self.state.check == .failed }
    /// Whether it asked active health checks to be used only for what others can't carry.
    package var isDegraded: Bool { self.state.check == .degraded }

    /// Counts a request (or connection) until the returned value ends.
    package func beginUse() -> EndpointUse { EndpointUse(self.state) }

    /// Whether both stand for the same endpoint, though its facts may have changed in between.
    package func isSame(as other: EndpointHandle) -> Bool { self.state === other.state }
}

/// A request under way to an endpoint: it counts as active until this value is given up, on whatever path that happens.
package struct EndpointUse: ~Copyable, Sendable {
    private let state: EndpointState

    fileprivate init(_ state: EndpointState) {
        self.state = state
        state.active.wrappingAdd(1, ordering: .relaxed)
    }

    deinit { self.state.active.wrappingSubtract(1, ordering: .relaxed) }

    /// Ends the use now instead of at the end of the scope.
    package consuming func end() {}
}

/// The counters of one endpoint. Loops write them without a lock; what decides over them holds the cluster's.
final class EndpointState: Sendable {
    /// What active health checks say.
    enum Check: UInt8 {
        /// Nothing yet.
        case unknown
        case passed
        /// It answers, and asks to be left alone while others can do the work.
        case degraded
        case failed

        /// Whether the last answers allow it to get requests.
        var isUsable: Bool { self == .passed || self == .degraded }
    }

    let active = Atomic<Int>(0)
    let consecutive5xx = Atomic<UInt32>(0)
    let consecutiveGateway = Atomic<UInt32>(0)
    let consecutiveLocal = Atomic<UInt32>(0)
    /// How often it was ejected, less one for each interval it stayed well.
    let ejections = Atomic<UInt32>(0)
    /// When the last ejection began or ended, in milliseconds.
    let ejectionChanged = Atomic<UInt64>(0)
    /// When it became usable, in milliseconds: slow start counts from here.
    let usableSince = Atomic<UInt64>(0)
    /// Its priority in the current table; `UInt8.max` while it has none.
    let priority = Atomic<UInt8>(.max)
    private let ejected = Atomic<Bool>(false)
    private let checked = Atomic<UInt8>(0)

    var isEjected: Bool {
        get { self.ejected.load(ordering: .relaxed) }
        set { self.ejected.store(newValue, ordering: .relaxed) }
    }

    var check: Check {
        get { Check(rawValue: self.checked.load(ordering: .relaxed)) ?? .unknown }
        set { self.checked.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Forgets failures in a row.
    func clearFailures() {
        Self.clear(self.consecutive5xx)
        Self.clear(self.consecutiveGateway)
        Self.clear(self.consecutiveLocal)
    }

    /// Zero is not written over zero: the line stays shared between the loops' caches while all goes well.
    static func clear(_ counter: borrowing Atomic<UInt32>) {
        if counter.load(ordering: .relaxed) != 0 { counter.store(0, ordering: .relaxed) }
    }
}
