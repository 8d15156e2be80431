import MeshConfig
import MeshModel
import MeshProtos
import Testing

@testable import MeshCompile

/// A connection to the workload of the tests, by a letter.
struct TestConnection: Sendable {
    var letter: Character
    var facts: ConnectionFacts

    private init(
        _ letter: Character,
        _ peer: (domain: String, namespace: String, account: String)?,
        from source: String = "10.0.0.5",
        to destination: String = "10.0.0.9",
        port: UInt16 = 8080
    ) throws {
        let id = try peer.map {
            try SPIFFEID(trustDomain: $0.domain, namespace: $0.namespace, serviceAccount: $0.account)
        }
        self.letter = letter
        self.facts = ConnectionFacts(
            peer: id,
            sourceIP: try #require(IPAddress(parsing: source)),
            destination: SocketAddress(ip: try #require(IPAddress(parsing: destination)), port: port)
        )
    }

    /// All that differ in something that a policy can tell.
    static func all() throws -> [TestConnection] {
        [
            try TestConnection("a", ("cluster.local", "shop", "orders")),
            try TestConnection("b", ("cluster.local", "shop", "cart")),
            try TestConnection("c", ("cluster.local", "attic", "orders")),
            try TestConnection("d", ("other.example", "shop", "orders")),
            try TestConnection("e", nil),
            try TestConnection("f", ("cluster.local", "shop", "orders"), port: 9090),
            try TestConnection("g", nil, port: 9090),
            try TestConnection("h", ("cluster.local", "shop", "orders"), from: "10.9.0.1"),
            try TestConnection(
                "i",
                ("cluster.local", "shop-two", "orders-two"),
                from: "2001:db8::7",
                to: "2001:db8::9"
            ),
        ]
    }

    /// The letters of those that `test` holds for.
    static func letters(where test: (ConnectionFacts) -> Bool) throws -> String {
        String(try Self.all().filter { test($0.facts) }.map(\.letter))
    }
}

/// Declared policies, and a workload that they may select.
struct PolicyScenario: Sendable, CustomTestStringConvertible {
    var name: String
    var resources: [DeclaredResource]
    var namespace = "shop"
    var labels = ["app": "echo", "tier": "back"]
    /// The letters of the connections that may pass, written by hand; nil where only the oracle says.
    var allowed: String?

    init(_ name: String, _ allowed: String? = nil, _ resources: [DeclaredResource]) {
        self.name = name
        self.resources = resources
        self.allowed = allowed
    }

    var testDescription: String { self.name }

    func inNamespace(_ namespace: String) -> Self {
        var copy = self
        copy.namespace = namespace
        return copy
    }

    /// Compiles the policies to bytes, reads them back, and asks the data plane's decision.
    func lettersAllowed() throws -> String {
        var set = PolicySet(rootNamespace: Declare.root)
        for resource in self.resources {
            switch resource.spec {
            case .authorizationPolicy(let policy): _ = set.replace(resource.metadata, with: policy)
            case .peerAuthentication(let peer): _ = set.replace(resource.metadata, with: peer)
            default: Issue.record("no policy: \(resource.key)")
            }
        }
        let identity = try SPIFFEID(
            trustDomain: "cluster.local",
            namespace: self.namespace,
            serviceAccount: "echo"
        )
        var workload = Workload(uid: "w", identity: identity)
        workload.authorizationPolicies = set.listed(namespace: self.namespace, labels: self.labels)
        var change = MeshChange()
        change.policies = try set.policies.values.map { try Wire.policy($0.serialized) }
        change.workloads = [workload]
        let snapshot = MeshSnapshot(change)
        return try TestConnection.letters {
            authorize($0, workload: workload, snapshot: snapshot).isAllowed
        }
    }

    func lettersExpected() throws -> String {
        let oracle = PolicyOracle(resources: self.resources, namespace: self.namespace, labels: self.labels)
        return try TestConnection.letters { oracle.allows($0) }
    }
}
