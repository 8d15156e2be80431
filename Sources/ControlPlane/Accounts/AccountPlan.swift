package import AWSClient
package import CertificateAuthority
package import ECSDiscovery
package import MeshConfig
package import MeshModel

/// Where ECS is watched and whose tasks may join: the declared `ECSAccount` resources, or without any the process's own
/// settings. Pure.
package struct AccountPlan: Sendable, Hashable {
    /// One account as it was configured.
    package struct Source: Sendable, Hashable {
        /// The name of the resource; nil for the process's settings.
        package var resource: String?
        /// The accounts whose tasks may join.
        package var accounts: Set<String>
        /// Where they are watched.
        package var regions: [String]
        /// The role to act as there; nil for our own credentials.
        package var role: AssumedRole?
        /// Names of clusters; empty for no choice by name.
        package var clusters: [String]
        /// Tags of clusters; empty for no choice by tag.
        package var clusterTags: [String: String]
        /// What the services' long names end with; nil for the mesh's own.
        package var domain: String?
        /// The network of its tasks; nil for the mesh's own.
        package var network: String?
        /// URLs of queues that hold its events, by region.
        package var eventQueues: [String: String] = [:]
        /// The namespaces that its tasks may be in; empty for all.
        package var namespaces: [NamespacePattern] = []
    }

    /// A queue of events and who may read it.
    package struct Queue: Sendable, Hashable {
        /// The queue's URL.
        package var url: String
        /// Its region.
        package var region: String
        /// The role to read it as; nil for our own credentials.
        package var role: AssumedRole?
    }

    /// One account in one region: what one discovery worker watches.
    package struct Place: Sendable, Hashable {
        /// The worker's name, unique in the plan: the region, or `<resource>/<region>`.
        package var name: String
        /// The resource that asked for it; nil for the process's settings.
        package var resource: String?
        /// The account, twelve digits; nil for that of our own credentials.
        package var account: String?
        /// The role to act as; nil for our own credentials.
        package var role: AssumedRole?
        /// What to watch and how often.
        package var configuration: DiscoveryConfiguration

        /// Such as `us-east-1`.
        package var region: String { self.configuration.region ?? "" }
    }

    /// The accounts, by the names of their resources.
    package let sources: [Source]
    private let pollInterval: Duration
    private let suspiciousLoss: Double

    /// - Parameters:
    ///   - settings: of the process; they count only where no resource is declared.
    ///   - accounts: whose tasks may join by those settings.
    ///   - resources: all declared ones; those of other kinds are left alone.
    package init(_ settings: TulledConfiguration, accounts: Set<String>, resources: [DeclaredResource] = []) {
        let declared = resources.compactMap { Source($0, session: settings.clusterID) }
        let own = Source(
            resource: nil,
            accounts: accounts,
            regions: settings.regions,
            role: nil,
            clusters: settings.clusters,
            clusterTags: [:],
            domain: nil,
            network: nil
        )
        self.sources = declared.isEmpty ? [own] : declared.sorted { $0.order < $1.order }
        self.pollInterval = settings.pollInterval
        self.suspiciousLoss = Double(settings.suspiciousLoss) / 100
    }

    /// What workers watch, each name once.
    package var places: [Place] {
        self.sources.flatMap { source in
            Set(source.regions).sorted().map { region in
                var discovery = DiscoveryConfiguration(region: region, clusters: source.clusters)
                discovery.clusterTags = source.clusterTags
                discovery.domain = source.domain
                discovery.network = source.network
                discovery.namespaces = source.namespaces
                discovery.account = source.resource == nil ? nil : source.accounts.first
                discovery.suspiciousLoss = self.suspiciousLoss
                discovery.taskInterval = self.pollInterval
                // Services and clusters change seldom; in a laboratory with fast polls they are to follow as well.
                discovery.serviceInterval = min(max(self.pollInterval, self.pollInterval * 2), .seconds(60))
                discovery.clusterInterval = min(max(self.pollInterval, self.pollInterval * 5), .seconds(300))
                return Place(
                    name: source.resource.map { "\($0)/\(region)" } ?? region,
                    resource: source.resource,
                    account: discovery.account,
                    role: source.role,
                    configuration: discovery
                )
            }
        }
    }

    /// The queues that hold events, each once.
    package var queues: [Queue] {
        let all = self.sources.flatMap { source in
            source.eventQueues.map { Queue(url: $0.value, region: $0.key, role: source.role) }
        }
        return Dictionary(all.map { ($0.url, $0) }) { first, _ in first }.values.sorted { $0.url < $1.url }
    }

    /// Whose tasks may join.
    package var attested: [AttestationPlace] {
        self.sources.map { source in
            AttestationPlace(
                accounts: source.accounts,
                regions: Set(source.regions),
                clusters: Set(source.clusters)
            )
        }
    }

    /// Where the tasks of those who want to join are looked up.
    ///
    /// - Parameter client: the one that acts as a role; that of our own credentials for nil.
    package func lookups(_ client: (AssumedRole?) -> AWSClient) -> [ECSTaskLookup.Place] {
        self.sources.map { source in
            ECSTaskLookup.Place(
                accounts: source.accounts,
                regions: Set(source.regions),
                client: client(source.role),
                clusters: source.clusters,
                clusterTags: source.clusterTags,
                namespaces: source.namespaces
            )
        }
    }
}

extension AccountPlan.Source {
    /// Nil for other kinds than `ECSAccount`.
    fileprivate init?(_ resource: DeclaredResource, session: String) {
        guard case .ecsAccount(let account) = resource.spec else { return nil }
        self.init(
            resource: resource.metadata.name,
            accounts: [account.account],
            regions: account.regions,
            role: account.role.map { role in
                // STS takes letters, digits and six more characters, at most 64.
                let others = "0123456789_+=,.@-".unicodeScalars
                let name = session.unicodeScalars.filter { scalar in
                    scalar.isASCII && (scalar.properties.isAlphabetic || others.contains(scalar))
                }
                return AssumedRole(
                    arn: role,
                    sessionName: "tulle-" + String(String.UnicodeScalarView(name)).prefix(50),
                    externalID: account.externalID
                )
            },
            clusters: account.clusters.names,
            clusterTags: account.clusters.tags,
            domain: account.domain,
            network: account.network,
            eventQueues: account.eventQueues,
            namespaces: account.namespaces.map { NamespacePattern(parsing: $0) ?? .nobody }
        )
    }

    /// As the names of its workers sort: what a cluster's tasks may do is said by the first that watches it.
    fileprivate var order: String { "\(self.resource ?? "")/" }
}
