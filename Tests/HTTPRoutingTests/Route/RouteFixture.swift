import MeshModel
import MeshProtos

@testable import HTTPRouting

/// Route tables and requests in few words.
enum RouteFixture {
    /// The clusters that tests route to.
    static let clusters = ["v1": 0, "v2": 1, "v3": 2, "v4": 3]

    static func path(_ kind: TulleL7.PathMatch.Kind, _ value: String, ignoringCase: Bool = false) -> TulleL7.PathMatch {
        var match = TulleL7.PathMatch()
        match.kind = kind
        match.value = value
        match.ignoreCase = ignoringCase
        return match
    }

    static func text(
        _ kind: TulleL7.StringMatch.Kind,
        _ value: String,
        ignoringCase: Bool = false
    ) -> TulleL7.StringMatch {
        var match = TulleL7.StringMatch()
        match.kind = kind
        match.value = value
        match.ignoreCase = ignoringCase
        return match
    }

    static func header(
        _ name: String,
        _ kind: TulleL7.StringMatch.Kind = .present,
        _ value: String = "",
        inverted: Bool = false
    ) -> TulleL7.HeaderMatch {
        var match = TulleL7.HeaderMatch()
        match.name = name
        match.value = self.text(kind, value)
        match.invert = inverted
        return match
    }

    static func query(
        _ name: String,
        _ kind: TulleL7.StringMatch.Kind = .exact,
        _ value: String = ""
    ) -> TulleL7.QueryMatch {
        var match = TulleL7.QueryMatch()
        match.name = name
        match.value = self.text(kind, value)
        return match
    }

    static func match(
        _ path: TulleL7.PathMatch? = nil,
        headers: [TulleL7.HeaderMatch] = [],
        query: [TulleL7.QueryMatch] = [],
        method: String? = nil,
        namespaces: [String] = []
    ) -> TulleL7.RouteMatch {
        var match = TulleL7.RouteMatch()
        match.path = path
        match.headers = headers
        match.query = query
        match.method = method.map { self.text(.exact, $0) }
        match.sourceNamespaces = namespaces
        return match
    }

    /// An action that sends everything to one cluster.
    static func forward(_ cluster: String) -> TulleL7.RouteAction {
        self.forward([(cluster, 1)])
    }

    static func forward(_ shares: [(cluster: String, weight: UInt32)]) -> TulleL7.RouteAction {
        var action = TulleL7.RouteAction()
        var forward = TulleL7.Forward()
        forward.clusters = shares.map { share in
            var cluster = TulleL7.WeightedCluster()
            cluster.cluster = share.cluster
            cluster.weight = share.weight
            return cluster
        }
        action.forward = forward
        return action
    }

    static func routes(
        _ entries: [(TulleL7.RouteMatch, TulleL7.RouteAction)],
        port: UInt32 = 80
    ) -> TulleL7.PortRoutes {
        var routes = TulleL7.PortRoutes()
        routes.port = port
        for (match, action) in entries {
            var entry = TulleL7.RouteEntry()
            entry.match = match
            entry.action = UInt32(routes.actions.count)
            routes.entries.append(entry)
            routes.actions.append(action)
        }
        return routes
    }

    /// A table of conditions and the clusters that they lead to.
    static func table(_ entries: [(TulleL7.RouteMatch, String)]) -> RouteTable {
        RouteTable(self.routes(entries.map { ($0, self.forward($1)) }), clusters: self.clusters)
    }

    /// A table of one action for everything.
    static func table(_ action: TulleL7.RouteAction, path: TulleL7.PathMatch? = nil, port: UInt32 = 80) -> RouteTable {
        RouteTable(self.routes([(self.match(path), action)], port: port), clusters: self.clusters)
    }

    static func request(
        _ target: String = "/",
        method: String = "GET",
        authority: String = "echo",
        scheme: String = "http",
        fields: [(String, String)] = [],
        tokens: [ClaimValue] = [],
        namespace: String? = "default"
    ) -> RequestView {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let peer = namespace.flatMap {
            try? SPIFFEID(trustDomain: "cluster.local", namespace: $0, serviceAccount: "client")
        }
        let address = SocketAddress(parsing: "10.0.0.1:80") ?? SocketAddress(ip: IPAddress(v4: 0), port: 80)
        return RequestView(
            method: method,
            scheme: scheme,
            authority: authority,
            path: parts.first.map(String.init) ?? "",
            query: parts.count > 1 ? String(parts[1]) : nil,
            fields: fields.map { HeaderField($0.0, $0.1) },
            tokens: tokens,
            connection: ConnectionFacts(peer: peer, local: nil, source: address, destination: address)
        )
    }
}

extension RouteTable {
    /// Decides on a request with numbers of a seed.
    func decide(_ request: RequestView, seed: UInt64 = 1) -> RouteOutcome? {
        var generator = SeededGenerator(seed: seed)
        return self.match(request)?.decide(request, using: &generator)
    }

    /// The name of the cluster that a request goes to, or the status that it gets.
    func goes(_ request: RequestView, seed: UInt64 = 1) -> String {
        switch self.decide(request, seed: seed) {
        case .forward(let forwarding):
            RouteFixture.clusters.first { $0.value == forwarding.cluster }?.key ?? "cluster \(forwarding.cluster)"
        case .reply(let reply): "\(reply.status)"
        case nil: "404"
        }
    }

    /// The head that the destination of a request sees; nil where it is answered here.
    func forwards(_ request: RequestView) -> HTTPRequestHead? {
        guard case .forward(let forwarding) = self.decide(request) else { return nil }
        var head = HTTPRequestHead(
            method: request.method,
            authority: request.authority,
            path: request.target,
            fields: request.fields
        )
        forwarding.apply(to: &head)
        return head
    }

    /// The answer that a request gets here; nil where it is forwarded.
    func reply(_ request: RequestView) -> LocalReply? {
        guard case .reply(let reply) = self.decide(request) else { return nil }
        return reply
    }
}
