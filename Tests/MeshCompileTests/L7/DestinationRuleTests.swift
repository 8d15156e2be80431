import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("DestinationRules as a waypoint gets them")
struct DestinationRuleTests {
    private static func rule(
        _ spec: String,
        host: String = "orders",
        name: String = "d",
        in namespace: String = "shop",
        created: String = "2026-01-01T00:00:00Z"
    ) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: \(name), namespace: \(namespace), creationTimestamp: '\(created)'}
        spec:
          host: '\(host)'
          \(spec)
        ---

        """
    }

    private static func requests(_ count: Int) -> String {
        "trafficPolicy: {connectionPool: {http: {http2MaxRequests: \(count)}}}"
    }

    private static let name = "outbound|80||orders.shop.mesh.internal"

    /// Routes everything to a subset of the service.
    private static func split(_ subset: String) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: v, namespace: shop}
        spec:
          hosts: [orders]
          http: [{route: [{destination: {host: orders, subset: \(subset)}}]}]
        ---

        """
    }

    @Test("98: the client's namespace decides, then the service's, then the mesh's; the most specific host in it")
    func lookup() throws {
        let host = "orders.shop.mesh.internal"
        let root = Self.rule(Self.requests(1), host: host, in: "tulle-system")
        let wildcard = Self.rule(Self.requests(2), host: "*.shop.mesh.internal", name: "w")
        let exact = Self.rule(Self.requests(3))
        let hidden = Self.rule(Self.requests(4) + "\n  exportTo: [other]", name: "h")
        for (text, expected) in [
            ("", nil), (root, 1), (root + wildcard, 2), (root + wildcard + exact, 3), (hidden + root, 1),
            (Self.rule(Self.requests(9), host: host, in: "back"), nil),
            (Self.rule(Self.requests(5), host: "*"), 5),
        ] as [(String, UInt32?)] {
            #expect(try RouteMesh(text).cluster(Self.name).pool?.maxRequests == expected, "\(text)")
        }
    }

    @Test("several rules of a host: the older one's policy, and all subsets whose names are free")
    func merged() throws {
        let old = Self.rule(
            "\(Self.requests(1))\n  subsets: [{name: v1, labels: {version: one}}]",
            name: "z",
            created: "2025-01-01T00:00:00Z"
        )
        let new = Self.rule(
            "\(Self.requests(2))\n  subsets: [{name: v1, labels: {version: other}}, {name: v2, labels: {version: two}}]"
        )
        let mesh = try RouteMesh(new + old + Self.split("v2"))
        #expect(try mesh.cluster(Self.name).pool?.maxRequests == 1)
        #expect(try mesh.cluster("outbound|80|v2|orders.shop.mesh.internal").subsetLabels == ["version": "two"])
        let other = try RouteMesh(new + old + Self.split("v1"))
        #expect(try other.cluster("outbound|80|v1|orders.shop.mesh.internal").subsetLabels == ["version": "one"])
    }

    @Test("98: settings of a port replace those beside them; a subset takes what it does not say from above")
    func levels() throws {
        let spec = """
            trafficPolicy:
                loadBalancer: {simple: ROUND_ROBIN}
                connectionPool: {tcp: {maxConnections: 1}}
                outlierDetection: {consecutive5xxErrors: 7}
                portLevelSettings: [{port: {number: 9000}, connectionPool: {tcp: {maxConnections: 2}}}]
              subsets:
                - name: v1
                  labels: {version: one}
                  trafficPolicy:
                    loadBalancer: {simple: RANDOM}
                    portLevelSettings: [{port: {number: 9000}, outlierDetection: {consecutive5xxErrors: 3}}]
            """
        let mesh = try RouteMesh(Self.rule(spec) + Self.split("v1"))
        func facts(_ name: String) throws -> [UInt32?] {
            let cluster = try mesh.cluster(name)
            return [
                UInt32(bitPattern: cluster.loadBalancer?.algorithm.rawValue ?? 0), cluster.pool?.maxConnections,
                cluster.outliers?.consecutive5xx,
            ]
        }
        #expect(try facts("outbound|80||orders.shop.mesh.internal") == [1, 1, 7])
        #expect(try facts("outbound|9000||orders.shop.mesh.internal") == [0, 2, nil])
        #expect(try facts("outbound|80|v1|orders.shop.mesh.internal") == [2, 1, 7])
        #expect(try facts("outbound|9000|v1|orders.shop.mesh.internal") == [0, 2, 3])
    }

    @Test("98: every field")
    func fields() throws {
        let spec = """
            trafficPolicy:
                loadBalancer:
                  consistentHash:
                    httpCookie: {name: user, path: /p, ttl: 90s, attributes: [{name: SameSite, value: Lax}]}
                    maglev: {tableSize: 101}
                  warmup: {duration: 30s, minimumPercent: 20, aggression: 1.5}
                connectionPool:
                  tcp: {maxConnections: 10, connectTimeout: 2s, idleTimeout: 1m, maxConnectionDuration: 1h}
                  http:
                    http1MaxPendingRequests: 11
                    http2MaxRequests: 12
                    maxRequestsPerConnection: 13
                    maxRetries: 14
                    maxConcurrentStreams: 15
                    idleTimeout: 30s
                    h2UpgradePolicy: UPGRADE
                outlierDetection:
                  splitExternalLocalOriginErrors: true
                  consecutiveLocalOriginFailures: 2
                  consecutiveGatewayErrors: 4
                  interval: 1s
                  baseEjectionTime: 2s
                  maxEjectionPercent: 50
                  minHealthPercent: 30
                tls: {mode: SIMPLE, sni: api.example.com, subjectAltNames: [api.example.com], insecureSkipVerify: true}
                retryBudget: {percent: 30, minRetryConcurrency: 5, budgetInterval: 10s}
            """
        let cluster = try RouteMesh(Self.rule(spec)).cluster(Self.name)
        let balancer = try #require(cluster.loadBalancer)
        #expect(balancer.algorithm == .maglev)
        #expect(balancer.tableSize == 101)
        #expect(balancer.hash?.kind == .cookie)
        #expect(balancer.hash?.makesCookie == true)
        #expect(balancer.hash?.cookieSeconds == 90)
        #expect(balancer.hash?.cookieAttributes.first?.name == "SameSite")
        #expect(balancer.slowStart?.windowMilliseconds == 30_000)
        #expect(balancer.slowStart?.minimumPercent == 20)
        #expect(balancer.slowStart?.aggression == 1500)
        let pool = try #require(cluster.pool)
        #expect(
            [
                pool.maxConnections, pool.maxPending, pool.maxRequests, pool.maxRequestsPerConnection, pool.maxRetries,
                pool.maxStreams, pool.connectTimeoutMilliseconds, pool.idleTimeoutMilliseconds,
                pool.maxConnectionMilliseconds,
            ] == [10, 11, 12, 13, 14, 15, 2000, 30_000, 3_600_000]
        )
        #expect(cluster.protocol == .http2)
        let outliers = try #require(cluster.outliers)
        #expect(
            [
                outliers.consecutive5xx, outliers.consecutiveGateway, outliers.consecutiveLocal,
                outliers.intervalMilliseconds, outliers.baseEjectionMilliseconds, outliers.maxEjectionPercent,
                outliers.minHealthPercent,
            ] == [5, 4, 2, 1000, 2000, 50, 30]
        )
        #expect(outliers.splitsLocal)
        #expect(cluster.tls?.serverName == "api.example.com")
        #expect(cluster.tls?.insecure == true)
        #expect(cluster.retryBudget?.percent == 30)
        #expect(cluster.retryBudget?.minConcurrency == 5)
        #expect(cluster.retryBudget?.intervalMilliseconds == 10_000)
    }

    @Test("98: modes of TLS that mean the tunnel alone, keys of hashes, protocols, PASSTHROUGH")
    func kinds() throws {
        func cluster(_ policy: String) throws -> TulleL7.Cluster {
            try RouteMesh(Self.rule("trafficPolicy: \(policy)")).cluster(Self.name)
        }
        for mode in ["DISABLE", "ISTIO_MUTUAL"] { #expect(try cluster("{tls: {mode: \(mode)}}").tls == nil) }
        #expect(try cluster("{tls: {mode: SIMPLE}}").tls?.serverName == "orders.shop.mesh.internal")
        #expect(try !cluster("{loadBalancer: {simple: PASSTHROUGH}}").keepsDestination, "its address is the mesh's")
        var mesh = try RouteMesh(Self.rule("trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}", host: "db.example"))
        mesh.mesh.declare(
            Declare.entry(["db.example"], name: "db") {
                $0.resolution = .static
                $0.addresses = ["192.0.2.7"]
                $0.ports = [.init(number: 80, name: "http", protocol: "HTTP")]
            }
        )
        let own = try mesh.routes(of: NamespacedHostname(namespace: "shop", hostname: "db.example")).clusters
        #expect(own.first?.keepsDestination == true, "somebody may be at an address that its owner gave")
        #expect(try cluster("{connectionPool: {http: {useClientProtocol: true}}}").protocol == .client)
        let hash = try cluster(
            "{loadBalancer: {consistentHash: {httpHeaderName: X-User, ringHash: {minimumRingSize: 9}}}}"
        )
        #expect(hash.loadBalancer?.algorithm == .ringHash)
        #expect(hash.loadBalancer?.ringSize == 9)
        #expect(hash.loadBalancer?.hash?.name == "x-user")
        let query = try cluster("{loadBalancer: {consistentHash: {httpQueryParameterName: U}}}")
        #expect(query.loadBalancer?.hash?.kind == .query)
        let source = try cluster("{loadBalancer: {consistentHash: {useSourceIp: true}}}")
        #expect(source.loadBalancer?.hash?.kind == .sourceIp)
    }

    @Test("98: TLS to the application: whom it must prove to be, and the waypoint's files; by ports")
    func applicationTLS() throws {
        func tls(_ policy: String) throws -> TulleL7.UpstreamTLS? {
            try RouteMesh(Self.rule("trafficPolicy: \(policy)")).cluster(Self.name).tls
        }
        let simple = try tls("{tls: {mode: SIMPLE, sni: a.b, subjectAltNames: [c.d], caCertificates: /ca.pem}}")
        #expect(simple?.serverName == "a.b")
        #expect(simple?.subjectAltNames == ["c.d"])
        #expect(simple?.authoritiesPath == "/ca.pem")
        #expect(simple?.certificatePath == "")
        let mutual = try tls("{tls: {mode: MUTUAL, clientCertificate: /c.pem, privateKey: /k.pem}}")
        #expect(mutual?.certificatePath == "/c.pem")
        #expect(mutual?.privateKeyPath == "/k.pem")
        #expect(mutual?.authoritiesPath == "")
        #expect(try tls("{tls: {mode: SIMPLE, insecureSkipVerify: true}}")?.insecure == true)
        let port = "{tls: {mode: SIMPLE}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}"
        #expect(try tls(port) == nil)
        let other = "{portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]}"
        #expect(try tls(other) != nil)
    }

    private static func policy(_ name: String, section: String = "", roots: String) -> String {
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: BackendTLSPolicy
        metadata: {name: \(name), namespace: shop}
        spec:
          targetRefs: [{group: '', kind: Service, name: orders\(section.isEmpty ? "" : ", sectionName: '\(section)'")}]
          validation: {hostname: \(name).example, \(roots)}
        ---

        """
    }

    private static let bundle = "caCertificateRefs: [{group: tulle.mesh, kind: CABundle, name: partners}]"

    @Test("BackendTLSPolicy: the port's before the service's, after a DestinationRule's own word")
    func backendPolicies() throws {
        let general = Self.policy("a", roots: "wellKnownCACertificates: System")
        let own = Self.policy("b", section: "80", roots: "wellKnownCACertificates: System")
        let cluster = try RouteMesh(general).cluster(Self.name)
        #expect(cluster.tls?.serverName == "a.example")
        #expect(cluster.tls?.unresolved == false)
        #expect(try RouteMesh(general + own).cluster(Self.name).tls?.serverName == "b.example")
        let other = Self.policy("b", section: "81", roots: "wellKnownCACertificates: System")
        #expect(try RouteMesh(other).cluster(Self.name).tls == nil)
        let rule = Self.rule("trafficPolicy: {tls: {mode: DISABLE}}")
        #expect(try RouteMesh(general + rule).cluster(Self.name).tls == nil)
    }

    @Test("BackendTLSPolicy: roots that are not there fail every connection, and come with the bundle")
    func bundles() throws {
        var mesh = try RouteMesh(Self.policy("a", roots: Self.bundle))
        #expect(try mesh.cluster(Self.name).tls?.unresolved == true)
        let pem = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----"
        let change = try mesh.declare(
            """
            apiVersion: tulle.mesh/v1alpha1
            kind: CABundle
            metadata: {name: partners, namespace: shop}
            spec: {pem: "\(pem)"}
            """
        )
        #expect(change.waypoints[RouteMesh.owner]?.routes.changed.isEmpty == false)
        let tls = try mesh.cluster(Self.name).tls
        #expect(tls?.unresolved == false)
        #expect(tls?.authorities.contains("BEGIN CERTIFICATE") == true)
        let foreign = "caCertificateRefs: [{group: '', kind: ConfigMap, name: partners}]"
        #expect(try RouteMesh(Self.policy("a", roots: foreign)).cluster(Self.name).tls?.unresolved == true)
    }

    @Test("BackendTLSPolicy: conditions say what counts, and what is missing")
    func backendConditions() throws {
        let key = "BackendTLSPolicy/shop/a"
        var mesh = try RouteMesh(Self.policy("a", roots: Self.bundle))
        #expect(mesh.condition(.resolvedRefs, of: key) == "false InvalidCACertificateRef")
        #expect(mesh.condition(.accepted, of: key) == "false NoValidCACertificate")
        try mesh.declare(
            """
            apiVersion: tulle.mesh/v1alpha1
            kind: CABundle
            metadata: {name: partners, namespace: shop}
            spec: {pem: "-----BEGIN CERTIFICATE-----"}
            """
        )
        #expect(mesh.condition(.resolvedRefs, of: key) == "true ResolvedRefs")
        #expect(mesh.condition(.accepted, of: key) == "true Accepted")
        let foreign = "caCertificateRefs: [{group: '', kind: ConfigMap, name: partners}]"
        let other = try RouteMesh(Self.policy("a", roots: foreign))
        #expect(other.condition(.resolvedRefs, of: key) == "false InvalidKind")
        let both = ["a", "b"].map { Self.policy($0, roots: "wellKnownCACertificates: System") }.joined()
        #expect(try RouteMesh(both).condition(.accepted, of: "BackendTLSPolicy/shop/b") == "false Conflicted")
        #expect(try RouteMesh(both).condition(.accepted, of: key) == "true Accepted")
    }

    @Test("locality: the rule's word, else the service's, else the mesh's; priorities need outlier detection")
    func locality() throws {
        func locality(_ policy: String, service: Bool = true, mesh text: String = "") throws -> TulleL7.Locality? {
            var mesh = try RouteMesh(text + Self.rule("trafficPolicy: \(policy)"))
            if !service { mesh.mesh = TestMesh { settings, _ in settings.distribution = nil } }
            if !service {
                mesh.mesh.apply(
                    MeshDelta(
                        services: [Facts.service()],
                        resources: try RouteMesh.read(text + Self.rule("trafficPolicy: \(policy)")) + [
                            Declare.namespace("shop", ["istio.io/use-waypoint": "waypoint"]), Declare.waypoint(),
                        ]
                    )
                )
            }
            return try mesh.cluster(Self.name).loadBalancer?.locality
        }
        let zone = ["topology.istio.io/network", "topology.kubernetes.io/region", "topology.kubernetes.io/zone"]
        #expect(try locality("{loadBalancer: {simple: RANDOM}}")?.priority == zone, "services of ECS prefer their zone")
        #expect(try locality("{loadBalancer: {localityLbSetting: {enabled: false}}}") == nil)
        #expect(try locality("{loadBalancer: {localityLbSetting: {failoverPriority: [a]}}}") == nil)
        let priority = try locality(
            "{loadBalancer: {localityLbSetting: {failoverPriority: [a, b=c]}}, outlierDetection: {minHealthPercent: 9}}"
        )
        #expect(priority?.mode == .priority)
        #expect(priority?.priority == ["a", "b=c"])
        #expect(priority?.panicPercent == 9)
        let shares = try locality(
            "{loadBalancer: {localityLbSetting: {distribute: [{from: r/a/*, to: {r/b/*: 20, r/a/*: 80}}]}}}"
        )
        #expect(shares?.mode == .distribute)
        #expect(shares?.distribute.first?.to.map(\.percent) == [80, 20])
        let failover = "{loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}, outlierDetection: {}}"
        #expect(try locality(failover)?.failover.first?.to == "b")
        #expect(try locality("{loadBalancer: {simple: RANDOM}}", service: false) == nil)
        #expect(try locality("{outlierDetection: {}}", service: false)?.mode == .failover)
        let off = """
            apiVersion: tulle.mesh/v1alpha1
            kind: MeshConfig
            metadata: {name: default}
            spec: {localityLbSetting: {enabled: false}}
            ---

            """
        #expect(try locality("{outlierDetection: {}}", service: false, mesh: off) == nil)
    }

    @Test("workloads carry the labels that rules compare, and no others")
    func labels() throws {
        func labels(_ mesh: RouteMesh) throws -> [String: String]? {
            let workload = try mesh.mesh.workload("t1")
            guard let config = workload.extensions.first?.config else { return nil }
            #expect(workload.extensions.map(\.name) == ["tulle.l7.v1.WorkloadLabels"])
            #expect(config.typeURL == TulleL7.workloadLabelsTypeURL)
            return try TulleL7.WorkloadLabels(decoding: config.value).labels
        }
        var mesh = try RouteMesh()
        mesh.mesh.add(Facts.task(1) { $0.labels = ["version": "one", "team": "red", "rack": "7"] })
        mesh.mesh.add(Facts.task(2) { $0.labels = ["team": "red"] })
        #expect(try labels(mesh) == nil)
        let subsets = Self.rule("subsets: [{name: v1, labels: {version: one}}]")
        let change = try mesh.declare(subsets)
        #expect(try labels(mesh) == ["version": "one"])
        #expect(change.addresses.changed.map(\.name) == ["t1"], "who lacks the label stays as it is")
        try mesh.declare(
            Self.rule(
                "trafficPolicy: {loadBalancer: {localityLbSetting: {failoverPriority: [rack=7]}}}",
                host: "cart",
                name: "e"
            )
        )
        #expect(try labels(mesh) == ["version": "one", "rack": "7"])
        try mesh.declare(Self.rule(Self.requests(1)))
        #expect(try labels(mesh) == ["rack": "7"])
    }
}
