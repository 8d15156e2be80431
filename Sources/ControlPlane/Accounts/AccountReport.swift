import AWSClient
import ECSDiscovery
import Foundation
import MeshCompile
import MeshConfig
import MeshTelemetry

/// How watching the accounts goes, for the admin port, for the resources' conditions and for metrics.
struct AccountReport: Sendable {
    let members: [DiscoveryFleet.Member]

    init(_ fleet: DiscoveryFleet) { self.members = fleet.members }

    /// The items of `/v1/accounts`.
    var pages: [ConfigValue] {
        self.members.map { member in
            let place = member.place
            let snapshot = member.snapshot
            return PageBuilder.object { page in
                page.text("name", place.name)
                page.text("resource", place.resource ?? "")
                page.text("account", place.account ?? "")
                page.text("region", place.region)
                page.text("role", place.role?.arn ?? "")
                page.text("state", snapshot.standing.rawValue)
                page.text("error", snapshot.failure.map { "\($0.scope): \($0.code): \($0.message)" } ?? "")
                page.text("errorCode", snapshot.failure?.code ?? "")
                page.text("seen", snapshot.oldestSuccess.map { Date(timeIntervalSince1970: $0).ISO8601Format() } ?? "")
                page.text("clusters", snapshot.clusters.values.map(\.name).sorted().joined(separator: ", "))
                page.set("services", .integer(Int64(snapshot.services.count)))
                page.set("tasks", .integer(Int64(snapshot.tasks.count)))
                let isConfirming =
                    snapshot.isConfirmingLoss || snapshot.clusters.values.contains(where: \.isConfirmingLoss)
                page.set("confirmingLoss", .bool(isConfirming))
            }
        }
    }

    /// Whether each declared account is watched to its end.
    var conditions: [ResourceKey: [ResourceCondition]] {
        let byResource = Dictionary(grouping: self.members.filter { $0.place.resource != nil }) {
            ResourceKey(kind: .ecsAccount, namespace: "", name: $0.place.resource ?? "")
        }
        return byResource.mapValues { [Self.condition($0)] }
    }

    private static func condition(_ members: [DiscoveryFleet.Member]) -> ResourceCondition {
        for member in members {
            guard let failure = member.snapshot.failure else { continue }
            let stands = "the last good state of \(member.snapshot.tasks.count) tasks stands"
            let message = "\(member.place.region), \(failure.scope): \(failure.message); \(stands)"
            return ResourceCondition(.discovered, false, reason: failure.code, message: String(message.prefix(1_024)))
        }
        guard members.allSatisfy(\.snapshot.isComplete) else {
            let regions = members.filter { !$0.snapshot.isComplete }.map(\.place.region).joined(separator: ", ")
            return ResourceCondition(.discovered, false, reason: "Pending", message: "not looked at yet: \(regions)")
        }
        let tasks = members.map(\.snapshot.tasks.count).reduce(0, +)
        let clusters = members.map(\.snapshot.clusters.count).reduce(0, +)
        let message = "\(tasks) tasks in \(clusters) clusters of \(members.map(\.place.region).joined(separator: ", "))"
        return ResourceCondition(.discovered, true, reason: "Discovered", message: message)
    }

    /// Adds the gauges of a fleet, which are read when somebody asks.
    static func measure(_ fleet: DiscoveryFleet, in registry: MetricsRegistry) {
        typealias Member = DiscoveryFleet.Member
        func add(_ name: String, _ help: String, _ value: @escaping @Sendable (Member) -> Double?) {
            registry.sampled(name, help: help, labels: ["worker"]) {
                fleet.members.compactMap { member in
                    value(member).map { (values: [member.place.name], value: $0) }
                }
            }
        }
        add("tulle_discovery_up", "Whether the account and all its clusters can be read, by discovery worker.") {
            $0.snapshot.standing == .ready ? 1 : 0
        }
        add("tulle_discovery_age_seconds", "Seconds since all of it was last read, by discovery worker.") { member in
            member.snapshot.oldestSuccess.map { max(0, Date().timeIntervalSince1970 - $0) }
        }
        add("tulle_discovery_tasks", "Tasks known, the last good state included, by discovery worker.") {
            Double($0.snapshot.tasks.count)
        }
    }
}
