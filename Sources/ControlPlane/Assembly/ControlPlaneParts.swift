import AWSClient
import CertificateAuthority
import ECSDiscovery
import Foundation
import Logging
import MeshConfig
import MeshModel

/// The parts of a running control plane, made in the order of their dependencies.
struct ControlPlaneParts: Sendable {
    let server: MeshServer
    let admin: [AdminServer]
    let publisher: RegistryPublisher
    let zones: ZoneKeeper?
    let fleet: DiscoveryFleet
    let events: EventIntake
    let rotation: ServingRotation
    let configuration: ConfigurationStore
    let keySets: KeySetKeeper
    /// What this replica does with others; nil where there are none.
    let replicas: ReplicaParts?
    let sessions: SessionKeeper
    private let attestor: ECSAttestor
    private let lookup: ECSTaskLookup
    private let settings: TulledConfiguration
    private let accounts: Set<String>
    private let bindings: [RoleBinding]
    private let bound: BoundAccounts

    init(
        configuration: TulledConfiguration,
        limits: ServerLimits,
        accounts: Set<String>,
        state: StateDirectory,
        authority assembly: AuthorityAssembly,
        client: AWSClient,
        shared: SharedTable?,
        transport: any HTTPTransport,
        logger: Logger
    ) async throws {
        let authority = assembly.authority
        let metrics = ControlPlaneMetrics()
        let bindings = configuration.bindings.compactMap { binding in
            RoleName(arn: binding.role).map {
                RoleBinding(role: $0, namespace: binding.namespace, serviceAccount: binding.serviceAccount)
            }
        }
        let journal = IssuanceJournal(state: state, logger: logger)
        let lookup = ECSTaskLookup(client: client, clusters: configuration.clusters)
        let stores = try await SecretStores(state: state, shared: shared, logger: logger)
        let attestor = ECSAttestor(
            policy: AttestationPolicy(
                audience: configuration.audience,
                trustDomain: configuration.trustDomain,
                regions: Set(configuration.regions),
                accounts: accounts,
                clusters: Set(configuration.clusters),
                bindings: bindings
            ),
            verifier: SecurityTokenVerifier(transport: transport, endpoints: configuration.stsEndpoints),
            tasks: lookup,
            shared: stores.attestations
        )
        let tokens = stores.tokens
        let bound = BoundAccounts()
        bound.replace(bindings)
        let domains = try TrustDomains(main: configuration.trustDomain, aliases: configuration.trustDomainAliases)
        let issuer = CertificateIssuer(
            authority: authority,
            attestors: AttestorChoice(
                task: attestor,
                // Without a way to renew, a machine would be out after one certificate.
                joinToken: assembly.signing.map { _ in
                    JoinTokenAttestor(store: tokens, trustDomain: configuration.trustDomain)
                },
                certificate: assembly.signing.map { signing in
                    CertificateAttestor(policy: .init(domains: domains, attested: []), authority: signing) {
                        bound.contains($0) ? false : try await tokens.hasJoined($0)
                    }
                }
            ),
            journal: journal
        )
        let resources = ResourceStore()
        let connections = ConnectionTable(limit: limits.streams, identityLimit: limits.streamsPerIdentity)
        let zones =
            configuration.zones.isEmpty
            ? nil
            : ZoneKeeper(
                service: Route53Zones(client: client.route53()),
                zones: configuration.zones,
                owner: ZoneOwner(configuration),
                logger: logger
            )
        let sessions = try await stores.sessions.load(now: Date())
        let publisher = try RegistryPublisher(
            settings: RegistrySettings(
                trustDomain: configuration.trustDomain,
                meshDomain: configuration.meshDomain,
                network: configuration.network,
                clusterID: configuration.clusterID,
                bindings: bindings,
                givesLongAddresses: configuration.addresses == .dual
            ),
            workers: Set(configuration.regions),
            awaitsDeclarations: true,
            store: resources,
            addressFile: VIPFile(state: state, table: shared?.identity),
            claims: shared.map { AddressClaims(table: $0) },
            sessions: sessions,
            zones: zones,
            metrics: metrics,
            quiet: configuration.debounce,
            patience: configuration.debounceMaximum,
            logger: logger
        )
        let sessionKeeper = SessionKeeper(store: stores.sessions, first: sessions, logger: logger) {
            publisher.seal(with: $0)
        }
        let fleet = DiscoveryFleet(
            client: client,
            publisher: publisher,
            files: SnapshotFiles(state: state, logger: logger),
            logger: logger
        )
        AccountReport.measure(fleet, in: metrics.registry)
        let replicas = shared.map { ReplicaParts($0, fleet: fleet, metrics: metrics, logger: logger) }
        let declared = ConfigurationStore(
            path: configuration.resourceDirectory,
            mirror: "\(state.path)/last-good",
            memory: FirstSeenFile(state: state),
            sharing: shared.map { table in
                (SharedDocuments(table: table), MirrorFile(state: state, table: table.identity))
            },
            logger: logger
        ) {
            RouteStatuses(publisher.overview, connections: connections.connections, catalog: resources.catalog).all
                .merging(AccountReport(fleet).conditions, uniquingKeysWith: +)
        }
        let report = replicas.map { replicas in
            ReplicaReport(table: replicas.table, leases: replicas.leases) { declared.shared?.status }
        }
        report?.measure(in: metrics.registry)
        let names = configuration.certificateNames.compactMap { ServerName(parsing: $0) }
        let rotation = try ServingRotation(
            authority: authority,
            names: names,
            first: try await authority.makeServingCertificate(names: names, now: Date()),
            metrics: metrics,
            logger: logger
        )
        self.server = MeshServer(
            address: configuration.listen,
            tls: rotation.tls,
            trustDomain: configuration.trustDomain,
            trustDomainAliases: Set(configuration.trustDomainAliases),
            issuer: issuer,
            attestor: ECSStreamAttestor(attestor),
            store: resources,
            connections: connections,
            metrics: metrics,
            limits: limits,
            logger: logger
        )
        var pages = AdminPages(
            bootstrap: { BootstrapDocument(configuration, trustBundle: authority.trustBundle) },
            authority: authority,
            journal: journal,
            publisher: publisher,
            store: resources,
            connections: connections,
            zones: zones,
            fleet: fleet,
            metrics: metrics,
            replica: shared?.replica ?? ReplicaName.ours
        )
        pages.replicas = report
        let api = AdminAPI(
            pages: pages,
            resources: declared,
            tokens: assembly.signing.map { _ in JoinTokens(store: tokens, bound: bound) },
            rotation: assembly.signing.map { signing in
                RootReplacement(authority: signing) { await rotation.rotate(now: Date()) }
            },
            sessions: sessionKeeper
        )
        let access = AdminAccess(
            identities: Set(configuration.adminIdentities),
            writesFromLoopback: configuration.adminWritesFromLoopback,
            trustDomains: Set(configuration.trustDomainAliases + [configuration.trustDomain])
        )
        func adminServer(_ address: SocketAddress, tls: ServingTLS?) -> AdminServer {
            AdminServer(address: address, tls: tls, access: access, logger: logger) { await api.answer($0) }
        }
        let withCertificates = configuration.adminTLSListen.map { adminServer($0, tls: rotation.tls) }
        self.admin = [adminServer(configuration.adminListen, tls: nil)] + [withCertificates].compactMap { $0 }
        self.publisher = publisher
        let fetcher = KeySetFetcher(networks: KeyNetworks(open: configuration.keyNetworks))
        self.keySets = KeySetKeeper(publisher: publisher, file: KeySetFile(state: state), logger: logger) {
            try await fetcher.keys(of: $0)
        }
        self.sessions = sessionKeeper
        self.zones = zones
        self.rotation = rotation
        self.configuration = declared
        self.fleet = fleet
        self.events = EventIntake(fleet: fleet, feed: replicas?.feed, metrics: metrics, logger: logger)
        self.replicas = replicas
        self.attestor = attestor
        self.lookup = lookup
        self.settings = configuration
        self.accounts = accounts
        self.bindings = bindings
        self.bound = bound
    }

    /// Takes over what is declared now.
    func declare(_ set: ConfigurationSet) {
        // Who may have a certificate is known before anyone is told of it.
        let bindings = self.bindings + set.resources.compactMap(RoleBinding.init)
        self.bound.replace(bindings)
        self.attestor.bind(bindings)
        let plan = AccountPlan(self.settings, accounts: self.accounts, resources: set.resources)
        self.lookup.replace(plan.lookups(self.fleet.client))
        self.attestor.admit(plan.attested)
        self.fleet.follow(plan)
        self.events.follow(plan)
        self.publisher.declare(set.resources)
    }
}
