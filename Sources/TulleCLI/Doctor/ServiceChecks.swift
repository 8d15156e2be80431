import AWSClient

/// Checks of the service and its tasks.
enum ServiceChecks {
    /// D02
    static func platform(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard facts.capture == .appmesh else {
            return .notApplicable("capture mode socks needs nothing of the platform")
        }
        if facts.isFargate {
            // What the service asks for may be LATEST; what its tasks got is a number.
            let version =
                facts.tasks.value?.lazy.compactMap { $0["platformVersion"]?.string }.first
                ?? facts.service["platformVersion"]?.string ?? "LATEST"
            let parts = version.split(separator: ".").map { Int($0) ?? 0 }
            guard version == "LATEST" || !parts.lexicographicallyPrecedes([1, 3, 0]) else {
                return .problem(
                    .error,
                    "Fargate platform version \(version) does not redirect; 1.3.0 or later does",
                    mend: "update the service to platform version LATEST"
                )
            }
            return .fine("Fargate \(version)")
        }
        guard case .known(let instances) = facts.instances else { return .notChecked(Self.reason(facts.instances)) }
        guard !instances.isEmpty else { return .notChecked("no task runs, so no container instance is known") }
        let lacking = instances.filter { instance in
            !(instance["attributes"]?.array ?? []).contains { $0["name"]?.string == "ecs.capability.aws-appmesh" }
        }
        guard lacking.isEmpty else {
            let names = lacking.compactMap { $0["ec2InstanceId"]?.string }.joined(separator: ", ")
            return .problem(
                .error,
                "container instance \(names) lacks ecs.capability.aws-appmesh: its agent cannot redirect",
                mend: "update the ECS agent to 1.26.0 or later, with its ecs-init"
            )
        }
        return .fine("\(instances.count) container instances have ecs.capability.aws-appmesh")
    }

    /// D09
    static func tagPropagation(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        let propagation = facts.service["propagateTags"]?.string ?? "NONE"
        let isManaged = facts.service["enableECSManagedTags"]?.bool ?? false
        var wrong: [String] = []
        if propagation != "SERVICE" { wrong.append("propagateTags is \(propagation) and must be SERVICE") }
        if !isManaged { wrong.append("enableECSManagedTags is off") }
        guard wrong.isEmpty else {
            let name = facts.service["serviceName"]?.string ?? "SERVICE"
            return .problem(
                .error,
                wrong.joined(separator: "; "),
                mend: "aws ecs update-service --service \(name) --propagate-tags SERVICE --enable-ecs-managed-tags "
                    + "--force-new-deployment"
            )
        }
        return .fine("propagateTags SERVICE, managed tags on")
    }

    /// D17
    static func staleRevision(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard case .known(let tasks) = facts.tasks else { return .notChecked(Self.reason(facts.tasks)) }
        guard !tasks.isEmpty else { return .notChecked("no task runs") }
        let wanted = facts.service["taskDefinition"]?.string
        let stale = tasks.filter { $0["taskDefinitionArn"]?.string != wanted }
        guard stale.isEmpty else {
            return .problem(
                .warning,
                "\(stale.count) of \(tasks.count) tasks run another revision than the service's: \(Self.ids(stale))",
                mend: "wait for the deployment, or look for what stops it in the service's events"
            )
        }
        return .fine("\(tasks.count) tasks run it")
    }

    /// D18
    static func staleTags(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard case .known(let tasks) = facts.tasks else { return .notChecked(Self.reason(facts.tasks)) }
        guard !tasks.isEmpty else { return .notChecked("no task runs") }
        let wanted = Self.meshTags(facts.service)
        let stale = tasks.filter { Self.meshTags($0) != wanted }
        guard stale.isEmpty else {
            return .problem(
                .warning,
                "\(stale.count) of \(tasks.count) tasks carry other tags than the service, which tasks get only "
                    + "when they start: \(Self.ids(stale))",
                mend: "aws ecs update-service --force-new-deployment"
            )
        }
        return .fine("\(wanted.count) tags on all of \(tasks.count) tasks")
    }

    /// D19
    static func exec(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard facts.service["enableExecuteCommand"]?.bool == true else { return .notApplicable("ECS Exec is off") }
        let agents = (facts.tasks.value ?? []).flatMap { task in
            (task["containers"]?.array ?? []).flatMap { $0["managedAgents"]?.array ?? [] }
        }
        .filter { $0["name"]?.string == "ExecuteCommandAgent" }
        let stopped = agents.count { $0["lastStatus"]?.string != "RUNNING" }
        let ignored =
            (facts.definition["proxyConfiguration"]?["properties"]?.array ?? [])
            .first { $0["name"]?.string == "EgressIgnoredPorts" }?["value"]?.string ?? ""
        let passes = facts.capture == .socks || ignored.split(separator: ",").contains("443")
        guard stopped == 0 else {
            return .problem(
                .warning,
                "\(stopped) of \(agents.count) ECS Exec agents do not run"
                    + (passes ? "" : "; their connections to port 443 go through ztunnel"),
                mend: passes
                    ? "check the task role's ssmmessages permissions and the way to its endpoint"
                    : "leave port 443 out of the mesh with --egress-ignore-ports 443, and enrol again"
            )
        }
        return .fine(agents.isEmpty ? "no agent has reported yet" : "\(agents.count) agents run")
    }

    /// Requests a second that AWS sustains for DescribeTasks and ListTasks of one account and region.
    private static let sustainedRate = 20.0
    /// Seconds between two polls of a control plane, unless it is configured otherwise.
    private static let pollSeconds = 15.0

    /// D20
    static func throttling(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard case .known(let size) = facts.clusterSize else { return .notChecked(Self.reason(facts.clusterSize)) }
        func pages(_ count: Int, of batch: Int) -> Int { (count + batch - 1) / batch }
        let calls = pages(size.services, of: 100) + pages(size.services, of: 10) + 2 * pages(size.tasks, of: 100)
        let rate = Double(calls) / Self.pollSeconds
        let share = Int((rate / Self.sustainedRate * 100).rounded(.up))
        let text = "\(calls) calls a poll of the cluster, about \(share) % of what AWS sustains"
        guard share > 50 else { return .fine(text) }
        return .problem(
            .warning,
            text,
            mend: "turn on the event queue, raise tulled's poll interval, or ask AWS for higher rates"
        )
    }

    static func reason<Value>(_ fact: Fact<Value>) -> String {
        if case .unknown(let reason) = fact { reason } else { "" }
    }

    private static func meshTags(_ json: JSONValue) -> [String: String] {
        var tags: [String: String] = [:]
        for tag in json["tags"]?.array ?? [] {
            guard let key = tag["key"]?.string, key.hasPrefix("tulle/") || key.hasPrefix("ecs.solo.io/") else {
                continue
            }
            tags[key] = tag["value"]?.string ?? ""
        }
        return tags
    }

    /// The ids of tasks, at most five of them.
    private static func ids(_ tasks: [JSONValue]) -> String {
        let ids = tasks.prefix(5).map { $0["taskArn"]?.string?.split(separator: "/").last.map(String.init) ?? "?" }
        return ids.joined(separator: ", ") + (tasks.count > 5 ? ", …" : "")
    }
}
