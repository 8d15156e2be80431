import AWSClient

/// Checks of the task definition.
enum DefinitionChecks {
    private typealias Verdict = DoctorCheck.Verdict

    /// What to run when the definition is not as `add-service` writes it.
    static func enrolAgain(_ facts: DoctorFacts) -> String {
        "run 'tulle ecs add-service \(facts.service["serviceName"]?.string ?? "SERVICE")' again"
    }

    /// D01
    static func networkMode(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        let mode = facts.definition.text("networkMode") ?? "bridge"
        guard mode != "awsvpc" else { return .fine("networkMode awsvpc") }
        return .problem(
            .error,
            "networkMode is \"\(mode)\": the task has no address of its own, so no ztunnel can serve it",
            mend: "set networkMode to awsvpc and deploy"
        )
    }

    /// D03
    static func redirect(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard facts.ztunnel != nil else {
            return .problem(
                .error,
                "the task definition \(facts.definition.family) has no ztunnel container",
                mend: Self.enrolAgain(facts)
            )
        }
        guard facts.capture == .appmesh else { return .notApplicable("capture mode socks redirects nothing") }
        guard let proxy = facts.definition["proxyConfiguration"], proxy.object != nil else {
            return .problem(
                .error,
                "the service is tagged for capture mode appmesh, and its definition has no proxyConfiguration",
                mend: Self.enrolAgain(facts)
            )
        }
        let owner = proxy["containerName"]?.string ?? "nobody"
        guard owner == ZTunnelPorts.containerName else {
            return .problem(
                .error,
                "proxyConfiguration hands the traffic to \"\(owner)\"",
                mend: "take that proxy out, and \(Self.enrolAgain(facts))"
            )
        }
        let properties = Self.properties(facts)
        let needed = [
            "IgnoredUID": ZTunnelPorts.uid, "ProxyIngressPort": "\(ZTunnelPorts.inbound)",
            "ProxyEgressPort": "\(ZTunnelPorts.outbound)",
        ]
        var wrong = needed.sorted { $0.key < $1.key }.filter { properties[$0.key] != $0.value }
            .map { "\($0.key) is \(properties[$0.key] ?? "missing") and must be \($0.value)" }
        let ignored = Set((properties["EgressIgnoredIPs"] ?? "").split(separator: ",").map(String.init))
        for address in ZTunnelPorts.linkLocal.split(separator: ",").map(String.init) where !ignored.contains(address) {
            wrong.append("EgressIgnoredIPs lacks \(address)")
        }
        guard wrong.isEmpty else {
            return .problem(.error, wrong.joined(separator: "; "), mend: Self.enrolAgain(facts))
        }
        return .fine("proxyConfiguration as add-service writes it")
    }

    /// D04
    static func appPorts(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard facts.capture == .appmesh else { return .notApplicable("capture mode socks captures no app port") }
        let captured = (Self.properties(facts)["AppPorts"] ?? "").split(separator: ",").compactMap { Int($0) }
        guard captured.count <= ZTunnelPorts.mostAppPorts else {
            return .problem(
                .error,
                "AppPorts has \(captured.count) ports; ECS drops what is behind the first \(ZTunnelPorts.mostAppPorts)",
                mend: "choose the most important ones with --container-port, and \(Self.enrolAgain(facts))"
            )
        }
        let others = facts.definition.containers.filter { $0.name != ZTunnelPorts.containerName }
        let missed = Set(others.flatMap { $0.ports("tcp") }).subtracting(captured).sorted()
        guard missed.isEmpty else {
            return .problem(
                .warning,
                "plain connections to port \(Self.list(missed)) go past ztunnel, and past every policy",
                mend: "\(Self.enrolAgain(facts)), or close the ports in the security group"
            )
        }
        return .fine("\(captured.count) of at most \(ZTunnelPorts.mostAppPorts)")
    }

