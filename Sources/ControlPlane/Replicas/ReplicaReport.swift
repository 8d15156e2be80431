import Foundation
import MeshConfig
import MeshTelemetry

/// How this replica stands among the others, for the admin port and for metrics.
struct ReplicaReport: Sendable {
    let table: SharedTable
    let leases: [LeaseKeeper]
    let configuration: @Sendable () -> SharedConfiguration.Status?

    /// The object `shared` of `/v1/version`.
    var page: ConfigValue {
        let contact = self.table.contact
        let configuration = self.configuration()
        return PageBuilder.object { page in
            page.text("name", self.table.replica)
            page.text("table", self.table.identity)
            page.text("lastContact", contact.last?.ISO8601Format() ?? "")
            page.text("error", contact.error ?? "")
            page.set("revision", .integer(configuration?.revision ?? 0))
            page.set("documents", .integer(Int64(configuration?.documents ?? 0)))
            page.text("configurationError", configuration?.error ?? "")
            page.set("leases", .list(self.leases.map { Self.page($0.status) }))
        }
    }

    private static func page(_ lease: LeaseKeeper.Status) -> ConfigValue {
        PageBuilder.object { page in
            page.text("work", lease.work)
            page.text("holder", lease.holder ?? "")
            page.set("isOurs", .bool(lease.isOurs))
            page.text("error", lease.error ?? "")
        }
    }

    /// Adds the figures, which are read when somebody asks.
    func measure(in registry: MetricsRegistry) {
        self.table.measure(in: registry)
        let (leases, configuration) = (self.leases, self.configuration)
        registry.sampled(
            "tulle_lease_held",
            help: "Whether this replica does a work that only one does, by work.",
            labels: ["work"]
        ) {
            leases.map { (values: [$0.status.work], value: $0.status.isOurs ? 1 : 0) }
        }
        registry.sampled(
            "tulle_shared_configuration_revision",
            help: "The revision of the shared configuration that is in force here."
        ) {
            configuration().map { Double($0.revision) }
        }
    }
}
