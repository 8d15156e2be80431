import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Settings of waypoints, limits and health checks")
struct WaypointSettingsTests {
    private static func policy(_ kind: String, _ spec: String, name: String = "p") -> String {
        """
        apiVersion: \(kind == "AuthorizationPolicy" ? "security.istio.io/v1" : "tulle.mesh/v1alpha1")
        kind: \(kind)
        metadata: {name: \(name), namespace: shop}
        spec:
          targetRefs: [{kind: Service, name: orders}]
          \(spec)
        ---

        """
    }

    @Test("limits on requests")
    func rateLimits() throws {
        let spec = """
            limits:
                - {name: each, match: {path: {value: /a}, method: POST}, requests: 5, window: 1m, burst: 2, key: [principal, 'header:x']}
                - {requests: 100, window: 1s, status: 503}
            """
        let limits = try RouteMesh(Self.policy("RateLimitPolicy", spec)).routes().rateLimits
        #expect(limits.map(\.name) == ["shop/p/each", "shop/p/1"])
        #expect(limits.first?.match.map(RouteText.conditions) == ["POST", "/a"])
        #expect(limits.first?.requests == 5)
        #expect(limits.first?.windowMilliseconds == 60_000)
        #expect(limits.first?.burst == 2)
        #expect(limits.first?.key == ["principal", "header:x"])
        #expect(limits.map(\.status) == [429, 503])
        #expect(limits.last?.match == nil)
        #expect(try RouteMesh(Self.policy("RateLimitPolicy", spec)).routes("cart").rateLimits.isEmpty)
    }

    @Test("health checks are the service's, wherever requests come from")
    func healthChecks() throws {
        let route = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: r, namespace: shop}
            spec:
              parentRefs: [{group: '', kind: Service, name: cart}]
              rules: [{backendRefs: [{name: orders, port: 80}]}]
            ---

            """
        var mesh = try RouteMesh(route)
        let name = "outbound|80||orders.shop.mesh.internal"
        #expect(try mesh.cluster(name, of: "cart").healthCheck == nil)
        let spec = "port: 80\n  http: {path: /ok, expectedStatuses: [204]}\n  interval: 5s\n  probePort: 9"
        let change = try mesh.declare(Self.policy("HealthCheckPolicy", spec))
        #expect(change.waypoints[RouteMesh.owner]?.routes.changed.count == 2, "of the service, and of who routes to it")
        for service in ["cart", "orders"] {
            let check = try #require(try mesh.cluster(name, of: service).healthCheck)
            #expect(check.kind == .http)
            #expect(check.path == "/ok")
            #expect(check.expectedStatuses == [204])
            #expect(check.intervalMilliseconds == 5000)
            #expect(check.timeoutMilliseconds == 1000)
            #expect(check.unhealthyThreshold == 3)
            #expect(check.port == 9)
        }
        #expect(try mesh.cluster("outbound|9000||orders.shop.mesh.internal").healthCheck == nil)
    }

    @Test("budgets of retries: XBackendTrafficPolicy's, unless a DestinationRule has one")
    func retryBudgets() throws {
        let policy = """
            apiVersion: gateway.networking.x-k8s.io/v1alpha1
            kind: XBackendTrafficPolicy
            metadata: {name: b, namespace: shop}
            spec:
              targetRefs: [{group: '', kind: Service, name: orders}]
              retryConstraint: {budget: {percent: 30, interval: 5s}, minRetryRate: {count: 5, interval: 2s}}
            ---

