/// The checks of `tulle doctor`, each a function of what was fetched.
enum DoctorCheck: String, Sendable, CaseIterable {
    case networkMode = "D01"
    case platform = "D02"
    case redirect = "D03"
    case appPorts = "D04"
    case userClash = "D05"
    case startOrder = "D06"
    case taskRole = "D07"
    case binding = "D08"
    case tagPropagation = "D09"
    case securityGroups = "D10"
    case dualStack = "D11"
    case privateZone = "D12"
    case tokenService = "D13"
    case clock = "D14"
    case healthCheck = "D15"
    case stopTimeout = "D16"
    case staleRevision = "D17"
    case staleTags = "D18"
    case exec = "D19"
    case throttling = "D20"

    /// What a check says.
    enum Verdict: Sendable, Hashable {
        /// All is well; with what was seen.
        case fine(String)
        /// Something is wrong: what, and how to mend it.
        case problem(FindingSeverity, String, mend: String)
        /// It could not be told, for this reason.
        case notChecked(String)
        /// It has nothing to say about this service, for this reason.
        case notApplicable(String)
    }

    /// How much a problem matters.
    enum FindingSeverity: String, Sendable, Hashable {
        case warning
        case error
    }

    /// What is checked, in a few words.
    var title: String {
        switch self {
        case .networkMode: "tasks have an address of their own"
        case .platform: "the platform can redirect"
        case .redirect: "the redirect is the one that ztunnel needs"
        case .appPorts: "all app ports are captured"
        case .userClash: "nobody else runs as ztunnel's user"
        case .startOrder: "containers wait for ztunnel"
        case .taskRole: "the task role is for tasks only"
        case .binding: "the role is bound to one service account"
        case .tagPropagation: "tasks get the service's tags"
        case .securityGroups: "security groups let the mesh through"
        case .dualStack: "nothing goes round the mesh by IPv6"
        case .privateZone: "tasks can resolve mesh names"
        case .tokenService: "the control plane reaches STS"
        case .clock: "the task's clock is right"
        case .healthCheck: "ztunnel has a health check"
        case .stopTimeout: "ztunnel has time to drain"
        case .staleRevision: "all tasks run the service's definition"
        case .staleTags: "all tasks carry the service's tags"
        case .exec: "ECS Exec works beside the redirect"
        case .throttling: "discovery stays within AWS's request rates"
        }
    }

    /// What the check says of these facts.
    func verdict(_ facts: DoctorFacts) -> Verdict {
        switch self {
        case .networkMode: DefinitionChecks.networkMode(facts)
        case .platform: ServiceChecks.platform(facts)
        case .redirect: DefinitionChecks.redirect(facts)
        case .appPorts: DefinitionChecks.appPorts(facts)
        case .userClash: DefinitionChecks.userClash(facts)
        case .startOrder: DefinitionChecks.startOrder(facts)
        case .taskRole: IdentityChecks.taskRole(facts)
        case .binding: IdentityChecks.binding(facts)
        case .tagPropagation: ServiceChecks.tagPropagation(facts)
        case .securityGroups: NetworkChecks.securityGroups(facts)
        case .dualStack: NetworkChecks.dualStack(facts)
        case .privateZone: NetworkChecks.privateZone(facts)
        case .tokenService: IdentityChecks.tokenService(facts)
        case .clock: IdentityChecks.clock(facts)
        case .healthCheck: DefinitionChecks.healthCheck(facts)
        case .stopTimeout: DefinitionChecks.stopTimeout(facts)
        case .staleRevision: ServiceChecks.staleRevision(facts)
        case .staleTags: ServiceChecks.staleTags(facts)
        case .exec: ServiceChecks.exec(facts)
        case .throttling: ServiceChecks.throttling(facts)
        }
    }
}
