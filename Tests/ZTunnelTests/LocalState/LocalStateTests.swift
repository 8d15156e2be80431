import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

@Suite("Local state: reading")
struct LocalStateTests {
    private func read(_ text: String) throws(LocalStateError) -> LocalState { try LocalState(yaml: Array(text.utf8)) }

    /// What Istio's example for one machine describes: two workloads behind two services, one of another network.
    private let example = """
        workloads:
        - uid: cluster1//v1/Pod/default/local
          name: local
          namespace: default
          serviceAccount: default
          workloadIps: ["127.0.0.1"]
          protocol: HBONE
          node: local
          network: ""
          services: {"default/example.com": {80: 8080}, "default/example2.com": {80: 8080}}
        - uid: cluster1//v1/Pod/default/local-tcp
          name: local-tcp
          namespace: default
          workloadIps: ["127.0.0.2"]
          protocol: TCP
          services: {"default/example.com": {80: 8080}}
        policies:
        - action: Allow
          rules:
          - - - notDestinationPorts: [9999]
          name: deny-9999
          namespace: default
          scope: Namespace
        services:
        - name: local
          namespace: default
          hostname: example.com
          vips: [/127.10.0.1]
          ports: {80: 8080}
          subjectAltNames: ["spiffe://cluster.local/ns/default/sa/local"]
        - name: remote
          namespace: default
          hostname: example2.com
          vips: [remote/127.10.0.2]
          ports: {80: 8080}
        """

