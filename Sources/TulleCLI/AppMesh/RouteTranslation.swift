import AWSClient

/// One route of a virtual router as a rule of a VirtualService.
struct RouteTranslation {
    /// Which list of the VirtualService the rule is for.
    enum Layer: String {
        case http
        case tcp
    }

    let resource: AppMeshExport.Resource
    /// 0 comes first; routes without one come last.
    let priority: Int?
    private(set) var layer = Layer.http
    private(set) var rule: JSONObject = [:]
    private(set) var rank = RouteMatchTranslation.Rank()

    /// App Mesh's own time for a request where nobody sets one.
    private static let usualTimeout = 15_000

    /// Retry events by the token of `retryOn` that means the same.
    private static let httpEvents = [
        "server-error": "5xx", "gateway-error": "gateway-error", "client-error": "retriable-4xx",
        "stream-error": "refused-stream",
    ]
    private static let grpcEvents: Set<String> = [
        "cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
    ]

    /// Translates a route; nil when it can't be carried over, which the report then says.
    init?(
        _ resource: AppMeshExport.Resource,
        nodes: [String: AppMeshNode],
        report: inout MigrationReport
    ) throws(CommandFailure) {
        self.resource = resource
        self.priority = try resource.spec.at("priority")?.number(0...1000)
        guard let (kind, spec) = try resource.spec.only(["httpRoute", "http2Route", "grpcRoute", "tcpRoute"]) else {
            throw resource.spec.wrong("must have one of httpRoute, http2Route, grpcRoute, tcpRoute")
        }
        let targets = try Self.targets(try spec.require("action"), nodes: nodes)
        if kind == "tcpRoute" {
            self.layer = .tcp
            if let port = try spec.at("match")?.at("port") {
                self.rule["match"] = [["port": .int(try port.number(1...65_535))]]
            }
        } else {
            let match = try spec.at("match")
            let translated =
                kind == "grpcRoute"
                ? try RouteMatchTranslation(grpc: match) : try RouteMatchTranslation(http: match)
            for loss in translated.losses {
                report.add(.lost, resource.title, loss.field, "\(loss.reason); the route is left out")
                loss.field.settle()
            }
            guard translated.losses.isEmpty else {
                resource.spec.settle()
                return nil
            }
            self.rank = translated.rank
            self.rule["name"] = .string(resource.name)
            if !translated.json.isEmpty { self.rule["match"] = [.object(translated.json)] }
        }
        guard targets.contains(where: { $0.weight > 0 }) else {
            report.add(.lost, resource.title, try spec.at("action"), "every weight is 0; the route is left out")
            resource.spec.settle()
            return nil
        }
        self.rule["route"] = .array(targets.map { Self.json($0, isOnly: targets.count == 1) })
        try self.times(spec, kind: kind, targets: targets, report: &report)
        if let policy = try spec.at("retryPolicy") { try self.retries(policy, report: &report) }
    }

    private struct Target {
        var host: String
        var port: Int
        var weight: Int
        var node: AppMeshNode
    }

    private static func targets(
        _ action: ExportField,
        nodes: [String: AppMeshNode]
    ) throws(CommandFailure) -> [Target] {
        var targets: [Target] = []
        for field in try action.require("weightedTargets").list() {
            let name = try field.require("virtualNode")
            guard let node = nodes[try name.text()] else {
                throw name.wrong("no export is of this virtual node; export it too")
            }
            guard let host = node.host else {
                throw name.wrong("the virtual node has no serviceDiscovery, so nothing can lead to it")
            }
            let port = try field.at("port")
            let number = try port?.number(1...65_535)
            guard let found = node.port(number) else {
                throw name.wrong("the virtual node has \(node.listeners.count) listeners; \"port\" must say which")
            }
            guard node.listeners.contains(where: { $0.port == found }) else {
                throw (port ?? name).wrong("the virtual node has no listener on port \(found)")
            }
            let weight = try field.require("weight").number(0...100)
            targets.append(Target(host: host, port: found, weight: weight, node: node))
        }
        return targets
    }

    private static func json(_ target: Target, isOnly: Bool) -> JSONValue {
        var json: JSONValue = [
            "destination": ["host": .string(target.host), "port": ["number": .int(target.port)]]
        ]
        if !isOnly { json["weight"] = .int(target.weight) }
        return json
    }

    // MARK: Times

