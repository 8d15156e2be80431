package import MeshProtos

/// What connections that are no HTTP follow: `TulleL7.ServerNameRoute` and `TulleL7.StreamRoute` read once.
package struct ConnectionRoutes: Sendable {
    package enum Outcome: Sendable, Hashable {
        /// The place of a cluster, and the route's name for logs.
        case cluster(Int, route: String)
        /// The connection is closed; why.
        case refused(reason: String, route: String)
        /// No route matches: the service's own cluster takes it.
        case none
    }

    private struct Route: Sendable {
        let name: String
        let destinations: [Destination]
        let draw: WeightedDraw

        init(name: String, clusters: [TulleL7.WeightedCluster], places: [String: Int]) {
            self.name = name
            self.destinations = clusters.map { Destination($0, clusters: places) }
            self.draw = WeightedDraw(clusters.lazy.map(\.weight))
        }

        func outcome(using generator: inout some RandomNumberGenerator) -> Outcome {
            guard let place = self.draw.draw(using: &generator) else {
                return .refused(reason: "all weights are zero", route: self.name)
            }
            switch self.destinations[place].outcome {
            case .cluster(let cluster): return .cluster(cluster, route: self.name)
            case .reply(let reply): return .refused(reason: reply.details, route: self.name)
            case .redirect: return .refused(reason: "a connection can't be redirected", route: self.name)
            }
        }
    }

    private let tls: [Route]
    private let tcp: Route?
    /// The first route of each exact name and of each suffix (`*.` off), in lower case.
    private var exact: [String: Int] = [:]
    private var suffixes: [String: Int] = [:]
    /// The first route for any name.
    private var any: Int?

    package init(tls: [TulleL7.ServerNameRoute], tcp: [TulleL7.StreamRoute], clusters: [String: Int]) {
        self.tls = tls.map { Route(name: $0.name, clusters: $0.clusters, places: clusters) }
        self.tcp = tcp.first.map { Route(name: $0.name, clusters: $0.clusters, places: clusters) }
        for (place, route) in tls.enumerated() {
            if route.names.isEmpty { self.any = self.any ?? place }
            for name in route.names {
                let name = HeaderName.lowercased(name)
                if name == "*" {
                    self.any = self.any ?? place
                } else if name.hasPrefix("*.") {
                    let suffix = String(name.dropFirst(2))
                    self.suffixes[suffix] = self.suffixes[suffix] ?? place
                } else {
                    self.exact[name] = self.exact[name] ?? place
                }
            }
        }
    }

    /// Whether the server name of a handshake must be read before a connection can go on.
    package var asksServerName: Bool { !self.tls.isEmpty }

    /// Chooses for one connection: by its server name first, in the routes' order.
    ///
    /// - Parameter serverName: of the handshake; nil where there is none.
    package func choose(
        serverName: String?,
        using generator: inout some RandomNumberGenerator
    ) -> Outcome {
        if let place = self.place(of: serverName) { return self.tls[place].outcome(using: &generator) }
        return self.tcp?.outcome(using: &generator) ?? .none
    }

    private func place(of serverName: String?) -> Int? {
        guard !self.tls.isEmpty, let serverName else { return nil }
        let name = HeaderName.lowercased(serverName)
        var best = [self.exact[name], self.any].compactMap { $0 }.min()
        var rest = name[...]
        while let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")), !self.suffixes.isEmpty {
            rest = rest[rest.utf8.index(after: dot)...]
            if let place = self.suffixes[String(rest)] { best = min(best ?? place, place) }
        }
        return best
    }
}
