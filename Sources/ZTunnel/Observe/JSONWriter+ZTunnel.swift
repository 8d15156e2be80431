import DataPlane
import MeshModel

// What this ztunnel is, in the words of Istio's where it has them.
extension JSONWriter {
    /// How the local file stands.
    mutating func localState(_ status: LocalStateReport.Status) {
        self.object { writer in
            writer.member("source", status.source)
            writer.member("resources", status.resources)
            writer.member("loads", status.loads)
            writer.member("refusals", status.refusals)
            if let problem = status.problem { writer.member("problem", problem) }
        }
    }

    /// The settings; of secrets only that they are there.
    mutating func configuration(_ configuration: Configuration, _ local: LocalWorkload) {
        self.object { writer in
            writer.member("proxy", configuration.isProxyEnabled)
            writer.member("dnsProxy", configuration.isDNSEnabled)
            writer.member("socks5", configuration.isProxyPortEnabled)
            writer.member("proxyMode", Self.mode(configuration.mode))
            if configuration.bootstrapToken != nil { writer.member("bootstrapToken", "<masked>") }
            if configuration.bearer != nil { writer.member("authToken", "<masked>") }
            writer.member("identity", "\(local.identity)")
            writer.member("network", local.network)
            writer.member("clusterId", local.cluster)
            writer.member("clusterDomain", local.meshDomain)
            writer.name("addresses")
            writer.array { writer in for address in local.addresses { writer.string("\(address)") } }
            if let node = configuration.nodeName { writer.member("localNode", node) }
            if let url = configuration.discovery.url { writer.member("xdsAddress", "\(url.target)") }
            if let url = configuration.authority.url { writer.member("caAddress", "\(url.target)") }
            writer.member("xdsOnDemand", configuration.isOnDemand)
            writer.headers("xdsHeaders", configuration.discoveryHeaders)
            writer.headers("caHeaders", configuration.authorityHeaders)
            writer.duration("secretTtl", configuration.certificateLifetime)
            writer.member("poolMaxStreamsPerConn", configuration.poolStreams)
            writer.duration("poolUnusedReleaseTimeout", configuration.poolIdle)
            writer.duration("selfTerminationDeadline", configuration.drainDeadline)
            writer.member("enableEnhancedBaggage", configuration.isBaggageEnabled)
            writer.member("ipv6Enabled", configuration.isIPv6Enabled)
            writer.member("adminPort", configuration.adminPort)
            writer.member("statsPort", configuration.metricsPort)
            writer.member("logFilter", "\(configuration.logFilter)")
            if let tracing = configuration.tracing {
                writer.member("tracesEndpoint", tracing.endpoint)
                writer.headers("tracesHeaders", tracing.headers)
            }
        }
    }

    private static func mode(_ mode: ProxyMode) -> String {
        mode.rawValue.prefix(1).uppercased() + mode.rawValue.dropFirst()
    }

    /// The live connections of each served workload.
    mutating func workloadState(_ served: [ServedWorkload], _ census: ConnectionCensus, in snapshot: MeshSnapshot) {
        let shares = Dictionary(grouping: census.shares, by: \.key)
        self.object { writer in
            var written: Set<String> = []
            for workload in served.sorted(by: { $0.key < $1.key }) {
                let known = workload.local.workload(in: snapshot)
                let uid = workload.key.isEmpty ? known?.uid ?? workload.local.name : workload.key
                guard written.insert(uid).inserted else { continue }
                writer.name(uid)
                writer.object { writer in
                    writer.member("state", "Up")
                    let all = shares[workload.key]?.flatMap(\.connections) ?? []
                    writer.name("connections")
                    writer.object { writer in
                        writer.connections("inbound", all.filter { !$0.isOutbound })
                        writer.connections("outbound", all.filter(\.isOutbound))
                    }
                    let omitted = shares[workload.key]?.reduce(0) { $0 + $1.omitted } ?? 0
                    if omitted > 0 { writer.member("connectionsOmitted", omitted) }
                    writer.name("info")
                    writer.object { writer in
                        writer.member("name", known?.name ?? workload.local.name)
                        writer.member("namespace", workload.local.identity.namespace)
                        writer.member("serviceAccount", workload.local.identity.serviceAccount)
                        writer.member("trustDomain", workload.local.identity.trustDomain)
                    }
                }
            }
        }
    }

    private mutating func connections(_ name: String, _ connections: [ConnectionEntry]) {
        self.name(name)
        self.array { writer in
            for connection in connections {
                writer.object { writer in
                    writer.member("src", connection.source)
                    writer.name("originalDst")
                    connection.originalDestination.map { writer.string($0) } ?? writer.null()
                    writer.name("actualDst")
                    connection.destination.map { writer.string($0) } ?? writer.null()
                    writer.member("protocol", connection.transport.rawValue)
                }
            }
        }
    }
}
