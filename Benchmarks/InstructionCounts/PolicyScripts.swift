import HTTPRouting
import MeshModel
import MeshProtos

/// Decisions alone, without the bytes around them.
enum PolicyScripts {
    private static let decisions = 200

    static func run() throws {
        try self.connections("policy.connection_1000_rules", ScriptPolicies.ruleEach)
        try self.connections("policy.connection_1000_callers", ScriptPolicies.ruleForAll)
        try self.requests("policy.request_1000_rules", [ScriptPolicies.requestsOfCallers])
        try self.routes("policy.route_1", 1)
        try self.routes("policy.route_1000", 1_000)
    }

    /// Whether a connection may come in.
    private static func connections(_ name: String, _ policy: AuthorizationPolicy) throws {
        let workload = try ScriptMesh.workload("echo", ScriptMesh.address(12))
        var change = MeshChange()
        change.workloads = [workload]
        change.policies = [policy]
        let snapshot = MeshSnapshot(change)
        let facts = MeshModel.ConnectionFacts(
            peer: try ScriptPolicies.last(),
            sourceIP: ScriptMesh.address(11),
            destination: SocketAddress(ip: ScriptMesh.address(12), port: ScriptMesh.applicationPort)
        )
        Script.count(name, self.decisions) {
            let verdict = authorize(facts, workload: workload, snapshot: snapshot)
            if !verdict.isAllowed { Script.fail("\(name): \(verdict)") }
        }
    }

    private static func view() throws -> RequestView {
        let facts = HTTPRouting.ConnectionFacts(
            peer: try ScriptPolicies.last(),
            local: try ScriptMesh.identity("waypoint"),
            source: SocketAddress(ip: ScriptMesh.address(11), port: 40_000),
            destination: SocketAddress(ip: ScriptMesh.virtualAddress(31), port: 80)
        )
        return RequestView(
            method: "GET",
            scheme: "http",
            authority: ScriptMessages.authority,
            path: "/api/v1/orders/4711",
            query: "expand=items",
            fields: ScriptMessages.fields,
            connection: facts
        )
    }

    /// Whether a request may go on.
    private static func requests(_ name: String, _ policies: [TulleL7.AuthorizationPolicy]) throws {
        let settings = AuthorizationSettings(trustDomains: ["cluster.local"])
        let engine = AuthorizationEngine(policies, settings: settings, kind: .requests)
        let view = try self.view()
        let standing = engine.standing(for: view.connection)
        Script.count(name, self.decisions) {
            if case .deny(let denial) = standing.decision(view).verdict { Script.fail("\(name): \(denial)") }
        }
    }

    /// Which route is a request's.
    private static func routes(_ name: String, _ count: Int) throws {
        let table = RouteTable(ScriptRoutes.port(cluster: "v1", routes: count), clusters: ["v1": 0])
        let view = try self.view()
        Script.count(name, self.decisions) {
            if table.match(view) == nil { Script.fail("\(name): no route") }
        }
    }
}
