import MeshConfig
import MeshProtos
import Testing

@testable import MeshCompile

@Suite("The set of all policies")
struct PolicySetTests {
    private typealias D = Declare

    private static let strict = "\(Declare.root)/istio_converted_static_strict"

    private func put(_ resource: DeclaredResource, _ set: inout PolicySet) -> PolicySet.Change {
        switch resource.spec {
        case .authorizationPolicy(let policy): set.replace(resource.metadata, with: policy).change
        case .peerAuthentication(let peer): set.replace(resource.metadata, with: peer)
        default: PolicySet.Change()
        }
    }

    private func set(_ resources: [DeclaredResource]) -> PolicySet {
        var set = PolicySet(rootNamespace: D.root)
        for resource in resources { _ = self.put(resource, &set) }
        return set
    }

    @Test("55: workloads list what selects them, of their namespace and the root, sorted")
    func lists() {
        let set = self.set([
            D.policy(.allow, [], selector: ["app": "echo"], name: "z"),
            D.policy(.allow, [], selector: ["app": "echo"], in: D.root, name: "b"),
            D.policy(.allow, [], selector: ["app": "other"], name: "o"),
            D.policy(.allow, [], selector: ["app": "echo"], in: "attic", name: "attic"),
            D.policy(.audit, [], selector: ["app": "echo"], name: "audit"),
            D.policy(.allow, [], name: "all-of-the-namespace"),
            D.policy(.allow, [], in: D.root, name: "all-of-the-mesh"),
        ])
        #expect(set.listed(namespace: "shop", labels: ["app": "echo"]) == ["shop/z", "\(D.root)/b"])
        #expect(set.listed(namespace: "shop", labels: [:]) == [])
        #expect(set.policies.count == 6)
    }

    @Test("57: the static strict policy comes with the first PeerAuthentication and goes with the last")
    func staticStrict() throws {
        var set = self.set([])
        #expect(set.policies.isEmpty)
        let first = D.peer(.permissive)
        #expect(self.put(first, &set).changed.map(\.name) == [PeerModes.strictName])
        let policy = try #require(set.policies[Self.strict])
        #expect(policy.namespace == D.root)
        #expect(policy.scope == .workloadSelector)
        #expect(policy.action == .deny)
        let presence = IstioSecurity.StringMatch.with { $0.kind = .presence }
        #expect(policy.rules.map { $0.clauses.map(\.matches) } == [[[.with { $0.notPrincipals = [presence] }]]])
        let second = D.peer(.strict, in: "attic")
        #expect(self.put(second, &set).changed.isEmpty)
        #expect(set.replace(first.metadata, with: nil as Declared.PeerAuthentication?).removed.isEmpty)
        #expect(set.replace(second.metadata, with: nil as Declared.PeerAuthentication?).removed == [Self.strict])
        #expect(set.policies.isEmpty)
    }

    @Test("56: a policy for single ports has a rule a strict port, and one for all but the others")
    func convertedPorts() throws {
        let set = self.set([
            D.peer(.strict, selector: ["a": "b"], ports: [1: .strict, 3: .permissive, 2: .disable], name: "own")
        ])
        let policy = try #require(set.policies["shop/converted_peer_authentication_own"])
        let plain = IstioSecurity.StringMatch.with { $0.kind = .presence }
        #expect(
            policy.rules.map { $0.clauses.map(\.matches) } == [
                [
                    [
                        .with {
                            $0.notPrincipals = [plain]
                            $0.destinationPorts = [1]
                        }
                    ]
                ],
                [
                    [.with { $0.notDestinationPorts = [2] }], [.with { $0.notDestinationPorts = [3] }],
                    [.with { $0.notPrincipals = [plain] }],
                ],
            ]
        )
        #expect(set.listed(namespace: "shop", labels: ["a": "b"]) == ["shop/converted_peer_authentication_own"])
    }

    @Test("56: a change of the namespace's mode changes the policies for single ports")
    func namespaceChange() {
        var set = self.set([D.peer(.unset, selector: ["a": "b"], ports: [1: .permissive], name: "own")])
        let key = "shop/converted_peer_authentication_own"
        #expect(set.policies[key] == nil)
        #expect(set.listed(namespace: "shop", labels: ["a": "b"]).isEmpty)
        let change = self.put(D.peer(.strict), &set)
        #expect(change.changed.map(\.name) == ["converted_peer_authentication_own"])
        #expect(change.scopes == [WorkloadScope(namespace: "shop")])
        #expect(set.listed(namespace: "shop", labels: ["a": "b"]) == [key])
        #expect(set.listed(namespace: "shop", labels: [:]) == [Self.strict])
        let mesh = self.put(D.peer(.strict, in: D.root), &set)
        #expect(mesh.changed.isEmpty)
        #expect(mesh.scopes == [WorkloadScope(namespace: nil)])
        #expect(self.put(D.peer(.permissive), &set).removed == [key])
    }

    @Test("a change says which workloads it may concern")
    func scopes() {
        var set = self.set([])
        let first = D.policy(.allow, [], selector: ["app": "echo"])
        #expect(self.put(first, &set).scopes == [WorkloadScope(namespace: "shop", labels: ["app": "echo"])])
        let edited = D.policy(.deny, [], selector: ["app": "echo"])
        #expect(self.put(edited, &set).scopes.isEmpty, "lists stay as they are")
        let moved = D.policy(.deny, [], selector: ["app": "other"])
        #expect(self.put(moved, &set).scopes.count == 2)
        let gone = set.replace(moved.metadata, with: nil as Declared.AuthorizationPolicy?).change
        #expect(gone.scopes == [WorkloadScope(namespace: "shop", labels: ["app": "other"])])
        #expect(gone.removed == ["shop/p"])
        #expect(self.put(D.policy(.allow, []), &set).scopes.isEmpty)
        let root = D.policy(.allow, [], selector: ["app": "echo"], in: D.root)
        #expect(self.put(root, &set).scopes == [WorkloadScope(namespace: nil, labels: ["app": "echo"])])
    }

    @Test("what is declared again is no change")
    func noChange() {
        let policy = D.policy(.allow, [.init()], selector: ["a": "b"])
        let peer = D.peer(.strict, selector: ["a": "b"], ports: [1: .permissive])
        var set = self.set([policy, peer])
        #expect(self.put(policy, &set).changed.isEmpty)
        #expect(self.put(peer, &set).changed.isEmpty)
    }
}
