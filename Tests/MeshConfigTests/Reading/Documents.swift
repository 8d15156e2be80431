import MeshConfig

/// Good documents, one a kind and more: what the tests of schemas, rules and sets start from.
enum Documents {
    /// Kind, apiVersion and a `spec` in YAML, indented by nothing.
    static let good: [(kind: ResourceKind, spec: String)] = [
        (.namespace, ""),
        (
            .gateway,
            """
            gatewayClassName: istio-waypoint
            listeners:
              - {name: mesh, port: 15008, protocol: HBONE, allowedRoutes: {namespaces: {from: All}}}
            addresses: [{value: 10.0.0.1}, {type: Hostname, value: waypoint.example.com}]
            infrastructure: {labels: {a: b}, annotations: {example.com/a: b}}
            """
        ),
        (
            .gateway,
            """
            gatewayClassName: istio-east-west
            listeners:
              - name: mesh
                port: 15008
                protocol: HBONE
                tls: {mode: Terminate, options: {gateway.istio.io/tls-terminate-mode: ISTIO_MUTUAL}}
            """
        ),
        (
            .httpRoute,
            """
            parentRefs: [{group: "", kind: Service, name: reviews, port: 9080}]
            rules:
              - name: one
                matches:
                  - path: {type: PathPrefix, value: /v2}
                    headers: [{name: X-User, value: a}, {type: RegularExpression, name: x-b, value: "a.*"}]
                    queryParams: [{name: q, value: "1"}]
                    method: GET
                filters:
                  - type: RequestHeaderModifier
                    requestHeaderModifier: {set: [{name: a, value: b}], add: [{name: c, value: d}], remove: [e]}
                  - type: URLRewrite
                    urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}
                  - type: RequestMirror
                    requestMirror: {backendRef: {name: shadow, port: 80}, percent: 10}
                  - type: CORS
                    cors: {allowOrigins: ["https://*.example.com"], allowMethods: [GET, POST]}
                backendRefs:
                  - {name: reviews-v1, port: 9080, weight: 90}
                  - {name: reviews-v2, port: 9080, weight: 10}
                timeouts: {request: 10s, backendRequest: 500ms}
                retry: {codes: [503], attempts: 3, backoff: 10ms}
            """
        ),
        (
            .grpcRoute,
            """
            parentRefs: [{group: "", kind: Service, name: greeter}]
            rules:
              - matches: [{method: {service: hello.Greeter, method: Say}, headers: [{name: a, value: b}]}]
                backendRefs: [{name: greeter, port: 9000}]
            """
        ),
        (
            .tcpRoute,
            """
            parentRefs: [{group: "", kind: Service, name: db}]
            rules: [{backendRefs: [{name: db-v1, port: 5432, weight: 3}, {name: db-v2, port: 5432}]}]
            """
        ),
        (
            .tlsRoute,
            """
            parentRefs: [{group: networking.istio.io, kind: ServiceEntry, name: api}]
            rules: [{backendRefs: [{group: networking.istio.io, kind: Hostname, name: api.example.com, port: 443}]}]
            """
        ),
        (
            .referenceGrant,
            """
            from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
            to: [{group: "", kind: Service, name: db}]
            """
        ),
        (
            .virtualService,
            """
            hosts: [reviews.shop.mesh.internal]
            http:
              - name: canary
                match:
                  - uri: {prefix: /api}
                    headers: {end-user: {exact: jason}, ":method": {exact: GET}}
                    queryParams: {q: {regex: "[0-9]+"}}
                route:
                  - {destination: {host: reviews, subset: v2, port: {number: 9080}}, weight: 10}
                  - destination: {host: reviews, subset: v1}
                    weight: 90
                    headers: {request: {set: {":authority": reviews}, remove: [x-a]}}
                timeout: 1.5s
                retries: {attempts: 2, perTryTimeout: 500ms, retryOn: "5xx, 429,reset"}
                fault:
                  delay: {percentage: {value: 0.5}, fixedDelay: 5s}
                  abort: {percentage: {value: 1}, httpStatus: 500}
                mirrors: [{destination: {host: shadow}, percentage: {value: 50}}]
                corsPolicy: {allowOrigins: [{exact: "https://a"}], maxAge: 24h}
              - redirect: {uri: /new, redirectCode: 308}
                match: [{uri: {exact: /old}}]
              - directResponse: {status: 404, body: {string: gone}}
            tcp: [{match: [{port: 5432}], route: [{destination: {host: db}}]}]
            """
        ),
        (
            .destinationRule,
            """
            host: reviews.shop.mesh.internal
            trafficPolicy:
              loadBalancer: {consistentHash: {httpCookie: {name: a, ttl: 0s}, maglev: {tableSize: 65537}}}
              connectionPool: {tcp: {maxConnections: 100, connectTimeout: 1s}, http: {http2MaxRequests: 1000}}
              outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
              tls: {mode: SIMPLE, sni: reviews.example.com}
              portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}]
            subsets:
              - {name: v1, labels: {version: v1}}
              - {name: v2, labels: {version: v2}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
            exportTo: ["."]
            """
        ),
        (
            .serviceEntry,
            """
            hosts: [api.example.com]
            addresses: [240.240.1.1]
            ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}]
            location: MESH_EXTERNAL
            resolution: STATIC
            endpoints: [{address: 192.0.2.1, ports: {tls: 9443}, locality: eu/a, weight: 2, labels: {app: api}}]
            subjectAltNames: ["spiffe://mesh/ns/a/sa/b"]
            exportTo: ["*"]
            """
        ),
        (
            .serviceEntry,
            "hosts: [\"*.example.com\"]\nresolution: DYNAMIC_DNS\nports: [{number: 443, name: a, protocol: TLS}]"
        ),
        (.serviceEntry, "hosts: [a.example.com]\nresolution: DNS\nports: [{number: 80, name: http, protocol: http}]"),
        (
            .workloadEntry,
            "address: 192.0.2.10\nports: {http: 8080}\nlabels: {app: vm}\nnetwork: vpc-1\nlocality: eu/a/b\nweight: 3\n"
                + "serviceAccount: vm"
        ),
        (
            .authorizationPolicy,
            """
            selector: {matchLabels: {app: api}}
            action: ALLOW
            rules:
              - from:
                  - source: {principals: [cluster.local/ns/shop/sa/web, "*"], notNamespaces: [bad]}
                  - source: {ipBlocks: [10.0.0.0/8, "::1"]}
                to: [{operation: {ports: ["80", "443"], notPorts: ["22"]}}]
                when: [{key: source.ip, values: [10.0.0.0/8], notValues: [10.0.0.1]}]
            """
        ),
        (
            .authorizationPolicy,
            """
            targetRefs: [{kind: Service, name: api}]
            action: DENY
            rules:
              - to: [{operation: {paths: ["/admin/{*}/x", "/a/*"], methods: [GET]}}]
                when: [{key: "request.headers[x-a]", values: [b]}]
            """
        ),
        (.authorizationPolicy, ""),
        (
            .peerAuthentication,
            "selector: {matchLabels: {app: a}}\nmtls: {mode: STRICT}\n"
                + "portLevelMtls: {8080: {mode: PERMISSIVE}, \"81\": {}}"
        ),
        (
            .requestAuthentication,
            """
            targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: waypoint}]
            jwtRules:
              - issuer: https://issuer.example.com
                audiences: [api]
                jwksUri: https://issuer.example.com/keys
                fromHeaders: [{name: x-jwt, prefix: "Bearer "}]
                outputClaimToHeaders: [{header: x-sub, claim: sub}]
                timeout: 5s
              - issuer: b
                jwks: '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1"}]}'
            """
        ),
        (
            .telemetry,
            """
            targetRefs: [{kind: Service, group: core, name: api}]
            metrics:
              - overrides:
                  - match: {metric: REQUEST_COUNT, mode: SERVER}
                    tagOverrides: {custom: {value: "'test'"}, source_principal: {operation: REMOVE}}
            tracing: [{randomSamplingPercentage: 1.5, customTags: {a: {literal: {value: b}}}}]
            accessLogging: [{filter: {expression: "response.code >= 400"}}]
            """
        ),
        (
            .meshConfig,
            """
            rootNamespace: mesh-root
            trustDomainAliases: [old.example]
            defaultVisibility: NAMESPACE
            visibilityRules:
              - namespaceSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}
                visibility: PUBLIC
            unreadyWaypoint: bypass
            allowsWaypoints: true
            """
        ),
        (
            .ecsAccount,
            """
            account: "111122223333"
            role: arn:aws:iam::111122223333:role/tulle/discovery
            externalID: secret
            regions: [eu-west-1]
            domain: a.mesh.internal
            network: eu
            clusters: {names: [prod], tags: {team: shop}}
            namespaces: [shop, shop-*]
            eventQueues: {eu-west-1: "https://sqs.eu-west-1.amazonaws.com/111122223333/tulle"}
            """
        ),
        (
            .serviceAccountBinding,
            "role: arn:aws:iam::111122223333:role/path/echo\nnamespace: shop\nserviceAccount: echo"
        ),
        (
            .payloadPolicy,
            """
            targetRefs: [{kind: Service, name: api}]
            match: {methods: [POST], paths: [/transfer], contentTypes: [application/json]}
            inspect: {maxBytes: 64Ki, maxDepth: 16}
            rules:
              - {name: large, json: {pointer: /transfer/amount, greaterThan: 10000}}
              - form: {field: user, in: [a, 1, true]}
              - {size: {greaterThan: 1Ki, lessThan: 64Ki}, contentType: {notIn: [text/*]}, pattern: '[0-9]{16}'}
              - {contentType: {in: [application/*+json, '*/xml']}}
            deny: {status: 403, body: no}
            """
        ),
        (
            .backendTrafficPolicy,
            """
            targetRefs: [{group: "", kind: Service, name: api}]
            retryConstraint:
              budget: {percent: 30, interval: 5s}
              minRetryRate: {count: 3, interval: 1s}
            """
        ),
        (
            .rateLimitPolicy,
            """
            targetRefs: [{kind: Service, name: api}]
            limits:
              - name: each-client
                match: {path: {value: /api}, method: POST, headers: [{name: x-tier, value: free}]}
                requests: 100
                window: 1m
                burst: 20
                key: [principal, 'header:x-user', 'claim:sub']
            """
        ),
        (
            .healthCheckPolicy,
            """
            targetRefs: [{kind: Service, name: api}]
            port: 80
            http: {path: /healthz, host: api.example.com, expectedStatuses: [200, 204]}
            interval: 5s
            timeout: 500ms
            unhealthyThreshold: 2
            """
        ),
        (
            .backendTLSPolicy,
            """
            targetRefs: [{kind: Service, name: api, sectionName: "443"}]
            validation:
              caCertificateRefs: [{group: tulle.mesh, kind: CABundle, name: partners}]
              hostname: api.example.com
              subjectAltNames: [{type: Hostname, hostname: a.example.com}, {type: URI, uri: 'spiffe://other/x'}]
            """
        ),
        (.caBundle, "pem: |\n  -----BEGIN CERTIFICATE-----\n  AAAA\n  -----END CERTIFICATE-----"),
    ]

    /// A document of a kind.
    static func document(
        _ kind: ResourceKind,
        spec: String,
        name: String? = nil,
        metadata: String = ""
    ) -> String {
        let name = name ?? (kind == .meshConfig ? "default" : "example")
        var text = "apiVersion: \(kind.apiVersions[0])\nkind: \(kind.rawValue)\nmetadata:\n  name: \(name)\n"
        for line in metadata.split(separator: "\n") { text += "  \(line)\n" }
        guard !spec.isEmpty else { return text }
        text += "spec:\n"
        for line in spec.split(separator: "\n", omittingEmptySubsequences: false) { text += "  \(line)\n" }
        return text
    }
}
