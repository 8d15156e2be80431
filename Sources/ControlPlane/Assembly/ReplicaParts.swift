import ECSDiscovery
import Logging
import MeshTelemetry

/// What a replica does with others: who does what only one may do, and what one tells the others.
struct ReplicaParts: Sendable {
    let table: SharedTable
    /// Who keeps the zones of Route 53.
    let zones: LeaseKeeper
    /// Who reads the queues of events.
    let events: LeaseKeeper
    /// How the others learn of them.
    let feed: EventFeed

    init(_ table: SharedTable, fleet: DiscoveryFleet, metrics: ControlPlaneMetrics, logger: Logger) {
        func lease(_ work: String) -> LeaseKeeper {
            LeaseKeeper(work: work, replica: table.replica, table: table, logger: logger)
        }
        self.table = table
        self.zones = lease("route53")
        self.events = lease("events")
        self.feed = EventFeed(
            table: table,
            logger: logger,
            count: { metrics.sharedEvents.with($0.rawValue).add() },
            take: { fleet.take($0) }
        )
    }

    var leases: [LeaseKeeper] { [self.zones, self.events] }

    /// Gives back what is held, so that others need not wait for its end.
    func release() async {
        await withDiscardingTaskGroup { group in
            for lease in self.leases { group.addTask { await lease.release() } }
        }
    }
}
