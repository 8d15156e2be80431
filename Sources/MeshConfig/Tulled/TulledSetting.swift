import MeshModel

/// One thing that can be set, in all the ways it can be set: the table below is the only list of names.
package struct TulledSetting: Sendable {
    /// The form of the value.
    enum Shape: Sendable {
        /// One text.
        case scalar(@Sendable (inout TulledConfiguration, String) -> String?)
        /// Several texts; a comma separates them in the environment.
        case list(@Sendable (inout TulledConfiguration, [String]) -> String?)
        /// Several records. In the file they are mappings with these fields, elsewhere one text each.
        case records(
            fields: [String],
            split: @Sendable (String) -> [String: String]?,
            form: String,
            apply: @Sendable (inout TulledConfiguration, [[String: String]]) -> String?
        )
    }

    /// The path in the file, dots between levels.
    package let path: String
    /// The flag, without its dashes.
    package let flag: String
    /// The environment variables, the first that is set counts.
    package let environment: [String]
    /// Applies a value; answers with what is wrong with it, or nil.
    let shape: Shape

    init(_ path: String, flag: String, also environment: [String] = [], _ shape: Shape) {
        self.path = path
        self.flag = flag
        self.environment = ["TULLED_" + flag.uppercased().replacing("-", with: "_")] + environment
        self.shape = shape
    }

    /// Every setting.
    package static let all: [TulledSetting] = [
        .init(
            "stateDirectory",
            flag: "state-dir",
            .scalar {
                $0.stateDirectory = $1
                return SettingRule.path($1)
            }
        ),
        .init("listen", flag: "listen", .scalar { SettingRule.address($1, into: &$0.listen) }),
        .init("adminListen", flag: "admin-listen", .scalar { SettingRule.address($1, into: &$0.adminListen) }),
        .init(
            "admin.tlsListen",
            flag: "admin-tls-listen",
            .scalar {
                var address = $0.listen
                let wrong = SettingRule.address($1, into: &address)
                if wrong == nil { $0.adminTLSListen = address }
                return wrong
            }
        ),
        .init(
            "admin.identities",
            flag: "admin-identity",
            .list {
                $0.adminIdentities = $1
                return SettingRule.each($1, SettingRule.identity)
            }
        ),
        .init(
            "admin.writesFromLoopback",
            flag: "admin-writes-from-loopback",
            .scalar { SettingRule.flag($1, into: &$0.adminWritesFromLoopback) }
        ),
        .init(
            "publicURL",
            flag: "public-url",
            .scalar {
                $0.publicURL = $1
                return SettingRule.httpsURL($1)
            }
        ),
        .init(
            "serverNames",
            flag: "server-name",
            .list {
                $0.serverNames = $1
                return SettingRule.each($1, SettingRule.host)
            }
        ),
        .init(
            "trustDomain",
            flag: "trust-domain",
            .scalar {
                $0.trustDomain = $1
                return SettingRule.trustDomain($1)
            }
        ),
        .init(
            "trustDomainAliases",
            flag: "trust-domain-alias",
            .list {
                $0.trustDomainAliases = $1
                return SettingRule.each($1, SettingRule.trustDomain)
            }
        ),
        .init(
            "meshDomain",
            flag: "mesh-domain",
            .scalar {
                $0.meshDomain = $1
                return SettingRule.domain($1)
            }
        ),
        .init(
            "virtualAddresses",
            flag: "virtual-addresses",
            .scalar { SettingRule.word($1, of: TulledConfiguration.Addresses.self, into: &$0.addresses) }
        ),
        .init(
            "network",
            flag: "network",
            .scalar {
                $0.network = $1
                return $1.isEmpty ? nil : SettingRule.word($1)
            }
        ),
        .init(
            "clusterID",
            flag: "cluster-id",
            .scalar {
                $0.clusterID = $1
                return SettingRule.word($1)
            }
        ),
        .init(
            "audience",
            flag: "audience",
            .scalar {
                $0.audience = $1
                return SettingRule.audience($1)
            }
        ),
        .init(
            "regions",
            flag: "region",
            also: ["AWS_REGION", "AWS_DEFAULT_REGION"],
            .list {
                $0.regions = $1
                return SettingRule.each($1, SettingRule.region)
            }
        ),
        .init(
            "accounts",
            flag: "account",
            .list {
                $0.accounts = $1
                return SettingRule.each($1, SettingRule.account)
            }
        ),
        .init(
            "clusters",
            flag: "cluster",
            .list {
                $0.clusters = $1
                return SettingRule.each($1, SettingRule.clusterName)
            }
        ),
        .init(
            "serviceAccountBindings",
            flag: "binding",
            .records(
                fields: ["role", "namespace", "serviceAccount"],
                split: SettingRule.splitBinding,
                form: "<role ARN>=<namespace>/<service account>",
                apply: SettingRule.applyBindings
            )
        ),
        .init(
            "discovery.pollInterval",
            flag: "poll-interval",
            .scalar {
                SettingRule.duration($1, in: .seconds(1)...(.seconds(3600)), into: &$0.pollInterval)
            }
        ),
        .init(
            "discovery.suspiciousLoss",
            flag: "suspicious-loss",
            .scalar { SettingRule.count($1, in: 1...100, into: &$0.suspiciousLoss) }
        ),
        .init(
            "sts.endpoints",
            flag: "sts-endpoint",
            .records(
                fields: ["region", "url"],
                split: SettingRule.splitEndpoint,
                form: "<region>=<URL>",
                apply: SettingRule.applyEndpoints
            )
        ),
        .init(
            "certificates.workloadDefault",
            flag: "workload-ttl",
            .scalar {
                SettingRule.duration($1, in: .seconds(10)...(.seconds(90 * 86_400)), into: &$0.workloadLifetime)
            }
        ),
        .init(
            "certificates.workloadMaximum",
            flag: "workload-max-ttl",
            .scalar {
                SettingRule.duration($1, in: .seconds(10)...(.seconds(90 * 86_400)), into: &$0.workloadMaximumLifetime)
            }
        ),
        .init(
            "certificates.server",
            flag: "server-ttl",
            .scalar {
                SettingRule.duration($1, in: .seconds(10)...(.seconds(90 * 86_400)), into: &$0.serverLifetime)
            }
        ),
        .init(
            "authority.kind",
            flag: "authority",
            .scalar { SettingRule.word($1, of: TulledConfiguration.Authority.self, into: &$0.authority) }
        ),
        .init(
            "authority.directory",
            flag: "authority-dir",
            .scalar {
                $0.authorityDirectory = $1
                return SettingRule.path($1)
            }
        ),
        .init(
            "authority.secret",
            flag: "authority-secret",
            .scalar {
                $0.authoritySecret = $1
                return SettingRule.secret($1)
            }
        ),
        .init(
            "authority.privateCA",
            flag: "private-ca",
            .scalar {
                $0.privateCA = $1
                return SettingRule.privateCA($1)
            }
        ),
        .init(
            "authority.intermediate",
            flag: "private-ca-ttl",
            .scalar {
                SettingRule.duration($1, in: .seconds(86_400)...(.seconds(3650 * 86_400)), into: &$0.privateCALifetime)
            }
        ),
        .init(
            "authority.additionalRoots",
            flag: "additional-roots",
            .scalar {
                $0.additionalRoots = $1
                return SettingRule.path($1)
            }
        ),
        .init(
            "configurationDirectory",
            flag: "config-dir",
            .scalar {
                $0.configurationDirectory = $1
                return SettingRule.path($1)
            }
        ),
        .init(
            "keys.networks",
            flag: "key-network",
            .list {
                $0.keyNetworks = $1
                return SettingRule.each($1) { text in
                    StringFormat.ipOrCIDR.fault(in: text)
                }
            }
        ),
        .init(
            "sharedTable.name",
            flag: "shared-table",
            .scalar {
                $0.sharedTable = $1
                return SettingRule.table($1)
            }
        ),
        .init(
            "sharedTable.region",
            flag: "shared-table-region",
            .scalar {
                $0.sharedTableRegion = $1
                return SettingRule.region($1)
            }
        ),
        .init(
            "route53.zones",
            flag: "route53-zone",
            .records(
                fields: ["id", "name"],
                split: SettingRule.splitZone,
                form: "a zone's name, or id:<zone id>",
                apply: SettingRule.applyZones
            )
        ),
        .init(
            "push.debounce",
            flag: "debounce",
            .scalar {
                SettingRule.duration($1, in: .zero...(.seconds(10)), into: &$0.debounce)
            }
        ),
        .init(
            "push.debounceMaximum",
            flag: "debounce-max",
            .scalar {
                SettingRule.duration($1, in: .zero...(.seconds(60)), into: &$0.debounceMaximum)
            }
        ),
        .init(
            "push.streams",
            flag: "max-streams",
            .scalar { SettingRule.count($1, in: 1...100_000, into: &$0.streams) }
        ),
        .init(
            "push.connectionAge",
            flag: "connection-age",
            .scalar {
                SettingRule.duration($1, in: .zero...(.seconds(86_400)), into: &$0.connectionAge)
            }
        ),
        .init(
            "drain",
            flag: "drain",
            .scalar {
                SettingRule.duration($1, in: .zero...(.seconds(300)), into: &$0.drain)
            }
        ),
        .init(
            "log.level",
            flag: "log-level",
            .scalar { SettingRule.word($1, of: TulledConfiguration.LogLevel.self, into: &$0.logLevel) }
        ),
    ]
}
