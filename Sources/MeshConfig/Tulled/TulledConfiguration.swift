package import MeshModel

/// Everything that can be set on the control plane. Each field says its default and its reason.
///
/// Made by `TulledConfiguration.resolve`, which lets flags win over the environment and that over the file.
package struct TulledConfiguration: Sendable, Hashable {
    /// How much is logged.
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, warning, error
    }

    /// What signs certificates (`docs/certificates.md`).
    package enum Authority: String, Sendable, CaseIterable {
        /// A root made here.
        case selfSigned = "self-signed"
        /// Files that somebody else keeps.
        case pluggedIn = "plugged-in"
        /// The same files in a secret of AWS Secrets Manager.
        case secretsManager = "secrets-manager"
        /// An intermediate of ours that an AWS Private CA signed.
        case privateCA = "private-ca"
        /// An AWS Private CA, each certificate.
        case privateCALeaves = "private-ca-leaves"
    }

    /// Which virtual addresses services get.
    package enum Addresses: String, Sendable, CaseIterable {
        /// One out of 240.240.0.0/16.
        case ipv4
        /// One out of 2001:2::/48 as well.
        case dual
    }

    /// One line of the owner's list that says which task role is which service account; nothing in it is checked.
    package typealias Binding = Declared.ServiceAccountBinding

    /// A private hosted zone of Route 53 in which the services' names are kept.
    package enum Zone: Sendable, Hashable {
        /// By id, such as `Z0123456789ABCDEFGHIJ`.
        case id(String)
        /// By name, such as `mesh.internal`; the one private zone of that name is taken.
        case name(String)
    }

    /// Where keys, certificates and VIP allocations are kept, mode 0700. Default `/var/lib/tulled`. Losing it means a
    /// new trust root and new addresses, so it belongs on storage that outlives the task.
    package var stateDirectory = "/var/lib/tulled"
    /// Where data planes connect: discovery and certificates, TLS. Default `0.0.0.0:15012`.
    package var listen: SocketAddress
    /// Where metrics and debug pages are served, plain HTTP without authentication. Default `127.0.0.1:15014`; keep
    /// it on loopback, or behind something that asks who calls.
    package var adminListen: SocketAddress
    /// Where the same pages are served over TLS to those with a client certificate of this mesh. Default none.
    package var adminTLSListen: SocketAddress?
    /// Identities that may write and see all on `adminTLSListen`, as SPIFFE URIs; others read what is of their own
    /// namespace. Default none.
    package var adminIdentities: [String] = []
    /// Whether callers over loopback may write. Default true: who is on this machine holds its keys anyway. Nobody may
    /// where `adminListen` is not on loopback.
    package var adminWritesFromLoopback = true
    /// The URL under which data planes reach `listen`; goes into bootstrap tokens, and its host into the server
    /// certificate. Default `https://127.0.0.1:15012`, which serves only one machine.
    package var publicURL = "https://127.0.0.1:15012"
    /// More host names and addresses for the server certificate. Default none.
    package var serverNames: [String] = []
    /// The first part of every identity. Default `cluster.local`, as Istio's.
    package var trustDomain = "cluster.local"
    /// Further trust domains whose identities are known, if our roots vouch for them: those that the mesh had before.
    /// Default none.
    package var trustDomainAliases: [String] = []
    /// The suffix of the services' long names. Default `mesh.internal`.
    package var meshDomain = "mesh.internal"
    /// Which virtual addresses services get. Default ``Addresses/ipv4``: where a task's IPv6 goes round its ztunnel, a name
    /// with both is a name that some clients can't reach.
    package var addresses = Addresses.ipv4
    /// The network that the tasks' addresses belong to. Default empty, the one flat network.
    package var network = ""
    /// The name of this mesh member in workload ids. Default `ecs`.
    package var clusterID = "ecs"
    /// The text that attestations must be signed for. Default `<trust domain>/tulled`.
    package var audience = ""
    /// AWS regions whose tasks are found and may join. Default `AWS_REGION`. At least one.
    package var regions: [String] = []
    /// AWS accounts whose tasks may join. Default the account of our own credentials.
    package var accounts: [String] = []
    /// Names of the ECS clusters that are searched and whose tasks may join. Default empty: those with the tag
    /// `tulle/discovery-enabled=true` are searched, and tasks of every cluster may join if their role is bound.
    package var clusters: [String] = []
    /// Which task role is which service account. Default none: then nobody gets a certificate.
    package var bindings: [Binding] = []
    /// The time between two looks at ECS. Default 15 s, which leaves most of AWS's request budget to people.
    package var pollInterval: Duration = .seconds(15)
    /// The percentage of an account's or a cluster's tasks that may vanish from ECS's lists at once before a further poll
    /// must confirm it. Default 30.
    package var suspiciousLoss = 30
    /// Where STS is reached, by region, instead of AWS's own endpoint. Default none. For laboratories: the signed
    /// host name is still checked against AWS's own.
    package var stsEndpoints: [String: String] = [:]
    /// The life of a workload certificate when the workload names none. Default 24 h.
    package var workloadLifetime: Duration = .seconds(86_400)
    /// The longest life of a workload certificate. Default 24 h.
    package var workloadMaximumLifetime: Duration = .seconds(86_400)
    /// The life of our own server certificate; renewed at half. Default 24 h.
    package var serverLifetime: Duration = .seconds(86_400)
    /// What signs certificates. Default ``Authority/selfSigned``.
    package var authority = Authority.selfSigned
    /// The directory of a plugged-in authority's files. Needed for ``Authority/pluggedIn``.
    package var authorityDirectory = ""
    /// The ARN of the secret with the authority's files. Needed for ``Authority/secretsManager``.
    package var authoritySecret = ""
    /// The ARN of the AWS Private CA above the mesh. Needed for the two kinds that ask one.
    package var privateCA = ""
    /// How long an intermediate signed by a Private CA lives. Default 90 days.
    package var privateCALifetime: Duration = .seconds(90 * 86_400)
    /// A file of PEM roots that peers trust beside the Private CA's. Default none.
    package var additionalRoots = ""
    /// The directory of declared resources. Default empty: `configuration` in the state directory.
    package var configurationDirectory = ""
    /// Blocks of private addresses from which keys for tokens (`jwksUri`) may be fetched all the same; link-local ones
    /// never are. Default none: only public addresses are asked.
    package var keyNetworks: [String] = []
    /// The DynamoDB table that replicas share. Default empty: this is the only one, and all is kept in directories.
    package var sharedTable = ""
    /// The region of that table. Default empty: the first of ``regions``.
    package var sharedTableRegion = ""
    /// Private zones in which names of services are kept. Default none.
    package var zones: [Zone] = []
    /// The period after a change in which more changes are gathered into the same push. Default 50 ms.
    package var debounce: Duration = .milliseconds(50)
    /// The longest that a change waits for others. Default 1 s.
    package var debounceMaximum: Duration = .seconds(1)
    /// The most data planes connected at once; each costs memory. Default 10,000.
    package var streams = 10_000
    /// How old a data plane's connection gets, a tenth more or less, before it is asked to come back and may reach another
    /// replica. Zero for any age. Default 30 min.
    package var connectionAge: Duration = .seconds(1800)
    /// How long a stop waits for open streams. Default 10 s.
    package var drain: Duration = .seconds(10)
    /// How much is logged. Default `info`.
    package var logLevel = LogLevel.info

    /// The defaults.
    package init() {
        self.listen = SocketAddress(ip: IPAddress(v4: 0), port: 15012)
        self.adminListen = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 15014)
    }
}
