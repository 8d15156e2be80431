package import MeshCompile
package import MeshXDS
import Synchronization

/// The resources as they are now, and who wants to hear when they change.
///
/// Streams take a copy of the catalog, which shares its storage, and compute outside of the lock.
package final class ResourceStore: Sendable {
    /// What a listener is told.
    package enum Notice: Sendable {
        /// The catalog changed.
        case changed
        /// The server stops; come back elsewhere.
        case stopping
    }

    private struct State {
        var catalog = ResourceCatalog()
        var isReady = false
        var isStopping = false
        var listeners: [UInt64: @Sendable (Notice) -> Void] = [:]
        var nextListener: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Makes an empty store that is not ready.
    package init() {}

    /// The catalog as it is now; nil before the mesh was looked at once, when nothing may be said about it.
    package var catalog: ResourceCatalog? {
        self.state.withLock { $0.isReady ? $0.catalog : nil }
    }

    /// Whether the mesh was looked at once.
    package var isReady: Bool { self.state.withLock { $0.isReady } }

    /// Applies a compiled change and tells all listeners.
    package func publish(_ change: CompiledChange) {
        self.publish(
            [
                ResourceChange(
                    XDSTypes.authorization,
                    changed: change.policies.changed,
                    removed: change.policies.removed
                ),
                ResourceChange(XDSTypes.address, changed: change.addresses.changed, removed: change.addresses.removed),
            ] + change.waypoints.sorted { $0.key < $1.key }.flatMap(Self.changes)
        )
    }

    /// What one waypoint gets, where nobody else finds it.
    private static func changes(of owner: WaypointIdentity, _ change: CompiledChange.Waypoint) -> [ResourceChange] {
        [
            ResourceChange(
                XDSTypes.owned(XDSTypes.waypointSettings, by: owner.description),
                changed: change.settings.changed,
                removed: change.settings.removed
            ),
            ResourceChange(
                XDSTypes.owned(XDSTypes.serviceRoutes, by: owner.description),
                changed: change.routes.changed,
                removed: change.routes.removed
            ),
        ]
    }

    /// Applies changes of several types as one, and tells all listeners once: no stream sees some of them without the
    /// others. In which order their responses go out is the streams' business, not that of the order here.
    package func publish(_ changes: [ResourceChange]) {
        let listeners = self.state.withLock { state -> [@Sendable (Notice) -> Void] in
            state.isReady = true
            var isNew = false
            for change in changes {
                let isDifferent = state.catalog.update(
                    change.typeURL,
                    upserts: change.changed,
                    removing: change.removed
                )
                isNew = isDifferent || isNew
            }
            return isNew ? Array(state.listeners.values) : []
        }
        for listener in listeners { listener(.changed) }
    }

    /// Adds a listener; it must return at once.
    ///
    /// - Returns: a number for `remove`; nil when the store is stopping.
    package func listen(_ listener: @escaping @Sendable (Notice) -> Void) -> UInt64? {
        self.state.withLock { state in
            guard !state.isStopping else { return nil }
            state.nextListener += 1
            state.listeners[state.nextListener] = listener
            return state.nextListener
        }
    }

    /// Removes a listener.
    package func remove(_ listener: UInt64) {
        self.state.withLock { $0.listeners[listener] = nil }
    }

    /// Tells every listener to end, and takes no new ones.
    package func stop() {
        let listeners = self.state.withLock { state in
            state.isStopping = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener(.stopping) }
    }
}