    @Test("Istio's example reads as it is meant")
    func example1() throws {
        let state = try self.read(self.example)
        let local = try #require(state.workloads["cluster1//v1/Pod/default/local"])
        #expect(local.tunnel == .hbone)
        #expect(local.identity.uri == "spiffe://cluster.local/ns/default/sa/default")
        #expect(local.addresses == [IPAddress(v4: 0x7f00_0001)])
        let key = NamespacedHostname(namespace: "default", hostname: "example2.com")
        #expect(local.services[key] == [ServicePort(port: 80, targetPort: 8_080)])
        #expect(state.workloads["cluster1//v1/Pod/default/local-tcp"]?.tunnel == Workload.Tunnel.none)
        #expect(state.services[key]?.vips == [NetworkAddress(network: "remote", ip: IPAddress(v4: 0x7f0a_0002))])
        #expect(
            state.policies["default/deny-9999"]?.rules.first?.clauses.first?.matches.first?.notDestinationPorts == [
                9_999
            ]
        )
        #expect(state.policies["default/deny-9999"]?.isDryRun == false)
    }

    @Test("every field of a workload is read")
    func workload() throws {
        let state = try self.read(
            """
            workloads:
            - namespace: ns
              name: w
              trustDomain: td
              serviceAccount: sa
              workloadIps: [10.0.0.1, "2001:db8::1"]
              protocol: HBONE
              networkMode: HostNetwork
              node: n1
              network: net
              hostname: w.example
              waypoint: {destination: net/10.0.0.9, hboneMtlsPort: 15008}
              networkGateway: {destination: ns/gw.example, hboneMtlsPort: 15009}
              applicationTunnel: {protocol: PROXY, port: 15088}
              nativeTunnel: true
              workloadName: wn
              workloadType: cronjob
              canonicalName: cn
              canonicalRevision: 2
              authorizationPolicies: [ns/p]
              status: Unhealthy
              clusterId: c
              locality: {region: r, zone: z, subzone: s}
              capacity: 7
            """
        )
        let workload = try #require(state.workloads["c//Pod/ns/w"])
        #expect(workload.identity.uri == "spiffe://td/ns/ns/sa/sa")
        #expect(workload.addresses.count == 2)
        #expect(workload.usesHostNetwork && workload.hasNativeTunnel && !workload.isHealthy)
        #expect(workload.waypoint?.description == "net/10.0.0.9:15008")
        #expect(workload.networkGateway?.description == "ns/gw.example:15009")
        #expect(workload.applicationTunnel == .init(usesProxyProtocol: true, port: 15_088))
        #expect(workload.kind == .cronjob && workload.canonicalRevision == "2" && workload.capacity == 7)
        #expect(workload.authorizationPolicies == ["ns/p"] && workload.locality.description == "r/z/s")
        #expect(workload.hostname == "w.example" && workload.node == "n1" && workload.network == "net")
    }

    @Test("every field of a service is read")
    func service() throws {
        let state = try self.read(
            """
            services:
            - name: s
              namespace: ns
              hostname: s.example
              cidrVips: [{network: net, cidr: 10.1.0.0/16}]
              waypoint: {destination: /10.0.0.9, hboneMtlsPort: 15008}
              weightedWaypoints: [{destination: {destination: ns/gw, hboneMtlsPort: 15008}, weight: 3}]
              loadBalancer: {routingPreferences: [Region, Zone], mode: Failover, healthPolicy: AllowAll}
              ipFamilies: IPv4
              canonical: true
              visibility: Namespace
            """
        )
        let service = try #require(state.services.values.first)
        #expect(service.ranges.map(\.description) == ["net/10.1.0.0/16"])
        #expect(service.weightedWaypoints.map(\.weight) == [3])
        #expect(service.loadBalancing.mode == .failover && service.loadBalancing.allowsUnhealthy)
        #expect(service.loadBalancing.preference == [.region, .zone])
        #expect(service.families == .v4Only && service.isCanonical && service.visibility == .ownNamespace)
    }

    @Test("a policy's texts are given as mappings or by tags")
    func policy() throws {
        let state = try self.read(
            """
            policies:
            - name: p
              namespace: ns
              scope: WorkloadSelector
              action: Deny
              dryRun: true
              rules:
              - - - principals: [{Exact: a}, {Prefix: b}]
                    notPrincipals: [!Suffix c, !Presence []]
                    namespaces: [Presence: ]
                    serviceAccounts: [{namespace: ns, serviceAccount: sa}]
                    sourceIps: [10.0.0.0/8, "2001:db8::1"]
            """
        )
        let policy = try #require(state.policies["ns/p"])
        #expect(policy.scope == .workload && policy.action == .deny && policy.isDryRun)
        let match = try #require(policy.rules.first?.clauses.first?.matches.first)
        #expect(match.principals == [.exact("a"), .prefix("b")])
        #expect(match.notPrincipals == [.suffix("c"), .presence])
        #expect(match.namespaces == [.presence])
        #expect(match.serviceAccounts == [.init(namespace: "ns", name: "sa")])
        #expect(match.sourceIPs.map(\.prefixLength) == [8, 128])
    }

    @Test(
        "what can't be used is refused with line, path, value and what is allowed",
        arguments: [
            ("workload: []", "line 1, column 1: field workload is unknown; known: workloads, services, policies"),
            ("workloads: [{name: a}]", "line 1, column 13: workloads[0]: field namespace is missing"),
            (
                "workloads: [{namespace: n, name: a, workloadIps: [1.2.3]}]",
                "line 1, column 51: workloads[0].workloadIps[0]: \"1.2.3\" is not valid; allowed: an IP address"
            ),
            (
                "workloads: [{namespace: n, name: a, workloadIps: [], protocol: hbone}]",
                "line 1, column 64: workloads[0].protocol: \"hbone\" is not valid; allowed: HBONE, TCP"
            ),
            (
                "workloads: [{namespace: n, name: a, workloadIps: [], services: {x: {80: 80}}}]",
                "line 1, column 65: workloads[0].services[x]: \"x\" is not valid; allowed: keys are namespace/hostname"
            ),
            (
                "workloads: [{namespace: n, name: a, workloadIps: []}, {namespace: n, name: a, workloadIps: []}]",
                "line 1, column 55: workloads[1]: a second workload has the uid Kubernetes//Pod/n/a"
            ),
            (
                "services: [{name: s, namespace: n, hostname: h, vips: [10.0.0.1]}]",
                "line 1, column 56: services[0].vips[0]: \"10.0.0.1\" is not valid; allowed: network/IP"
            ),
            (
                "services: [{name: s, namespace: n, hostname: h, ports: {80: 70000}}]",
                "line 1, column 61: services[0].ports[80]: \"70000\" is not valid"
            ),
            (
                "services: [{name: s, namespace: n, hostname: h, endpoints: {a: {}}}]",
                "line 1, column 60: services[0].endpoints: write an endpoint's ports"
            ),
            (
                "policies: [{name: p, namespace: n, scope: Mesh, action: Allow, rules: []}]",
                "line 1, column 43: policies[0].scope: \"Mesh\" is not valid; allowed: Global, Namespace"
            ),
            (
                "policies: [{name: p, namespace: n, scope: Global, action: Allow, rules: [[[{principals: [a]}]]]}]",
                "line 1, column 90: policies[0].rules[0][0][0].principals[0]: \"a\" is not valid; allowed: a mapping"
            ),
            (
                "policies: [{name: p, namespace: n, scope: Global, action: Allow, rules: [[[{ports: [1]}]]]}]",
                "line 1, column 77: policies[0].rules[0][0][0]: field ports is unknown"
            ),
        ]
    )
    func refusals(_ text: String, _ beginning: String) {
        let error = #expect(throws: LocalStateError.self) { try self.read(text) }
        #expect(error?.description.hasPrefix(beginning) == true, "\(error?.description ?? "")")
    }

    @Test("a change is what differs, and no more")
    func change() throws {
        let before = try self.read(self.example)
        #expect(before.change(from: before).isEmpty)
        var text = self.example.replacing("notDestinationPorts: [9999]", with: "notDestinationPorts: [9998]")
        text = text.replacing("name: remote", with: "name: other")
        let after = try self.read(text)
        let change = after.change(from: before)
        #expect(change.workloads.isEmpty && change.removedAddresses.isEmpty && change.removedPolicies.isEmpty)
        #expect(change.services.map(\.name) == ["other"])
        #expect(change.policies.map(\.key) == ["default/deny-9999"])
        let gone = LocalState().change(from: before)
        #expect(gone.removedAddresses.count == 4 && gone.removedPolicies == ["default/deny-9999"])
        #expect(MeshSnapshot(before.change(from: LocalState())).applying(gone).workloadCount == 0)
    }
}
