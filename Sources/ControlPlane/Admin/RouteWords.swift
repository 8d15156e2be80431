import MeshProtos

/// Routes in the words of a table.
enum RouteWords {
    /// Conditions in one line.
    static func match(_ match: TulleL7.RouteMatch) -> String {
        var words: [String] = []
        if let method = match.method { words.append(self.text(method)) }
        if let path = match.path {
            switch path.kind {
            case .exact: words.append("= \(path.value)")
            case .segmentPrefix: words.append(path.value == "/" ? "/*" : "\(path.value)/*")
            case .stringPrefix: words.append("\(path.value)*")
            default: words.append("~ \(path.value)")
            }
        }
        words += match.headers.map { header in
            "\(header.invert ? "not " : "")\(header.name): \(header.value.map(self.text) ?? "")"
        }
        words += match.query.map { "?\($0.name)=\($0.value.map(self.text) ?? "")" }
        words += match.scheme.map { ["scheme \(self.text($0))"] } ?? []
        words += match.authority.map { ["host \(self.text($0))"] } ?? []
        words += match.sourceNamespaces.map { "from \($0)" }
        return words.isEmpty ? "*" : words.joined(separator: ", ")
    }

    private static func text(_ match: TulleL7.StringMatch) -> String {
        switch match.kind {
        case .exact: match.value
        case .prefix: "\(match.value)*"
        case .suffix: "*\(match.value)"
        case .regex: "~\(match.value)"
        default: "(any)"
        }
    }

    /// What becomes of a request.
    static func action(_ action: TulleL7.RouteAction) -> String {
        if let failure = action.failure { return "fail \(failure.status): \(failure.reason)" }
        if let redirect = action.redirect { return "redirect \(redirect.status)" }
        if let direct = action.direct { return "answer \(direct.status)" }
        return "forward"
    }

    /// What else is done, such as `timeout 2000ms`.
    static func features(_ action: TulleL7.RouteAction) -> [String] {
        var words: [String] = []
        if action.requestTimeoutMilliseconds > 0 { words.append("timeout \(action.requestTimeoutMilliseconds)ms") }
        if action.attemptTimeoutMilliseconds > 0 {
            words.append("attempt timeout \(action.attemptTimeoutMilliseconds)ms")
        }
        if let retry = action.retry {
            words.append(retry.attempts == 0 ? "no retries" : "\(retry.attempts) retries")
        }
        if action.requestHeaders != nil { words.append("request headers") }
        if action.responseHeaders != nil { words.append("response headers") }
        if action.rewrite != nil { words.append("rewrite") }
        if action.crossOrigin != nil { words.append("CORS") }
        if action.fault != nil { words.append("fault") }
        if action.session != nil { words.append("session persistence") }
        return words
    }

    /// What is spoken to a destination.
    static func spoken(_ kind: TulleL7.Cluster.UpstreamProtocol) -> String {
        switch kind {
        case .http1: "HTTP/1.1"
        case .http2: "HTTP/2"
        case .client: "as the client"
        default: "TCP"
        }
    }

    /// How an endpoint is chosen.
    static func balancer(_ balancer: TulleL7.LoadBalancer?) -> String {
        switch balancer?.algorithm {
        case .roundRobin?: "ROUND_ROBIN"
        case .random?: "RANDOM"
        case .ringHash?: "RING_HASH"
        case .maglev?: "MAGLEV"
        default: "LEAST_REQUEST"
        }
    }
}
