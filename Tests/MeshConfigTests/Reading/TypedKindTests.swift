import MeshConfig
import Testing

/// The kinds of L4 have types of their own; what was written must arrive there.
@Suite struct TypedKindTests {
    private func spec(_ kind: ResourceKind, _ number: Int = 0) throws -> Declared.Spec {
        let spec = Documents.good.filter { $0.kind == kind }[number].spec
        return try #require(
            ConfigurationReader().read(Documents.document(kind, spec: spec), path: "a").resources.first
        ).spec
    }

    @Test func authorizationPolicy() throws {
        guard case .authorizationPolicy(let policy) = try self.spec(.authorizationPolicy) else {
            return #expect(Bool(false))
        }
        #expect(policy.selector?.matchLabels == ["app": "api"])
        #expect(policy.action == .allow)
        let rule = try #require(policy.rules.first)
        #expect(rule.from.count == 2)
        #expect(rule.from[0].principals == ["cluster.local/ns/shop/sa/web", "*"])
        #expect(rule.from[0].notNamespaces == ["bad"])
        #expect(rule.from[1].ipBlocks == ["10.0.0.0/8", "::1"])
        #expect(rule.to.map(\.ports) == [["80", "443"]])
        #expect(rule.to.map(\.notPorts) == [["22"]])
        #expect(rule.when == [.init(key: "source.ip", values: ["10.0.0.0/8"], notValues: ["10.0.0.1"])])
        guard case .authorizationPolicy(let targeted) = try self.spec(.authorizationPolicy, 1) else {
            return #expect(Bool(false))
        }
        #expect(targeted.targetRefs == [.init(group: "", kind: "Service", name: "api")])
        #expect(targeted.action == .deny)
        guard case .authorizationPolicy(let empty) = try self.spec(.authorizationPolicy, 2) else {
            return #expect(Bool(false))
        }
        #expect(empty == Declared.AuthorizationPolicy())
    }

    @Test func peerAuthentication() throws {
        let expected = Declared.PeerAuthentication(
            selector: .init(matchLabels: ["app": "a"]),
            mode: .strict,
            portLevelModes: [8080: .permissive, 81: .unset]
        )
        #expect(try self.spec(.peerAuthentication) == .peerAuthentication(expected))
    }

    @Test func serviceEntry() throws {
        let expected = Declared.ServiceEntry(
            hosts: ["api.example.com"],
            addresses: ["240.240.1.1"],
            ports: [.init(number: 443, name: "tls", protocol: "TLS", targetPort: 8443)],
            location: .external,
            resolution: .static,
            endpoints: [
                .init(
                    address: "192.0.2.1",
                    ports: ["tls": 9443],
                    labels: ["app": "api"],
                    locality: "eu/a",
                    weight: 2
                )
            ],
            subjectAltNames: ["spiffe://mesh/ns/a/sa/b"],
            exportTo: ["*"]
        )
        #expect(try self.spec(.serviceEntry) == .serviceEntry(expected))
        guard case .serviceEntry(let lower) = try self.spec(.serviceEntry, 2) else { return #expect(Bool(false)) }
        #expect(lower.ports.map(\.protocol) == ["HTTP"])
    }

    @Test func workloadEntry() throws {
        let expected = Declared.WorkloadEntry(
            address: "192.0.2.10",
            ports: ["http": 8080],
            labels: ["app": "vm"],
            network: "vpc-1",
            locality: "eu/a/b",
            weight: 3,
            serviceAccount: "vm"
        )
        #expect(try self.spec(.workloadEntry) == .workloadEntry(expected))
    }

    @Test func gateway() throws {
        let expected = Declared.Gateway(
            gatewayClassName: "istio-waypoint",
            listeners: [.init(name: "mesh", port: 15008, protocol: "HBONE", allowedNamespaces: .all)],
            addresses: [.ip("10.0.0.1"), .hostname("waypoint.example.com")],
            infrastructureLabels: ["a": "b"],
            infrastructureAnnotations: ["example.com/a": "b"]
        )
        #expect(try self.spec(.gateway) == .gateway(expected))
        guard case .gateway(let eastWest) = try self.spec(.gateway, 1) else { return #expect(Bool(false)) }
        #expect(eastWest.listeners.map(\.tlsMode) == ["Terminate"])
        #expect(eastWest.listeners.map(\.allowedNamespaces) == [.same])
    }

    @Test func meshKinds() throws {
        let rule = Declared.MeshConfig.VisibilityRule(
            namespaceSelector: .init(matchExpressions: [.init(key: "a", operation: .isIn, values: ["b"])]),
            visibility: .public
        )
        let mesh = Declared.MeshConfig(
            rootNamespace: "mesh-root",
            trustDomainAliases: ["old.example"],
            defaultVisibility: .namespace,
            visibilityRules: [rule],
            unreadyWaypoint: .bypass,
            allowsWaypoints: true
        )
        #expect(try self.spec(.meshConfig) == .meshConfig(mesh))
        let account = Declared.ECSAccount(
            account: "111122223333",
            role: "arn:aws:iam::111122223333:role/tulle/discovery",
            externalID: "secret",
            regions: ["eu-west-1"],
            domain: "a.mesh.internal",
            network: "eu",
            clusters: .init(names: ["prod"], tags: ["team": "shop"]),
            namespaces: ["shop", "shop-*"],
            eventQueues: ["eu-west-1": "https://sqs.eu-west-1.amazonaws.com/111122223333/tulle"]
        )
        #expect(try self.spec(.ecsAccount) == .ecsAccount(account))
        let binding = Declared.ServiceAccountBinding(
            role: "arn:aws:iam::111122223333:role/path/echo",
            namespace: "shop",
            serviceAccount: "echo"
        )
        #expect(try self.spec(.serviceAccountBinding) == .serviceAccountBinding(binding))
        let bare = ConfigurationReader().read(Documents.document(.meshConfig, spec: ""), path: "a").resources.first
        #expect(bare?.spec == .meshConfig(Declared.MeshConfig()))
    }

    @Test func routesAreHeldWholeWithDefaults() throws {
        guard case .route(.httpRoute, let value) = try self.spec(.httpRoute) else { return #expect(Bool(false)) }
        guard case .list(let rules)? = value["rules"], case .list(let backends)? = rules.first?["backendRefs"] else {
            return #expect(Bool(false))
        }
        #expect(backends.first?["weight"] == .integer(90))
        #expect(backends.first?["kind"] == .string("Service"))
        guard case .list(let matches)? = rules.first?["matches"], case .list(let headers)? = matches.first?["headers"]
        else {
            return #expect(Bool(false))
        }
        #expect(headers.first?["type"] == .string("Exact"))
    }
}
