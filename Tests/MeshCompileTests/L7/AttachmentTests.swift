import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Policies and settings as a waypoint gets them")
struct AttachmentTests {
    private static func policy(
        _ kind: String,
        _ spec: String,
        target: String = "{kind: Service, name: orders}",
        name: String = "p",
        in namespace: String = "shop",
        annotations: String = "{}",
        created: String = "2026-01-01T00:00:00Z"
    ) -> String {
        let version =
            ["Telemetry": "telemetry.istio.io/v1", "PayloadPolicy": "tulle.mesh/v1alpha1"][kind]
            ?? "security.istio.io/v1"
        let refs = target.isEmpty ? "" : "targetRefs: [\(target)]"
        return """
            apiVersion: \(version)
            kind: \(kind)
            metadata: {name: \(name), namespace: \(namespace), annotations: \(annotations), creationTimestamp: '\(created)'}
            spec:
              \(refs)
              \(spec)
            ---

            """
    }

    private static let gateway = "{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}"
    private static let gatewayClass = "{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}"

    @Test(
        "62, 63: a policy holds for its service, for all of its waypoint, or, in the root namespace, for all waypoints"
    )
    func attachment() throws {
        let rules = "rules: [{from: [{source: {principals: [a]}}]}]"
        func names(_ text: String, _ service: String) throws -> [String] {
            try RouteMesh(text).routes(service).security?.policies.map(\.name) ?? []
        }
        let service = Self.policy("AuthorizationPolicy", rules)
        #expect(try names(service, "orders") == ["p"])
        #expect(try names(service, "cart") == [])
        #expect(try RouteMesh(service).settings().workloadSecurity == nil)
        let gateway = Self.policy("AuthorizationPolicy", rules, target: Self.gateway)
        #expect(try names(gateway, "orders") == ["p"])
        #expect(try names(gateway, "cart") == ["p"])
        #expect(try RouteMesh(gateway).settings().workloadSecurity?.policies.map(\.name) == ["p"])
        let everywhere = Self.policy("AuthorizationPolicy", rules, target: Self.gatewayClass, in: "tulle-system")
        #expect(try names(everywhere, "cart") == ["p"])
        let elsewhere = Self.policy("AuthorizationPolicy", rules, target: Self.gatewayClass)
        #expect(try names(elsewhere, "cart") == [], "a class is the root namespace's to name")
        #expect(try names(Self.policy("AuthorizationPolicy", rules, in: "back"), "orders") == [])
        #expect(try names(Self.policy("AuthorizationPolicy", rules, target: ""), "orders") == [], "ztunnel's")
        #expect(
            try names(
                everywhere + gateway.replacing("name: p,", with: "name: g,")
                    + service.replacing("name: p,", with: "name: s,"),
                "orders"
            )
                == ["p", "g", "s"]
        )
    }

    @Test("63, 93: a ServiceEntry's policies, with a waypoint of another namespace")
    func entry() throws {
        let target = "{group: networking.istio.io, kind: ServiceEntry, name: api}"
        var mesh = try RouteMesh(
            Self.policy("AuthorizationPolicy", "action: DENY\n  rules: [{}]", target: target, in: "back")
        )
        mesh.mesh.declare(
            Declare.waypoint(
                "egress",
                listeners: [.init(name: "m", port: 15008, protocol: "HBONE", allowedNamespaces: .all)]
            ),
            Declare.entry(
                ["api.example.com"],
                name: "api",
                in: "back",
                labels: ["istio.io/use-waypoint": "egress", "istio.io/use-waypoint-namespace": "shop"]
            )
        )
        let key = NamespacedHostname(namespace: "back", hostname: "api.example.com")
        let owner = WaypointIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "egress")
        let resource = try #require(mesh.mesh.compiler.l7.routes[key]?[owner])
        let routes = try TulleL7.ServiceRoutes(decoding: resource.bytes)
        #expect(routes.security?.policies.map(\.name) == ["p"])
        #expect(mesh.mesh.compiler.l7.routes[key]?.count == 1)
    }

    @Test("65: all that a policy says is told")
    func authorization() throws {
        let spec = """
            rules:
                - from:
                    - {source: {principals: [p], notNamespaces: [n], requestPrincipals: [i/s], remoteIpBlocks: [10.0.0.0/8]}}
                    - {source: {serviceAccounts: [s]}}
                  to: [{operation: {hosts: [h], methods: [GET], notPaths: ['/a/{*}'], ports: ['80']}}]
                  when: [{key: 'request.headers[x]', values: [v], notValues: [w]}]
            """
        let policy = try #require(
            try RouteMesh(Self.policy("AuthorizationPolicy", spec)).routes().security?.policies.first
        )
        #expect(policy.action == .allow)
        let rule = try #require(policy.rules.first)
        #expect(rule.from.first?.principals == ["p"])
        #expect(rule.from.first?.notNamespaces == ["n"])
        #expect(rule.from.last?.serviceAccounts == ["s"])
        #expect(rule.from.first?.requestPrincipals == ["i/s"])
        #expect(rule.from.first?.remoteIpBlocks == ["10.0.0.0/8"])
        #expect(rule.to.first?.methods == ["GET"])
        #expect(rule.to.first?.notPaths == ["/a/{*}"])
        #expect(rule.to.first?.ports == ["80"])
        #expect(rule.when.first?.notValues == ["w"])
        let custom = Self.policy(
            "AuthorizationPolicy",
            "action: CUSTOM\n  provider: {name: opa}\n  rules: [{to: [{operation: {paths: [/x]}}]}]"
        )
        let asked = try RouteMesh(custom).routes().security?.policies.first
        #expect(asked?.action == .custom)
        #expect(asked?.provider == "opa")
        let dry = Self.policy(
            "AuthorizationPolicy",
            "action: DENY\n  rules: [{}]",
            annotations: "{istio.io/dry-run: 'true'}"
        )
        #expect(try RouteMesh(dry).routes().security?.policies.first?.dryRun == true)
    }

    @Test("66, 93: tokens: keys in place, keys that were fetched, and keys that could not be")
    func tokens() throws {
        let keys = #"{"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}]}"#
        let spec = """
            jwtRules:
                - {issuer: a, jwks: '\(keys)', fromHeaders: [{name: X-Token, prefix: 'T '}], forwardOriginalToken: true}
                - {issuer: b, jwksUri: 'https://b.example/keys', audiences: [x], outputClaimToHeaders: [{header: X-Sub, claim: sub}]}
                - {issuer: 'https://c.example'}
            """
        var mesh = try RouteMesh(Self.policy("RequestAuthentication", spec))
        let sources: [KeySource] = [.url("https://b.example/keys"), .issuer("https://c.example")]
        #expect(mesh.mesh.compiler.keySources == sources)
        let rules = try #require(try mesh.routes().security?.tokens)
        #expect(rules.map(\.keys) == [keys, "", ""], "without keys every token is refused")
        #expect(rules.first?.headers.map { "\($0.name)=\($0.prefix)" } == ["x-token=T "])
        #expect(rules.first?.parameters == [])
        #expect(rules.first?.forwardsToken == true)
        #expect(rules[1].headers.map { "\($0.name)=\($0.prefix)" } == ["authorization=Bearer "])
        #expect(rules[1].parameters == ["access_token"])
        #expect(rules[1].claimHeaders.first?.header == "x-sub")
        #expect(mesh.condition(.resolvedRefs, of: "RequestAuthentication/shop/p") == "false KeysNotFetched")
        let change = mesh.mesh.apply(MeshDelta(keySets: [sources[0]: "{1}", sources[1]: "{2}"]))
        #expect(change.waypoints[RouteMesh.owner]?.routes.changed.map(\.name) == ["shop/orders.shop.mesh.internal"])
        #expect(try mesh.routes().security?.tokens.map(\.keys) == [keys, "{1}", "{2}"])
        #expect(mesh.condition(.resolvedRefs, of: "RequestAuthentication/shop/p") == "true ResolvedRefs")
        #expect(mesh.mesh.apply(MeshDelta(keySets: [sources[0]: "{1}", sources[1]: "{2}"])).isEmpty)
        // One that selects workloads is nobody's here.
        let selecting = Self.policy("RequestAuthentication", "selector: {matchLabels: {app: x}}\n  \(spec)", target: "")
        #expect(try RouteMesh(selecting).routes().security == nil)
    }

    @Test("93: Telemetry: the mesh's defaults, the namespace's, then what names the waypoint and the service")
    func telemetry() throws {
        let root = Self.policy(
            "Telemetry",
            """
            accessLogging: [{providers: [{name: otlp}]}]
              tracing: [{providers: [{name: spans}], randomSamplingPercentage: 5, customTags: {a: {literal: {value: x}}}}]
              metrics: [{overrides: [{match: {metric: REQUEST_SIZE}, disabled: true}]}]
            """,
            target: "",
            in: "tulle-system"
        )
        let service = Self.policy(
            "Telemetry",
            """
            accessLogging: [{filter: {expression: 'response.code >= 400'}}]
              tracing: [{randomSamplingPercentage: 0.01, disableSpanReporting: true}]
              metrics:
                - reportingInterval: 10s
                  overrides:
                    - {tagOverrides: {source_principal: {operation: REMOVE}, custom: {value: "'test'"}}}
                    - {match: {mode: CLIENT}, disabled: true}
            """
        )
        let mesh = try RouteMesh(root + service)
        let cart = try #require(try mesh.routes("cart").telemetry)
        #expect(cart.accessLogs.map { "\($0.provider) \($0.filter)" } == ["otlp "])
        #expect(cart.tracing?.provider == "spans")
        #expect(cart.tracing?.sampling?.fraction == 50_000)
        #expect(cart.metrics.map { "\($0.metric) \($0.disabled)" } == ["REQUEST_SIZE true"])
        let orders = try #require(try mesh.routes().telemetry)
        #expect(orders.accessLogs.map { "\($0.provider) \($0.filter)" } == ["otlp response.code >= 400"])
        #expect(orders.tracing?.provider == "spans")
        #expect(orders.tracing?.sampling?.fraction == 100)
        #expect(orders.tracing?.disabled == true)
        #expect(orders.tracing?.tags.map(\.literal) == ["x"])
        #expect(orders.metrics.map(\.metric) == ["REQUEST_SIZE", ""])
        #expect(
            orders.metrics.last?.tags.map { "\($0.tag) \($0.remove) \($0.value)" } == [
                "custom false 'test'", "source_principal true ",
            ]
        )
        #expect(orders.reportingIntervalMilliseconds == 10_000)
        #expect(try mesh.settings().workloadTelemetry == cart)
        #expect(try RouteMesh().routes().telemetry == nil)
    }

    @Test("PayloadPolicies")
    func payloads() throws {
        let spec = """
            match: {methods: [POST], paths: ['/pay/{*}'], contentTypes: [application/json]}
              inspect: {maxBytes: 4Ki, timeout: 2s}
              oversize: EvaluatePrefix
              compressed: Skip
              deny: {status: 422, body: no}
              rules:
                - {name: big, json: {pointer: /amount, greaterThan: 10000}}
                - {json: {pointer: /a, exists: false}, form: {field: b, in: [x, 1]}}
            """
        let policy = try #require(try RouteMesh(Self.policy("PayloadPolicy", spec)).routes().security?.payloads.first)
        #expect(policy.action == .deny)
        #expect(policy.maxBytes == 4096)
        #expect(policy.maxDepth == 32)
        #expect(policy.timeoutMilliseconds == 2000)
        #expect(policy.oversize == .prefix)
        #expect(policy.malformed == .refuse)
        #expect(policy.compressed == .pass)
        #expect(policy.status == 422)
        #expect(policy.rules.first?.name == "big")
        #expect(policy.rules.first?.field?.operator == .greater)
        #expect(policy.rules.first?.field?.values == ["10000"])
        let both = try #require(policy.rules.last?.all?.rules)
        #expect(both.first?.none?.rules.first?.field?.operator == .exists)
        #expect(both.last?.field?.form == true)
        #expect(both.last?.field?.values == ["x", "1"])
    }

    @Test("PayloadPolicies by size, type and pattern")
    func payloadsAsAWhole() throws {
        let spec = """
            rules:
                - {size: {greaterThan: 1Ki, lessThan: 2Ki}}
                - {contentType: {in: [text/*, application/json]}, pattern: '[0-9]{16}'}
                - {contentType: {notIn: [application/json]}}
            """
        let policy = try #require(try RouteMesh(Self.policy("PayloadPolicy", spec)).routes().security?.payloads.first)
        try #require(policy.rules.count == 3)
        let sizes = try #require(policy.rules[0].all?.rules)
        #expect(sizes.first?.field?.operator == .lengthGreater)
        #expect(sizes.first?.field?.values == ["1024"])
        #expect(sizes.last?.none?.rules.first?.field?.values == ["2047"])
        let both = try #require(policy.rules[1].all?.rules)
        #expect(both.first?.field?.operator == .contentType)
        #expect(both.first?.field?.values == ["text/*", "application/json"])
        #expect(both.last?.field?.operator == .found)
        #expect(both.last?.field?.values == ["[0-9]{16}"])
        #expect(policy.rules[2].none?.rules.first?.field?.values == ["application/json"])
        for rule in policy.rules { #expect(rule.name.isEmpty) }
    }
}
