import DataPlane

/// Whom one process serves.
package enum ProxyMode: String, Hashable, Sendable, CaseIterable {
    /// One workload, in the network namespace that the process runs in.
    case dedicated
    /// The workloads of a node that Istio's node agent hands over through its socket (upstream's in-pod mode).
    case shared
    /// The tasks of a host, which we find ourselves through the container runtime or the ECS agent.
    case daemon

    /// As the config dump writes it.
    var name: String {
        switch self {
        case .dedicated: "Dedicated"
        case .shared: "Shared"
        case .daemon: "Daemon"
        }
    }
}

/// `PROXY_WORKLOAD_INFO`: whom a dedicated ztunnel serves, written `namespace/name/serviceAccount`.
package struct WorkloadInfo: Hashable, Sendable {
    /// Its namespace.
    package var namespace: String
    /// Its name.
    package var name: String
    /// Its service account.
    package var serviceAccount: String

    /// Reads exactly three parts; nil when one is empty or of bytes that no identity may have.
    init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ ConfigurationText.label(String($0)) != nil }) else { return nil }
        self.namespace = String(parts[0])
        self.name = String(parts[1])
        self.serviceAccount = String(parts[2])
    }
}

/// Whether inbound connections keep the client's address (`ENABLE_ORIG_SRC`).
package enum OriginalSource: String, Hashable, Sendable, CaseIterable {
    /// Where the capability is there; the default.
    case automatic
    /// Always; a socket that cannot is refused.
    case always
    /// Never.
    case never
}
