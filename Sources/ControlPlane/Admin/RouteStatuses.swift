import CertificateAuthority
import Foundation
import MeshCompile
import MeshConfig
import MeshXDS

/// What is known of declared resources, with what waypoints answered: a route is Programmed when every waypoint that
/// carries it out has taken it.
struct RouteStatuses {
    private enum State {
        case taken, pending, rejected(String)
    }

    private let overview: RegistryPublisher.Overview
    private let states: [WaypointIdentity: State]

    /// - Parameters:
    ///   - connections: the open streams.
    ///   - catalog: what there is to be taken; nil before it was known.
    init(
        _ overview: RegistryPublisher.Overview,
        connections: [ConnectionTable.Connection],
        catalog: ResourceCatalog?
    ) {
        self.overview = overview
        let byIdentity = Dictionary(grouping: connections) { $0.identity }
        var states: [WaypointIdentity: State] = [:]
        for owner in Set(overview.routeCarriers.values.flatMap(\.self)) {
            let type = XDSTypes.owned(XDSTypes.serviceRoutes, by: owner.description)
            let version = catalog.map { "\($0.revision(of: type))" } ?? ""
            states[owner] = Self.state(byIdentity["spiffe://\(owner)"] ?? [], version: version)
        }
        self.states = states
    }

    /// One instance that has not taken the newest is enough to say so: some requests still go the old way.
    private static func state(_ connections: [ConnectionTable.Connection], version: String) -> State {
        let types = connections.compactMap { $0.types.first { $0.typeURL == XDSTypes.serviceRoutes } }
        if let error = types.lazy.compactMap(\.lastError).first { return .rejected(error) }
        let isTaken = !types.isEmpty && types.allSatisfy { $0.acknowledgedVersion == version }
        return isTaken ? .taken : .pending
    }

    /// All statuses.
    var all: [ResourceKey: [ResourceCondition]] {
        var statuses = self.overview.statuses
        for (key, owners) in self.overview.routeCarriers {
            let conditions = statuses[key] ?? []
            // A part of it that no waypoint carries out is told already.
            guard !conditions.contains(where: { $0.kind == .programmed }) else { continue }
            statuses[key] = (conditions + [self.programmed(owners)]).sorted()
        }
        return statuses
    }

    private func programmed(_ owners: Set<WaypointIdentity>) -> ResourceCondition {
        var pending: [String] = []
        for owner in owners.sorted() {
            switch self.states[owner] {
            case .taken: continue
            case .rejected(let error):
                let message = "\(owner) refuses it: \(PlainLine.of(error, bytes: 512))"
                return ResourceCondition(.programmed, false, reason: "Rejected", message: message)
            case .pending, nil: pending.append(owner.description)
            }
        }
        guard pending.isEmpty else {
            let message = "not taken yet by \(pending.joined(separator: ", "))"
            return ResourceCondition(.programmed, false, reason: "Pending", message: message)
        }
        let names = owners.sorted().map(\.description).joined(separator: ", ")
        return ResourceCondition(.programmed, true, reason: "Programmed", message: "taken by \(names)")
    }
}