            """
        let name = "outbound|80||orders.shop.mesh.internal"
        let budget = try #require(try RouteMesh(policy).cluster(name).retryBudget)
        #expect(budget.percent == 30)
        #expect(budget.intervalMilliseconds == 5000)
        #expect(budget.minPerSecond == 3)
        let rule = """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: d, namespace: shop}
            spec:
              host: orders
              trafficPolicy:
                retryBudget: {percent: 7}
                loadBalancer: {zoneAwareLbSetting: {enabled: true}}
            """
        let cluster = try RouteMesh(policy + rule).cluster(name)
        #expect(cluster.retryBudget?.percent == 7)
        #expect(cluster.loadBalancer?.locality?.mode == .failover, "zone awareness is failing over by place")
    }

    @Test("94: a wildcard that is resolved for each request, and connections that keep their address")
    func kinds() throws {
        var mesh = try RouteMesh()
        mesh.mesh.declare(
            Declare.entry(["*.example.com"], name: "wild") {
                $0.resolution = .dynamicDNS
                $0.ports = [.init(number: 80, name: "http", protocol: "HTTP")]
            },
            Declare.entry(["kept.example"], name: "kept") {
                $0.resolution = .none
                $0.addresses = ["192.0.2.0/24"]
                $0.ports = [.init(number: 5000, name: "tcp", protocol: "TCP")]
            }
        )
        let wild = try mesh.routes(of: NamespacedHostname(namespace: "shop", hostname: "*.example.com")).clusters
        let kept = try mesh.routes(of: NamespacedHostname(namespace: "shop", hostname: "kept.example")).clusters
        #expect(wild.first?.resolvesAuthority == true)
        #expect(wild.first?.keepsDestination == false)
        #expect(kept.first?.keepsDestination == true)
        #expect(kept.first?.protocol == .tcp)
    }

    @Test("too many policies close the service")
    func bounded() throws {
        let text = (0...ServiceCompilation.Limits.policies).map {
            Self.policy("AuthorizationPolicy", "rules: [{}]", name: "p\($0)")
        }.joined()
        let security = try #require(try RouteMesh(text).routes().security)
        #expect(security.policies.map(\.action) == [.deny])
        #expect(security.policies.first?.rules.count == 1)
    }

    @Test("70: settings of a waypoint: paths, providers, trust domains, identity headers")
    func settings() throws {
        let config = """
            apiVersion: tulle.mesh/v1alpha1
            kind: MeshConfig
            metadata: {name: default}
            spec:
              trustDomainAliases: [old.example]
              pathNormalization: {normalization: MERGE_SLASHES}
              pathParameters: reject
              accessLogFile: /dev/stdout
              accessLogEncoding: JSON
              protocolDetectionTimeout: 100ms
              http10: true
              defaultConfig:
                tracing: {sampling: 2.5}
                terminationDrainDuration: 20s
                gatewayTopology: {numTrustedProxies: 2}
              extensionProviders:
                - name: opa
                  envoyExtAuthzHttp:
                    service: back/audit.back.mesh.internal
                    port: 80
                    timeout: 2s
                    statusOnError: '503'
                    pathPrefix: /check
                    includeRequestHeadersInCheck: [X-Ext]
                    headersToUpstreamOnAllow: [x-user]
                    includeRequestBodyInCheck: {maxRequestBytes: 100, allowPartialMessage: true}
                - {name: gone, envoyExtAuthzGrpc: {service: gone.example, port: 9, failOpen: true}}
                - {name: file, envoyFileAccessLog: {path: /tmp/log, logFormat: {labels: {a: '%PROTOCOL%'}}}}
                - {name: otlp, envoyOtelAls: {service: otel.example, port: 4317}}
                - {name: spans, opentelemetry: {service: otel.example, port: 4318, http: {path: /v1/traces}}}
            """
        var mesh = try RouteMesh(config)
        var settings = try mesh.settings()
        #expect(settings.paths == .mergeSlashes)
        #expect(settings.parameters == .reject)
        #expect(settings.trustDomains == ["cluster.local", "old.example"])
        #expect(settings.detectionTimeoutMilliseconds == 100)
        #expect(settings.drainMilliseconds == 20_000)
        #expect(settings.trustedProxies == 2)
        #expect(settings.http10)
        #expect(settings.servesServices)
        #expect(!settings.servesWorkloads)
        #expect(settings.authorizers.map(\.name) == ["opa", "gone"])
        let opa = try #require(settings.authorizers.first)
        #expect(opa.cluster?.name == "outbound|80||audit.back.mesh.internal")
        #expect(opa.cluster?.missing == false)
        #expect(opa.timeoutMilliseconds == 2000)
        #expect(opa.statusOnError == 503)
        #expect(opa.headersToCheck == ["x-ext"])
        #expect(opa.maxBodyBytes == 100)
        #expect(settings.authorizers.last?.cluster?.missing == true)
        #expect(settings.authorizers.last?.failsOpen == true)
        #expect(settings.logs.map(\.name) == ["envoy", "file", "otlp"])
        #expect(settings.logs.first?.json == true)
        #expect(settings.logs[1].labels == ["a": "%PROTOCOL%"])
        #expect(settings.logs.last?.endpoint == "grpc://otel.example:4317")
        #expect(settings.traces.map(\.endpoint) == ["http://otel.example:4318/v1/traces"])
        #expect(settings.traces.first?.fraction == 25_000)
        #expect(!settings.tellsIdentity)
        #expect(try mesh.routes().telemetry?.accessLogs.map(\.provider) == ["envoy"])
        // An authorizer that comes is told of.
        mesh.mesh.add(
            Facts.service("gone") { facts in
                facts.key = NamespacedHostname(namespace: "shop", hostname: "gone.example")
                facts.ports = [ServicePort(port: 9, targetPort: 9)]
            }
        )
        settings = try mesh.settings()
        #expect(settings.authorizers.last?.cluster?.missing == false)
        #expect(settings.authorizers.last?.cluster?.protocol == .http2)
        try mesh.declare(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata:
              name: waypoint
              namespace: shop
              labels: {istio.io/waypoint-for: all}
              annotations: {ambient.istio.io/xfcc-include-client-identity: 'true'}
            spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
            """
        )
        #expect(try mesh.settings().tellsIdentity)
        #expect(try mesh.settings().servesWorkloads)
    }
}
