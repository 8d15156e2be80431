package import CertificateAuthority
import ECSDiscovery
import Foundation
import MeshModel
import MeshProtos
import MeshTelemetry
import MeshXDS

/// The pages of the admin port. Texts and numbers only; keys and credentials are in none of the sources.
package struct AdminPages: Sendable {
    let bootstrap: @Sendable () -> BootstrapDocument
    let authority: any MeshAuthority
    let journal: IssuanceJournal
    let publisher: RegistryPublisher
    let store: ResourceStore
    let connections: ConnectionTable
    /// The name of this control plane among its replicas.
    let replica: String
    let zones: ZoneKeeper?
    let fleet: DiscoveryFleet?
    private let metrics: ControlPlaneMetrics
    /// How we stand among other replicas; nil where there are none.
    var replicas: ReplicaReport?

    /// Makes the pages over the parts that they show.
    ///
    /// - Parameters:
    ///   - bootstrap: what data planes must know now; the roots in it change while one is replaced.
    ///   - replica: the name of this control plane among its replicas.
    package init(
        bootstrap: @escaping @Sendable () -> BootstrapDocument,
        authority: any MeshAuthority,
        journal: IssuanceJournal,
        publisher: RegistryPublisher,
        store: ResourceStore,
        connections: ConnectionTable,
        zones: ZoneKeeper?,
        fleet: DiscoveryFleet? = nil,
        metrics: ControlPlaneMetrics,
        replica: String = ReplicaName.ours
    ) {
        self.bootstrap = bootstrap
        self.authority = authority
        self.journal = journal
        self.publisher = publisher
        self.store = store
        self.connections = connections
        self.zones = zones
        self.fleet = fleet
        self.metrics = metrics
        self.replica = replica
    }

    /// The page of a path; nil for none.
    ///
    /// - Throws: `AdminFault` with `forbidden` for one that shows all namespaces to a caller who sees one.
    func answer(_ path: String, for caller: AdminCaller) throws(AdminFault) -> AdminAnswer? {
        if path.hasPrefix("/debug/"), caller.namespace != nil {
            throw AdminFault(.forbidden, "this page shows all namespaces, and \(caller.name) sees its own only")
        }
        switch path {
        case "/healthz", "/ready":
            let isReady = self.store.isReady
            return .text(self.publisher.awaited?.description ?? "ok", status: isReady ? 200 : 503)
        case "/metrics":
            let format = ExpositionFormat.prometheus
            return AdminAnswer(contentType: format.contentType, body: self.metrics.registry.exposition(format))
        case "/bootstrap": return .json(self.bootstrap())
        case "/debug/registry": return .json(RegistryPage(self.publisher.overview, zones: self.zones?.status ?? []))
        case "/debug/resources": return .json(ResourcesPage(self.store.catalog))
        case "/debug/connections": return .json(self.connections.connections.map(ConnectionPage.init))
        case "/debug/certificates": return .json(CertificatesPage(self.authority, self.journal))
        case "/":
            let pages =
                ["/healthz", "/metrics", "/bootstrap"]
                + ["registry", "resources", "connections", "certificates"].map { "/debug/\($0)" }
                + (Self.views + ["resources", "tokens", "rotation"]).sorted().map { "/v1/\($0)" }
            return .text(pages.joined(separator: "\n"))
        default: return nil
        }
    }
}

private struct RegistryPage: Encodable {
    struct Service: Encodable {
        var name: String
        var hostnames: [String]
        var address: String?
        var ports: [String]
        var sources: [String]
    }

    struct Worker: Encodable {
        var generation: UInt64
        var services: Int
        var tasks: Int
        var error: String?
        var clusters: [String: String]
    }

    struct Task: Encodable {
        var arn: String
        var service: String
        var addresses: [String]
        var status: String
        var health: String
        var isEnrolled: Bool
        var isReady: Bool
        var role: String?
    }

    var services: [Service]
    var tasks: [Task]
    var findings: [String]
    var workers: [String: Worker]
    var zones: [ZoneKeeper.ZoneStatus]
    var encodings: Int

    init(_ overview: RegistryPublisher.Overview, zones: [ZoneKeeper.ZoneStatus]) {
        self.services = overview.services.map { service in
            Service(
                name: service.key.description,
                hostnames: service.hostnames,
                address: service.address?.description,
                ports: service.ports.map(\.description),
                sources: service.sources
            )
        }
        self.tasks = overview.snapshots.values.flatMap(\.tasks.values).sorted { $0.arn < $1.arn }.map { task in
            Task(
                arn: task.arn,
                service: task.serviceName,
                addresses: task.addresses.map(\.description),
                status: "\(task.lastStatus), wanted \(task.desiredStatus)",
                health: task.health.rawValue,
                isEnrolled: task.isEnrolled,
                isReady: task.isReady,
                role: task.taskRoleARN
            )
        }
        self.findings = overview.findings.map(\.description)
        self.workers = overview.snapshots.mapValues { snapshot in
            Worker(
                generation: snapshot.generation,
                services: snapshot.services.count,
                tasks: snapshot.tasks.count,
                error: snapshot.account.errorCode.map { "\($0): \(snapshot.account.errorMessage ?? "")" },
                clusters: snapshot.clusters.reduce(into: [:]) { clusters, entry in
                    clusters[entry.value.name] = entry.value.poll.errorCode ?? "ok"
                }
            )
        }
        self.zones = zones
        self.encodings = overview.encodings
    }
}

private struct ResourcesPage: Encodable {
    struct Resource: Encodable {
        var name: String
        var version: String
        var bytes: Int
        var aliases: [String]
        var content: String
    }

    var isReady: Bool
    var resources: [Resource]

    init(_ catalog: ResourceCatalog?) {
        self.isReady = catalog != nil
        self.resources = (catalog?.resources(of: XDSTypes.address) ?? []).map { resource in
            let address = try? IstioWorkload.Address(decoding: resource.bytes)
            return Resource(
                name: resource.name,
                version: resource.version,
                bytes: resource.bytes.count,
                aliases: resource.aliases,
                content: String("\(address?.kind.map { "\($0)" } ?? "not readable")".prefix(4096))
            )
        }
    }
}

private struct ConnectionPage: Encodable {
    struct TypeState: Encodable {
        var type: String
        var isWildcard: Bool
        var names: Int
        var sentNonce: String
        var acknowledgedNonce: String
        var lastError: String?
    }

    var id: String
    var remote: String
    var identity: String
    var node: String
    var since: Date
    var pushes: Int
    var rejects: Int
    var types: [TypeState]

    init(_ connection: ConnectionTable.Connection) {
        self.id = connection.id
        self.remote = connection.remote
        self.identity = connection.identity
        self.node = connection.node
        self.since = connection.since
        self.pushes = connection.pushes
        self.rejects = connection.rejects
        self.types = connection.types.map { status in
            TypeState(
                type: status.typeURL,
                isWildcard: status.isWildcard,
                names: status.names,
                sentNonce: status.sentNonce,
                acknowledgedNonce: status.acknowledgedNonce,
                lastError: status.lastError
            )
        }
    }
}

private struct CertificatesPage: Encodable {
    var trustDomain: String
    var rootExpiry: Date
    var intermediateExpiry: Date
    var counts: [String: Int]
    var newest: [IssuanceRecord]

    init(_ authority: any MeshAuthority, _ journal: IssuanceJournal) {
        self.trustDomain = authority.trustDomain
        self.rootExpiry = authority.rootExpiry
        self.intermediateExpiry = authority.intermediateExpiry
        self.counts = journal.counts
        self.newest = journal.newest
    }
}
