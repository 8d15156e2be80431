package import MeshModel

/// Where a request goes, and as what.
package struct Forwarding: Sendable {
    /// The place of the cluster in the resource.
    package let cluster: Int
    /// The path with its query, where a rule rewrites it.
    package let target: String?
    /// The authority, where a rule rewrites it.
    package let authority: String?
    private let action: RouteAction
    private let destination: Destination

    init(cluster: Int, target: String?, action: RouteAction, destination: Destination) {
        self.cluster = cluster
        self.target = target
        self.action = action
        self.destination = destination
        // A rule's own word beats its destinations', as in Istio, but for the Gateway API's rewrite of one backend,
        // which comes after the rule's.
        self.authority =
            destination.rewrite.authority ?? action.requestHeaders.authority ?? action.rewrite.authority
            ?? destination.requestHeaders.authority
    }

    /// Makes a request's head what the destination sees.
    package func apply(to head: inout HTTPRequestHead) {
        if let target = self.target {
            head.fields.set("x-envoy-original-path", head.path)
            head.path = target
        }
        if let authority = self.authority {
            head.fields.set("x-envoy-original-host", head.authority)
            head.authority = authority
        }
        self.destination.requestHeaders.apply(to: &head.fields)
        self.action.requestHeaders.apply(to: &head.fields)
    }

    /// Makes a response's fields what the client sees. Replies that the router itself gives for this route get these
    /// changes too.
    package func apply(toResponse fields: inout [HeaderField]) {
        self.destination.responseHeaders.apply(to: &fields)
        self.action.responseHeaders.apply(to: &fields)
    }
}

/// What a route makes of one request.
package enum RouteOutcome: Sendable {
    case forward(Forwarding)
    /// The answer, with the route's changes of response headers made where they apply.
    case reply(LocalReply)
}

extension RouteChoice {
    /// Decides on one request: draws a destination and rewrites. Retries stay with what was drawn.
    ///
    /// - Parameter keeps: whether the cluster at a place has the endpoint of the request's session; then it is not drawn.
    ///   A destination whose weight is zero gets nothing, sessions included.
    package func decide(
        _ request: borrowing RequestView,
        keeping keeps: (Int) -> Bool = { _ in false },
        using generator: inout some RandomNumberGenerator
    ) -> RouteOutcome {
        switch self.action.outcome {
        case .reply(let reply): return .reply(self.action.changing(reply))
        case .redirect(let redirect, let port):
            return .reply(self.action.changing(redirect.reply(to: request, matched: self.matched, port: port)))
        case .forward(let destinations, let draw):
            let kept = destinations.firstIndex { $0.weight > 0 && ($0.cluster.map(keeps) ?? false) }
            guard let place = kept ?? draw.draw(using: &generator) else {
                return .reply(.invalidRoute(reason: "no destination has a weight"))
            }
            return self.forward(request, to: destinations[place])
        }
    }

    private func forward(_ request: borrowing RequestView, to destination: Destination) -> RouteOutcome {
        switch destination.outcome {
        case .reply(let reply): return .reply(self.action.changing(reply))
        case .redirect(let redirect):
            let port = request.connection.destination.port
            return .reply(self.action.changing(redirect.reply(to: request, matched: self.matched, port: port)))
        case .cluster(let cluster):
            var target: String?
            if let edit = destination.rewrite.path ?? self.action.rewrite.path {
                guard let path = edit.changing(request.path, matched: self.matched) else {
                    return .reply(.invalidRoute(reason: "the rewritten path passes its bounds"))
                }
                target = request.query.map { "\(path)?\($0)" } ?? path
            }
            return .forward(
                Forwarding(cluster: cluster, target: target, action: self.action, destination: destination)
            )
        }
    }
}

extension RouteAction {
    /// A reply of the route itself, with its changes of response headers.
    fileprivate func changing(_ reply: LocalReply) -> LocalReply {
        var reply = reply
        self.responseHeaders.apply(to: &reply.fields)
        return reply
    }
}
