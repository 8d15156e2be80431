import MeshConfig
import MeshModel
import MeshProtos

/// Routes of the Gateway API: HTTPRoute and GRPCRoute.
extension ServiceCompilation {
    /// One set of conditions with all that decides about its place.
    private struct Candidate {
        var match: TulleL7.RouteMatch
        var precedence: RoutePrecedence
        var action: UInt32
    }

    mutating func add(_ routes: [DeclaredResource], _ port: ServicePort, to table: inout RouteTable) {
        var candidates: [Candidate] = []
        for (age, route) in routes.enumerated() {
            guard case .route(let kind, let spec) = route.spec else { continue }
            for (index, rule) in spec.list("rules").enumerated() {
                let matches = kind == .grpcRoute ? GRPCRouteMatch.matches(of: rule) : HTTPRouteMatch.matches(of: rule)
                let action = GatewayRule(rule, index: index, of: route).action(&self)
                var places: [String: UInt32] = [:]
                for match in matches {
                    let operation = self.operation(action, match: match.path, port: port, route: route)
                    let place: UInt32
                    if let known = places[operation] {
                        place = known
                    } else {
                        var named = action
                        named.operation = operation
                        place = table.add(named)
                        places[operation] = place
                    }
                    candidates.append(
                        Candidate(
                            match: match,
                            precedence: RoutePrecedence(
                                match,
                                isGRPC: kind == .grpcRoute,
                                places: [age, index, candidates.count]
                            ),
                            action: place
                        )
                    )
                }
            }
        }
        for candidate in candidates.sorted(by: { $0.precedence < $1.precedence }) {
            table.add(candidate.match, action: candidate.action)
        }
    }

    /// What spans are called: the destination with the path, or the route where there are several.
    func operation(
        _ action: TulleL7.RouteAction,
        match path: TulleL7.PathMatch?,
        port: ServicePort,
        route: DeclaredResource
    ) -> String {
        let clusters = action.forward?.clusters.map(\.cluster) ?? []
        let host: String
        if clusters.count == 1, let only = clusters.first, !only.isEmpty {
            host = String(only.split(separator: "|", omittingEmptySubsequences: false).last ?? "")
        } else {
            host = route.metadata.name
        }
        return "\(host):\(port.port)\(Self.pathName(path))"
    }

    private static func pathName(_ path: TulleL7.PathMatch?) -> String {
        guard let path else { return "/*" }
        return path.kind == .segmentPrefix || path.kind == .stringPrefix ? "\(path.value)*" : path.value
    }
}

/// Where conditions stand among others: the Gateway API's order.
struct RoutePrecedence: Comparable {
    private let ranks: [Int]

    /// - Parameter places: what decides between equal ones: the places of the route among all, the oldest first, of the
    ///   rule in the route, and of the match.
    init(_ match: TulleL7.RouteMatch, isGRPC: Bool, places: [Int]) {
        var kind = 0
        var length = 0
        if let path = match.path {
            switch path.kind {
            case .exact: kind = 3
            case .regex: kind = 1
            default: kind = path.value == "/" ? 0 : 2
            }
            length = path.value.utf8.count
        }
        // gRPC compares the service first, then the method; both are in the path.
        let separator = isGRPC ? match.path?.value.utf8.dropFirst().firstIndex(of: UInt8(ascii: "/")) : nil
        let service = separator.flatMap { end in match.path.map { $0.value.utf8[..<end].count } } ?? 0
        let conditions = [match.method == nil ? 0 : -1, -match.headers.count, -match.query.count]
        self.ranks = [-kind, -service, -length] + conditions + places
    }

    static func < (left: Self, right: Self) -> Bool { left.ranks.lexicographicallyPrecedes(right.ranks) }
}
