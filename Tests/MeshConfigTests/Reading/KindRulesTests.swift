import MeshConfig
import Testing

/// What holds between fields, kind by kind.
@Suite struct KindRulesTests {
    static let errors: [(ResourceKind, String, ConfigurationCode, String)] = [
        // AuthorizationPolicy
        (.authorizationPolicy, "action: DENY", .contradiction, "needs rules"),
        (.authorizationPolicy, "action: CUSTOM\nrules: [{}]\nprovider: {name: a}", .widens, "needs targetRefs"),
        (
            .authorizationPolicy, "targetRefs: [{kind: Service, name: a}]\naction: CUSTOM\nprovider: {name: a}",
            .contradiction, "CUSTOM needs rules"
        ),
        (
            .authorizationPolicy, "targetRefs: [{kind: Service, name: a}]\naction: CUSTOM\nrules: [{}]", .contradiction,
            "needs provider.name"
        ),
        (.authorizationPolicy, "provider: {name: a}\nrules: [{}]", .contradiction, "is for action CUSTOM only"),
        (
            .authorizationPolicy,
            "targetRefs: [{kind: Service, name: a}]\naction: CUSTOM\nprovider: {name: p}\n"
                + "rules: [{from: [{source: {principals: [a/b]}}]}]", .contradiction, "can't be used with action CUSTOM"
        ),
        (
            .authorizationPolicy,
            "targetRefs: [{kind: Service, name: a}]\naction: CUSTOM\nprovider: {name: p}\n"
                + "rules: [{when: [{key: request.auth.principal, values: [a]}]}]", .contradiction, "with action CUSTOM"
        ),
        (.authorizationPolicy, "selector: {matchLabels: {app: 'a*'}}\nrules: [{}]", .badValue, "can't hold '*'"),
        (.authorizationPolicy, "targetRefs: [{kind: Gateway, name: a}]", .contradiction, "group of kind Gateway"),
        (
            .authorizationPolicy, "targetRefs: [{kind: Service, name: a}, {kind: Service, name: a}]", .duplicateValue,
            "target"
        ),
        (.authorizationPolicy, "rules: [{from: [{source: {}}]}]", .contradiction, "is empty"),
        (.authorizationPolicy, "rules: [{to: [{operation: {}}]}]", .contradiction, "is empty"),
        (
            .authorizationPolicy, "rules: [{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}]",
            .contradiction, "beside namespaces"
        ),
        (
            .authorizationPolicy, "rules: [{from: [{source: {serviceAccounts: ['a/b/c']}}]}]", .badValue,
            "must be <account>"
        ),
        (.authorizationPolicy, "rules: [{from: [{source: {principals: ['a*b']}}]}]", .badValue, "in the middle"),
        (
            .authorizationPolicy, "rules: [{from: [{source: {principals: ['spiffe://a/ns/b/sa/c']}}]}]", .badValue,
            "without spiffe://"
        ),
        (.authorizationPolicy, "rules: [{when: [{key: source.ip}]}]", .contradiction, "needs values or notValues"),
        (.authorizationPolicy, "rules: [{when: [{key: source.up, values: [a]}]}]", .badValue, "none that is known"),
        (
            .authorizationPolicy, "rules: [{when: [{key: 'experimental.envoy.filters.a[b]', values: [a]}]}]",
            .unsupportedValue, "none that"
        ),
        (
            .authorizationPolicy, "rules: [{when: [{key: source.ip, values: [300.0.0.1]}]}]", .badValue,
            "must be an IP address"
        ),
        (
            .authorizationPolicy, "rules: [{when: [{key: destination.port, values: ['0']}]}]", .badValue,
            "must be a port"
        ),
        (.authorizationPolicy, "rules: [{from: [{source: {trustDomains: [a]}}]}]", .widens, "without a waypoint"),
        (
            .authorizationPolicy, "rules: [{when: [{key: source.trustDomain, values: [a]}]}]", .widens,
            "without a waypoint"
        ),
        (
            .authorizationPolicy, "action: DENY\nrules: [{to: [{operation: {methods: [GET], ports: ['80']}}]}]",
            .widens, "a DENY rule with methods"
        ),
        (
            .authorizationPolicy, "action: DENY\nrules: [{when: [{key: 'request.headers[a]', values: [b]}]}]", .widens,
            "a DENY rule with"
        ),
        (
            .authorizationPolicy,
            "targetRefs: [{kind: Service, name: a}]\nrules: [{to: [{operation: {paths: ['/a{*}']}}]}]", .badValue,
            "whole segments"
        ),
        (
            .authorizationPolicy,
            "targetRefs: [{kind: Service, name: a}]\nrules: [{to: [{operation: {paths: ['/{**}/{*}']}}]}]", .badValue,
            "may follow {**}"
        ),
        // PeerAuthentication
        (.peerAuthentication, "portLevelMtls: {80: {mode: STRICT}}", .contradiction, "needs a selector"),
        (
            .peerAuthentication, "selector: {matchLabels: {}}\nportLevelMtls: {80: {mode: STRICT}}", .contradiction,
            "needs a selector"
        ),
        (.peerAuthentication, "selector: {matchLabels: {a: b}}\nportLevelMtls: {}", .contradiction, "names no port"),
        // RequestAuthentication
        (.requestAuthentication, "jwtRules: [{issuer: a, jwks: '{}'}]", .badValue, "JSON Web Key Set"),
        (.requestAuthentication, "jwtRules: [{issuer: a, jwks: '{\"keys\": [1]}'}]", .badValue, "must be an object"),
        (.requestAuthentication, "jwtRules: [{issuer: a, jwks: 'not: [json'}]", .badValue, "JSON Web Key Set"),
        // ServiceEntry
        (.serviceEntry, "hosts: [a.b, a.b]", .duplicateValue, "host"),
        (
            .serviceEntry, "hosts: [a.b]\nports: [{number: 1, name: a}, {number: 1, name: b}]", .duplicateValue,
            "port number"
        ),
        (
            .serviceEntry, "hosts: [a.b]\nports: [{number: 1, name: a}, {number: 2, name: a}]", .duplicateValue,
            "port name"
        ),
        (
            .serviceEntry, "hosts: [a.b]\naddresses: [10.0.0.0/8]\nresolution: DNS", .contradiction,
            "needs resolution NONE or STATIC"
        ),
        (.serviceEntry, "hosts: [a.b]\nendpoints: [{address: 1.2.3.4}]", .contradiction, "NONE takes no endpoints"),
        (
            .serviceEntry, "hosts: [a.b]\nresolution: STATIC\nendpoints: [{address: a.b}]", .contradiction,
            "needs IP addresses"
        ),
        (
            .serviceEntry, "hosts: [a.b]\nresolution: STATIC\nendpoints: [{address: unix:///a}]", .unsupportedValue,
            "sockets"
        ),
        (.serviceEntry, "hosts: ['*.b']\nresolution: DNS", .contradiction, "can't be resolved"),
        (
            .serviceEntry, "hosts: [a.b]\nresolution: DNS_ROUND_ROBIN\nendpoints: [{address: a.b}, {address: b.c}]",
            .contradiction, "one endpoint at most"
        ),
        (.serviceEntry, "hosts: [a.b]\nresolution: DYNAMIC_DNS", .contradiction, "needs wildcard hosts"),
        (
            .serviceEntry, "hosts: ['*.b']\nresolution: DYNAMIC_DNS\nports: [{number: 1, name: a, protocol: TCP}]",
            .contradiction, "needs a protocol"
        ),
        (
            .serviceEntry, "hosts: ['*.b']\nresolution: DYNAMIC_DNS\naddresses: [1.2.3.4]", .contradiction,
            "takes no addresses"
        ),
        (
            .serviceEntry, "hosts: [a.b, c.d]\nresolution: DNS\nports: [{number: 1, name: a, protocol: TCP}]",
            .contradiction, "can't be told apart"
        ),
        (
            .serviceEntry,
            "hosts: [a.b]\nresolution: STATIC\nports: [{number: 1, name: a}]\n"
                + "endpoints: [{address: 1.2.3.4, ports: {b: 1}}]", .contradiction, "names no port of the service"
        ),
        (.serviceEntry, "hosts: [a.b]\nexportTo: ['*', a]", .contradiction, "must stand alone"),
        (.serviceEntry, "hosts: [a.b]\nexportTo: [a, a]", .duplicateValue, "namespace"),
        (.serviceEntry, "hosts: [a.b]\nexportTo: [A_B]", .badValue, "'.', '*', '~' or a namespace"),
        (.serviceEntry, "hosts: [a.b]\nworkloadSelector: {}", .contradiction, "needs labels"),
        // WorkloadEntry
        (.workloadEntry, "ports: {a: 1}", .missingField, "needs an address"),
        (.workloadEntry, "address: a_b", .badValue, "must be an IP address or a host name"),
        (.workloadEntry, "address: 1.2.3.4\nlocality: a/b/c/d", .badValue, "locality"),
        // Gateway
        (.gateway, "gatewayClassName: nginx", .unsupportedValue, "is not supported by Tulle"),
        (
            .gateway, "gatewayClassName: istio-waypoint\nlisteners: [{name: a, port: 80, protocol: HTTP}]",
            .unsupportedValue, "protocol"
        ),
        (
            .gateway, "gatewayClassName: istio-waypoint\nlisteners: [{name: a, port: 80, protocol: HBONE}]",
            .contradiction, "15008"
        ),
        (
            .gateway,
            "gatewayClassName: istio-waypoint\nlisteners: [{name: a, port: 15008, protocol: HBONE, "
                + "allowedRoutes: {namespaces: {from: Selector}}}]", .contradiction, "needs a selector"
        ),
        (.gateway, "gatewayClassName: istio-waypoint\naddresses: [{value: a.b}]", .badValue, "must be an IP address"),
        (.gateway, "gatewayClassName: istio-remote", .contradiction, "needs addresses"),
        // Routes
        (.httpRoute, "parentRefs: [{kind: Service, name: a}]", .contradiction, "group of kind Service"),
        (.httpRoute, "parentRefs: [{name: a}, {name: a}]", .duplicateValue, "parent"),
        (.httpRoute, "parentRefs: [{name: a}]\nrules: [{backendRefs: [{name: a}]}]", .missingField, "needs a port"),
        (
            .httpRoute,
            "parentRefs: [{name: a}]\nrules: [{backendRefs: [{kind: Hostname, name: a, port: 1}]}]",
            .contradiction, "group of kind Hostname"
        ),
        (
            .httpRoute, "parentRefs: [{name: a}]\nrules: [{matches: [{path: {value: /a//b}}]}]", .badValue,
            "can't hold '//'"
        ),
        (.httpRoute, "parentRefs: [{name: a}]\nrules: [{matches: [{path: {value: a}}]}]", .badValue, "absolute path"),
        (
            .httpRoute, "parentRefs: [{name: a}]\nrules: [{matches: [{path: {type: RegularExpression, value: '(a'}}]}]",
            .badValue, "not closed"
        ),
        (
            .httpRoute,
            "parentRefs: [{name: a}]\nrules: [{matches: [{headers: [{name: a, value: b}, {name: A, value: c}]}]}]",
            .duplicateValue, "name"
        ),
        (
            .httpRoute,
            "parentRefs: [{name: a}]\nrules: [{filters: [{type: RequestRedirect, requestRedirect: {}}], "
                + "backendRefs: [{name: a, port: 1}]}]", .contradiction,
            "RequestRedirect can't stand beside backendRefs"
        ),
        (
            .httpRoute,
            "parentRefs: [{name: a}]\nrules: [{filters: [{type: RequestRedirect, requestRedirect: {}}, "
                + "{type: URLRewrite, urlRewrite: {}}]}]", .contradiction, "beside URLRewrite"
        ),
        (
            .httpRoute, "parentRefs: [{name: a}]\nrules: [{filters: [{type: CORS, urlRewrite: {}}]}]", .contradiction,
            "needs field cors"
        ),
        (
            .httpRoute,
            "parentRefs: [{name: a}]\nrules: [{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 304}}]}]",
            .badValue, "304 must be"
        ),
        (
            .httpRoute,
            "parentRefs: [{name: a}]\nrules: [{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, "
                + "urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]}]", .contradiction,
            "needs exactly one match"
        ),
        (
            .httpRoute, "parentRefs: [{name: a}]\nrules: [{timeouts: {request: 1s, backendRequest: 2s}}]",
            .contradiction, "must not be longer"
        ),
        (
            .httpRoute,
            "parentRefs: [{name: a}]\nrules: [{sessionPersistence: {cookieConfig: {lifetimeType: Permanent}}}]",
            .contradiction, "needs absoluteTimeout"
        ),
        (
            .backendTrafficPolicy,
            "targetRefs: [{group: '', kind: Service, name: a}]\nsessionPersistence: {cookieConfig: {lifetimeType: Permanent}}",
            .contradiction, "needs absoluteTimeout"
        ),
        // VirtualService
        (.virtualService, "hosts: ['*']\nhttp: [{redirect: {uri: /}}]", .badValue, "ingress gateways"),
        (.virtualService, "hosts: [a]", .missingField, "at least one entry"),
        (.virtualService, "http: [{redirect: {uri: /}}]\ngateways: [mesh]", .contradiction, "takes no gateways"),
        (.virtualService, "http: [{delegate: {name: a}}]", .contradiction, "one level"),
        (.virtualService, "hosts: [a]\nhttp: [{redirect: {}}]", .contradiction, "needs uri"),
        (
            .virtualService, "hosts: [a]\nhttp: [{redirect: {uri: /}, rewrite: {uri: /}}]", .contradiction,
            "beside rewrite"
        ),
        (
            .virtualService, "hosts: [a]\nhttp: [{redirect: {uri: /}, mirrorPercentage: {value: 1}}]", .contradiction,
            "needs mirror"
        ),
        (
            .virtualService, "hosts: [a]\nhttp: [{route: [{destination: {host: a}}, {destination: {host: b}}]}]",
            .contradiction, "no weight above 0"
        ),
        (
            .virtualService, "hosts: [a]\nhttp: [{redirect: {uri: /}, retries: {retryOn: sometimes}}]", .badValue,
            "'sometimes' must be"
        ),
        (
            .virtualService, "hosts: [a]\nhttp: [{match: [{headers: {X-A: {}}}], redirect: {uri: /}}]", .badValue,
            "lower case"
        ),
        (
            .virtualService,
            "hosts: [a]\nhttp: [{route: [{destination: {host: a}}], rewrite: {authority: b}, "
                + "headers: {request: {set: {Host: c}}}}]", .contradiction, "both by rewrite and by headers"
        ),
        (
            .virtualService,
            "hosts: [a]\nhttp: [{route: [{destination: {host: a}}], fault: {abort: {grpcStatus: BAD}}}]", .badValue,
            "status of gRPC"
        ),
        // DestinationRule
        (.destinationRule, "host: a\nsubsets: [{name: a}, {name: a}]", .duplicateValue, "subset"),
        (
            .destinationRule,
            "host: a\ntrafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}}",
            .contradiction, "useClientProtocol"
        ),
        (
            .destinationRule, "host: a\ntrafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 1}}",
            .contradiction, "needs splitExternal"
        ),
        (
            .destinationRule,
            "host: a\ntrafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 65536}}}}",
            .badValue, "prime"
        ),
        (
            .destinationRule,
            "host: a\ntrafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 50}}]}}}",
            .contradiction, "must make 100"
        ),
        (
            .destinationRule,
            "host: a\ntrafficPolicy: {portLevelSettings: [{port: {number: 1}, tls: {mode: SIMPLE}}, "
                + "{port: {number: 1}, tls: {mode: SIMPLE}}]}", .duplicateValue, "port"
        ),
        // Telemetry
        (
            .telemetry, "metrics: [{overrides: [{tagOverrides: {a: {operation: UPSERT}}}]}]", .contradiction,
            "UPSERT needs a value"
        ),
        // Mesh kinds
        (.meshConfig, "trustDomainAliases: [a, a]", .duplicateValue, "trust domain"),
        (
            .meshConfig,
            "visibilityRules: [{namespaceSelector: {matchExpressions: [{key: a, operator: In}]}, visibility: NONE}]",
            .contradiction, "operator In needs values"
        ),
        (
            .ecsAccount,
            "account: '111122223333'\nregions: [eu-west-1]\nrole: arn:aws:iam::444455556666:role/a", .contradiction,
            "role of account 444455556666"
        ),
        (
            .rateLimitPolicy,
            "targetRefs: [{kind: Service, name: a}]\nlimits: [{requests: 1, window: 100ms}]", .outOfRange, "from 1s"
        ),
        (
            .rateLimitPolicy,
            "targetRefs: [{kind: Service, name: a}]\nlimits: [{requests: 1, window: 1s, key: [host]}]", .badValue,
            "must be principal"
        ),
        (
            .healthCheckPolicy,
            "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: a}]\ntcp: {}", .contradiction,
            "must be a Service"
        ),
        (
            .healthCheckPolicy, "targetRefs: [{kind: Service, name: a}]\ntcp: {}\ninterval: 1s\ntimeout: 2s",
            .contradiction, "longer than interval"
        ),
        (
            .destinationRule, "host: a\ntrafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /c.pem}}",
            .contradiction, "needs privateKey"
        ),
        (
            .destinationRule,
            "host: a\ntrafficPolicy: {tls: {mode: SIMPLE, insecureSkipVerify: true, caCertificates: /c.pem}}",
            .contradiction, "nobody is checked"
        ),
        (
            .backendTLSPolicy,
            "targetRefs: [{kind: ServiceEntry, name: a}]\nvalidation: {hostname: a, wellKnownCACertificates: System}",
            .contradiction, "must be networking.istio.io"
        ),
        (
            .backendTLSPolicy,
            """
            targetRefs: [{kind: Service, name: a}]
            validation: {hostname: a, wellKnownCACertificates: System, subjectAltNames: [{type: URI, hostname: a}]}
            """, .contradiction, "type needs uri"
        ),
        (.caBundle, "pem: none", .badValue, "no certificate"),
        (
            .payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: [{json: {pointer: a, exists: true}}]",
            .badValue, "JSON Pointer"
        ),
        (
            .payloadPolicy,
            "targetRefs: [{kind: Service, name: a}]\ninspect: {maxBytes: 2Mi}\nrules: [{json: {pointer: /a, exists: true}}]",
            .outOfRange, "more than 1Mi"
        ),
        (
            .payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: [{size: {greaterThan: 16Ki}}]",
            .contradiction, "less than inspect.maxBytes"
        ),
        (
            .payloadPolicy,
            "targetRefs: [{kind: Service, name: a}]\ninspect: {maxBytes: 1Ki}\nrules: [{size: {lessThan: 2Ki}}]",
            .contradiction, "from 1 to inspect.maxBytes"
        ),
        (
            .payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: [{size: {lessThan: '0'}}]",
            .contradiction, "from 1 to"
        ),
        (
            .payloadPolicy,
            "targetRefs: [{kind: Service, name: a}]\nrules: [{size: {greaterThan: '9', lessThan: '10'}}]",
            .contradiction, "leaves no size"
        ),
        (
            .payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: [{contentType: {in: [json]}}]",
            .badValue, "application/json"
        ),
        (
            .payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: [{contentType: {notIn: [a/*b*]}}]",
            .badValue, "application/json"
        ),
        (
            .payloadPolicy,
            "targetRefs: [{kind: Service, name: a}]\nmatch: {contentTypes: [te*/x]}\nrules: [{pattern: a}]",
            .badValue, "application/json"
        ),
        (
            .payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: [{pattern: '('}]",
            .badValue, "pattern"
        ),
    ]

    @Test(arguments: errors.indices)
    func refuses(_ index: Int) {
        let (kind, spec, code, reason) = Self.errors[index]
        let file = ConfigurationReader().read(Documents.document(kind, spec: spec), path: "a.yaml")
        let faults = file.allDiagnostics.filter { $0.severity == .error }
        #expect(faults.contains { $0.code == code && $0.reason.contains(reason) }, "\(faults)")
        #expect(faults.allSatisfy { $0.column != nil })
        #expect(file.resources.isEmpty)
    }

    static let warnings: [(ResourceKind, String, ConfigurationCode, String)] = [
        (.authorizationPolicy, "selector: {}\nrules: [{}]", .noEffect, "selects every workload"),
        (.authorizationPolicy, "action: AUDIT\nrules: [{}]", .noEffect, "AUDIT has no effect"),
        (.authorizationPolicy, "rules: [{to: [{operation: {methods: [GET]}}]}]", .notAtL4, "less is allowed"),
        (.peerAuthentication, "mtls: {mode: DISABLE}", .noEffect, "PERMISSIVE"),
        (.requestAuthentication, "jwtRules: [{issuer: a}]", .noEffect, "has no targetRefs"),
        (
            .requestAuthentication,
            "targetRefs: [{kind: Service, name: a}]\n"
                + "jwtRules: [{issuer: a, jwks: '{\"keys\": [{\"kty\": \"oct\", \"k\": \"a\"}]}'}]",
            .keyMaterial, "symmetric key material"
        ),
        (.serviceEntry, "hosts: ['*.b']\nresolution: STATIC", .noEffect, "needs resolution DYNAMIC_DNS"),
        (.workloadEntry, "network: a", .noEffect, "has no address"),
        (
            .virtualService, "hosts: [a]\nhttp: [{redirect: {uri: /}}, {redirect: {uri: /b}}]", .noEffect,
            "never reached"
        ),
        (.virtualService, "hosts: [a]\ngateways: [a/b]\nhttp: [{redirect: {uri: /}}]", .noEffect, "only `mesh`"),
        (.destinationRule, "host: a\ntrafficPolicy: {tls: {mode: DISABLE, sni: a}}", .noEffect, "sni has no effect"),
        (
            .httpRoute, "parentRefs: [{group: '', kind: Service, name: a}]\nhostnames: [a]", .noEffect, "has no effect"
        ),
        (.telemetry, "tracing: [{}, {}]", .noEffect, "only the first"),
    ]

    @Test(arguments: warnings.indices)
    func warns(_ index: Int) {
        let (kind, spec, code, reason) = Self.warnings[index]
        let file = ConfigurationReader().read(Documents.document(kind, spec: spec), path: "a.yaml")
        let faults = file.allDiagnostics
        #expect(
            faults.contains { $0.severity == .warning && $0.code == code && $0.reason.contains(reason) },
            "\(faults)"
        )
        #expect(file.resources.count == 1, "\(faults)")
    }

    @Test func theDryRunAnnotationIsForAuthorizationPolicies() {
        let metadata = "annotations: {istio.io/dry-run: 'true'}"
        let policy = Documents.document(.authorizationPolicy, spec: "", metadata: metadata)
        #expect(ConfigurationReader().read(policy, path: "a").allDiagnostics.isEmpty)
        let other = Documents.document(.peerAuthentication, spec: "mtls: {}", metadata: metadata)
        #expect(ConfigurationReader().read(other, path: "a").allDiagnostics.map(\.code) == [.badMetadata])
        let odd = Documents.document(.authorizationPolicy, spec: "", metadata: "annotations: {istio.io/dry-run: maybe}")
        #expect(ConfigurationReader().read(odd, path: "a").allDiagnostics.map(\.code) == [.badMetadata])
    }

    @Test func linesAndColumnsArePrecise() throws {
        let text = Documents.document(
            .authorizationPolicy,
            spec: "action: ALLOW\nrules:\n  - from:\n      - source:\n          trustDomains: [a]"
        )
        let fault = try #require(
            ConfigurationReader().read("---\n# one\n---\n" + text, path: "a.yaml").allDiagnostics.first
        )
        #expect(fault.place == .file("a.yaml", line: 13))
        #expect(fault.column == 27)
        #expect(fault.field == "spec.rules[0].from[0].source.trustDomains")
    }
}
