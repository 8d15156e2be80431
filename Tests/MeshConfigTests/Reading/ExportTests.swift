import MeshConfig
import Testing

/// Documents as people have them: from the APIs' guides, and as a cluster gives them back.
@Suite struct ExportTests {
    private func read(_ text: String) -> ReadFile { ConfigurationReader().read(text, path: "a.yaml") }

    @Test func whatAClusterAddsIsTaken() throws {
        let text = """
            apiVersion: v1
            items:
            - apiVersion: gateway.networking.k8s.io/v1
              kind: Gateway
              metadata:
                annotations:
                  kubectl.kubernetes.io/last-applied-configuration: |
                    {"apiVersion":"\(String(repeating: "x", count: 20_000))"}
                creationTimestamp: "2026-01-31T12:00:00Z"
                generation: 1
                labels:
                  istio.io/waypoint-for: service
                managedFields:
                - apiVersion: gateway.networking.k8s.io/v1
                  fieldsType: FieldsV1
                  fieldsV1: {"f:metadata": {".": {}}}
                name: waypoint
                namespace: shop
                ownerReferences: []
                resourceVersion: "123"
                uid: 7f0e
              spec:
                gatewayClassName: istio-waypoint
                listeners:
                - allowedRoutes:
                    namespaces:
                      from: Same
                  name: mesh
                  port: 15008
                  protocol: HBONE
              status:
                conditions:
                - {lastTransitionTime: "2026-01-31T12:00:00Z", message: ok, status: "True", type: Accepted}
            - apiVersion: v1
              kind: Namespace
              metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}
              spec: {finalizers: [kubernetes]}
              status: {phase: Active}
            kind: List
            metadata:
              resourceVersion: ""
            """
        let file = self.read(text)
        #expect(file.allDiagnostics.isEmpty)
        let gateway = try #require(file.resources.first)
        #expect(gateway.metadata.created == 1_769_860_800)
        #expect(gateway.metadata.labels == ["istio.io/waypoint-for": "service"])
        #expect(gateway.metadata.annotations.isEmpty)
        #expect(file.resources.map(\.key.description) == ["Gateway/shop/waypoint", "Namespace/shop"])
    }

    static let guides: [String] = [
        // Fields in the orders and spellings of the guides of Istio and the Gateway API; names are ours.
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata:
          name: catalog
        spec:
          hosts:
          - catalog
          http:
          - match:
            - headers:
                x-tier:
                  exact: gold
            fault:
              abort:
                percentage:
                  value: 12.5
                httpStatus: 503
            route:
            - destination:
                host: catalog
                subset: fast
          - route:
            - destination:
                host: catalog
                subset: slow
            timeout: 0.5s
            retries:
              attempts: 3
              perTryTimeout: 2s
              retryOn: connect-failure,refused-stream,503
        """,
        """
        apiVersion: networking.istio.io/v1beta1
        kind: DestinationRule
        metadata:
          name: catalog
        spec:
          host: catalog.shop.svc.cluster.local
          trafficPolicy:
            loadBalancer:
              simple: LEAST_REQUEST
              localityLbSetting:
                enabled: true
                failover:
                - from: eu-west-1
                  to: eu-central-1
            outlierDetection:
              consecutive5xxErrors: 7
              interval: 5m
              baseEjectionTime: 15m
          subsets:
          - name: fast
            labels:
              tier: fast
            trafficPolicy:
              connectionPool:
                tcp:
                  maxConnections: 100
                http:
                  http2MaxRequests: 1000
                  maxRequestsPerConnection: 10
        """,
        """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata:
          name: view
          namespace: shop
        spec:
          targetRefs:
          - kind: Service
            group: ""
            name: catalog
          action: ALLOW
          rules:
          - from:
            - source:
                principals:
                - cluster.local/ns/shop/sa/front
            to:
            - operation:
                methods: ["GET"]
                paths: ["/v1/*"]
            when:
            - key: request.auth.claims[iss]
              values: ["https://accounts.example.com"]
        """,
        """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata:
          name: nothing
        spec:
          {}
        """,
        """
        apiVersion: security.istio.io/v1beta1
        kind: PeerAuthentication
        metadata:
          name: default
          namespace: shop
        spec:
          selector:
            matchLabels:
              app: catalog
          mtls:
            mode: STRICT
          portLevelMtls:
            8080:
              mode: DISABLE
        """,
        """
        apiVersion: gateway.networking.k8s.io/v1beta1
        kind: HTTPRoute
        metadata:
          name: catalog
        spec:
          parentRefs:
          - group: ""
            kind: Service
            name: catalog
            port: 9080
          rules:
          - backendRefs:
            - group: ""
              kind: Service
              name: catalog-v1
              port: 9080
              weight: 90
            - name: catalog-v2
              port: 9080
              weight: 10
            matches:
            - path:
                type: PathPrefix
                value: /
        """,
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata:
          name: partner
        spec:
          hosts:
          - api.partner.example
          location: MESH_EXTERNAL
          ports:
          - number: 443
            name: https
            protocol: HTTPS
          resolution: DNS
          exportTo:
          - "."
        """,
        """
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata:
          name: mesh-default
        spec:
          accessLogging:
          - providers:
            - name: envoy
          tracing:
          - randomSamplingPercentage: 100.0
        """,
    ]

    @Test(arguments: guides.indices)
    func documentsOfTheGuidesAreTaken(_ index: Int) {
        let file = self.read(Self.guides[index])
        let errors = file.allDiagnostics.filter { $0.severity == .error }
        #expect(errors.isEmpty, "\(errors)")
        #expect(file.resources.count == 1)
    }
}
