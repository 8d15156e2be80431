package import MeshProtos

/// The routes of one port of a service, ready for requests: `TulleL7.PortRoutes` read once.
///
/// Entries come in order of precedence, and the first that matches counts. What can't be carried out answers with an
/// error for the requests that it would have had; it is never skipped.
package struct RouteTable: Sendable {
    /// The service's port.
    package let port: UInt16
    /// Whether requests that match nothing get gRPC's UNIMPLEMENTED whatever they say they are.
    package let isGRPCOnly: Bool
    /// What connections that are no HTTP follow.
    package let connections: ConnectionRoutes
    /// Whether some route has an authorizer asked.
    package let asksAuthorizers: Bool
    /// What can't be carried out, by entry.
    package let faults: [(entry: Int, fault: RouteFault)]

    private let index: RouteIndex
    private let actions: [RouteAction]
    private let matched: [MatchedPath]

    /// - Parameters:
    ///   - routes: what the control plane sent.
    ///   - clusters: the places of the resource's clusters, by name.
    package init(_ routes: TulleL7.PortRoutes, clusters: [String: Int]) {
        let port = UInt16(clamping: routes.port)
        let declared = routes.actions.map { RouteAction($0, port: port, clusters: clusters) }
        var conditions: [RouteConditions] = []
        var actions: [RouteAction] = []
        var matched: [MatchedPath] = []
        var faults: [(entry: Int, fault: RouteFault)] = []
        for (number, entry) in routes.entries.enumerated() {
            var own: [RouteFault] = []
            let condition = RouteConditions(entry.match, faults: &own)
            let place = Int(entry.action)
            let action = declared.indices.contains(place) ? declared[place] : nil
            if action == nil { own.append(.action(entry.action)) }
            faults += (own + (action?.faults ?? [])).map { (number, $0) }
            conditions.append(condition)
            matched.append(MatchedPath(condition.path, written: entry.match?.path?.value ?? ""))
            if let action, own.isEmpty {
                actions.append(action)
            } else {
                let source = declared.indices.contains(place) ? routes.actions[place] : TulleL7.RouteAction()
                actions.append(RouteAction(failing: source, faults: own))
            }
        }
        self.port = port
        self.isGRPCOnly = routes.grpcOnly
        self.index = RouteIndex(conditions)
        self.actions = actions
        self.asksAuthorizers = declared.contains { $0.authorizer != nil }
        self.matched = matched
        self.faults = faults
        self.connections = ConnectionRoutes(tls: routes.tls, tcp: routes.tcp, clusters: clusters)
    }

    /// The route of a request; nil where none matches, which ``LocalReply/routeNotFound`` answers.
    package func match(_ request: borrowing RequestView) -> RouteChoice? {
        var looks = 0
        return self.match(request, looks: &looks)
    }

    /// As ``match(_:)``; counts the entries that were looked at.
    func match(_ request: borrowing RequestView, looks: inout Int) -> RouteChoice? {
        guard let entry = self.index.first(for: request, looks: &looks) else { return nil }
        return RouteChoice(entry: entry, action: self.actions[entry], matched: self.matched[entry])
    }
}

/// A route that matched.
package struct RouteChoice: Sendable {
    /// The place of the entry in `PortRoutes.entries`.
    package let entry: Int
    package let action: RouteAction
    /// What of the path the entry matched, for rewrites of prefixes.
    package let matched: MatchedPath
}