    private mutating func times(
        _ spec: ExportField,
        kind: String,
        targets: [Target],
        report: inout MigrationReport
    ) throws(CommandFailure) {
        let timeout = try spec.at("timeout")
        if let idle = try timeout?.at("idle") {
            report.add(
                .lost,
                self.resource.title,
                idle,
                "a route has no idle time of its own here; connectionPool of a DestinationRule has one for connections"
            )
            idle.settle()
        }
        guard self.layer == .http else { return }
        let own = try timeout?.at("perRequest")?.milliseconds()
        // A node's own proxy ended requests too, and 0 means without end.
        var longest: Int?
        for target in targets where target.weight > 0 {
            let listener = target.node.listeners.first { $0.port == target.port }
            let times = try listener?.field.at("timeout")?.at(listener?.application.rawValue ?? "")
            let limit = try times?.at("perRequest")?.milliseconds() ?? Self.usualTimeout
            longest = Self.longer(longest, limit)
        }
        let effective = Self.shorter(own ?? Self.usualTimeout, longest ?? Self.usualTimeout)
        self.rule["timeout"] = .string(DurationWords.text(milliseconds: effective))
        if own == nil, effective == Self.usualTimeout {
            report.add(
                .note,
                self.resource.title,
                nil,
                "no perRequest time was set, so App Mesh ended requests after 15s; that is written out"
            )
        } else if let own, own != effective {
            report.add(
                .note,
                self.resource.title,
                timeout,
                "the listeners of its virtual nodes ended requests after \(DurationWords.text(milliseconds: effective)), "
                    + "before the route did; that time is written"
            )
        }
    }

    private static func longer(_ left: Int?, _ right: Int) -> Int {
        guard let left else { return right }
        return left == 0 || right == 0 ? 0 : max(left, right)
    }

    private static func shorter(_ left: Int, _ right: Int) -> Int {
        if left == 0 || right == 0 { return max(left, right) }
        return min(left, right)
    }

    // MARK: Retries

    private mutating func retries(_ policy: ExportField, report: inout MigrationReport) throws(CommandFailure) {
        var tokens: [String] = []
        for event in try policy.at("httpRetryEvents")?.list() ?? [] {
            guard let token = Self.httpEvents[try event.text()] else {
                throw event.wrong("must be one of \(Self.httpEvents.keys.sorted().joined(separator: ", "))")
            }
            tokens.append(token)
        }
        for event in try policy.at("grpcRetryEvents")?.list() ?? [] {
            let token = try event.text()
            guard Self.grpcEvents.contains(token) else {
                throw event.wrong("must be one of \(Self.grpcEvents.sorted().joined(separator: ", "))")
            }
            tokens.append(token)
        }
        for event in try policy.at("tcpRetryEvents")?.list() ?? [] {
            guard try event.text() == "connection-error" else { throw event.wrong("must be connection-error") }
            tokens.append("connect-failure")
        }
        let attempts = try policy.require("maxRetries")
        let count = try attempts.number(0...1_000_000)
        if count > 100 {
            report.add(.changed, self.resource.title, attempts, "\(count) retries are more than 100, which is written")
        }
        var retries: JSONObject = ["attempts": .int(min(count, 100))]
        if let time = try policy.at("perRetryTimeout") {
            let milliseconds = try time.milliseconds()
            if milliseconds > 0 { retries["perTryTimeout"] = .string(DurationWords.text(milliseconds: milliseconds)) }
        }
        if tokens.isEmpty {
            // Without events App Mesh retries nothing; without tokens retries have conditions of their own here.
            retries = ["attempts": 0]
            report.add(.note, self.resource.title, policy, "names no event, so nothing was retried; attempts is 0")
        } else {
            retries["retryOn"] = .string(tokens.joined(separator: ","))
        }
        self.rule["retries"] = .object(retries)
    }

    /// Whether this one is tried before another.
    static func comesFirst(_ left: RouteTranslation, _ right: RouteTranslation) -> Bool {
        let (first, second) = (left.priority ?? 1001, right.priority ?? 1001)
        if first != second { return first < second }
        if left.rank != right.rank { return left.rank > right.rank }
        return left.resource.name < right.resource.name
    }
}

/// Durations in the form that both APIs read.
enum DurationWords {
    /// Such as `15s`, `250ms`, `2s500ms`.
    static func text(milliseconds: Int) -> String {
        let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000)
        if seconds == 0, rest > 0 { return "\(rest)ms" }
        // Terms may have five digits.
        let whole = seconds < 100_000 ? "\(seconds)s" : "\(min(seconds / 3600, 99_999))h\(seconds % 3600)s"
        return rest == 0 ? whole : "\(whole)\(rest)ms"
    }
}