    /// D05
    static func userClash(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        let others = facts.definition.containers.filter { $0.name != ZTunnelPorts.containerName }
        let clashing = others.filter { container in
            let parts = (container.json["user"]?.string ?? "").split(separator: ":").map(String.init)
            return parts.contains(ZTunnelPorts.uid)
        }
        guard clashing.isEmpty else {
            return .problem(
                .error,
                "container \(Self.names(clashing)) runs as \(ZTunnelPorts.uid), which the redirect exempts: it goes "
                    + "past the mesh",
                mend: "give it another user and group"
            )
        }
        let unknown = others.filter { $0.user == nil }
        return .fine(unknown.isEmpty ? "all users differ" : "users of \(Self.names(unknown)) are their images' choice")
    }

    /// D06
    static func startOrder(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard facts.ztunnel != nil else { return .notChecked("there is no ztunnel container") }
        let early = facts.definition.containers.filter { container in
            guard container.name != ZTunnelPorts.containerName else { return false }
            let conditions = container.json["dependsOn"]?.array ?? []
            return !conditions.contains {
                $0["containerName"]?.string == ZTunnelPorts.containerName && $0["condition"]?.string == "HEALTHY"
            }
        }
        guard early.isEmpty else {
            return .problem(
                .error,
                "container \(Self.names(early)) does not wait for ztunnel to be healthy: its first connections fail",
                mend: "add dependsOn [{containerName: ztunnel, condition: HEALTHY}], or \(Self.enrolAgain(facts))"
            )
        }
        return .fine("all containers wait for it")
    }

    /// D15
    static func healthCheck(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard let ztunnel = facts.ztunnel else { return .notChecked("there is no ztunnel container") }
        guard let command = ztunnel.json["healthCheck"]?["command"]?.strings, command.count > 1 else {
            return .problem(
                .error,
                "the ztunnel container has no healthCheck, so nothing that waits for it ever starts",
                mend: Self.enrolAgain(facts)
            )
        }
        return .fine(command.dropFirst().joined(separator: " "))
    }

    /// D16
    static func stopTimeout(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard let ztunnel = facts.ztunnel else { return .notChecked("there is no ztunnel container") }
        // ECS's own default.
        let stop = ztunnel.json["stopTimeout"]?.int ?? 30
        let drain = Self.drainSeconds(of: ztunnel)
        guard stop > drain else {
            return .problem(
                .warning,
                "stopTimeout is \(stop) s and ztunnel drains for \(drain) s: open connections are cut by SIGKILL",
                mend: "raise stopTimeout above \(drain), at most 120 on Fargate"
            )
        }
        return .fine("drains for \(drain) s, stopTimeout \(stop) s")
    }

    /// How long a ztunnel drains: what its environment says, 5 s otherwise (`docs/ztunnel-settings.md`).
    private static func drainSeconds(of ztunnel: Container) -> Int {
        var variables: [String: String] = [:]
        for variable in ztunnel.json["environment"]?.array ?? [] {
            if let name = variable["name"]?.string { variables[name] = variable["value"]?.string }
        }
        if let text = variables["CONNECTION_TERMINATION_DEADLINE"], text.hasSuffix("s"), !text.hasSuffix("ms"),
            let seconds = Int(text.dropLast())
        {
            return seconds
        }
        if let grace = variables["TERMINATION_GRACE_PERIOD_SECONDS"].flatMap({ Int($0) }) {
            return grace > 10 ? grace - 5 : max(1, grace - 1)
        }
        return 5
    }

    private static func properties(_ facts: DoctorFacts) -> [String: String] {
        var properties: [String: String] = [:]
        for property in facts.definition["proxyConfiguration"]?["properties"]?.array ?? [] {
            if let name = property["name"]?.string { properties[name] = property["value"]?.string }
        }
        return properties
    }

    private static func names(_ containers: [Container]) -> String {
        containers.map { "\"\($0.name)\"" }.joined(separator: ", ")
    }

    private static func list(_ ports: [Int]) -> String { ports.map(String.init).joined(separator: ", ") }
}
