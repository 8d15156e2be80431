import DataPlane
package import MeshModel

/// Which of a network namespace's traffic goes to its ztunnel.
///
/// The rules follow those that Istio's CNI plugin programs (one table of ours in place of its chains), so that the data
/// path behaves alike in all modes.
package struct RedirectPlan: Hashable, Sendable {
    /// How the rules know the ztunnel's own traffic, which must not come back to it.
    package enum Exemption: Hashable, Sendable {
        /// By the user that it runs as: needs no capability in the ztunnel.
        case user(UInt32)
        /// By the mark of its sockets, ``SocketScope/meshMark``.
        case mark
    }

    /// How the ztunnel's traffic is known.
    package var exemption: Exemption
    /// Whether DNS queries go to 15053.
    package var capturesDNS = true
    /// Whether IPv6 is captured; else it goes around the mesh.
    package var capturesIPv6 = true
    /// Whether plain inbound connections go to 15006.
    package var capturesInbound = true
    /// Whether answers to connections from foreign addresses come back to the ztunnel that made them.
    package var preservesSource = false
    /// Destination ports of outbound TCP that stay direct, sorted.
    package var excludedPorts: [UInt16] = []
    /// Destination ports of inbound TCP that stay direct, sorted; 15008 always does.
    package var excludedInboundPorts: [UInt16] = []
    /// Destinations that stay direct, sorted.
    package var excludedNetworks: [AddressBlock] = RedirectPlan.platformNetworks

    /// How many exclusions of one kind there may be.
    package static let maximumExclusions = 64

    /// Where a task's credentials and metadata are: ECS's endpoint and the instance's, for both families.
    package static var platformNetworks: [AddressBlock] {
        ["169.254.169.254", "169.254.170.2", "fd00:ec2::254"].compactMap { AddressBlock(parsing: $0) }
    }

    /// For a ztunnel in the task itself, which runs as `user`: its own health and metrics ports stay reachable.
    package static func dedicated(user: UInt32 = 15_301) -> RedirectPlan {
        var plan = RedirectPlan(exemption: .user(user))
        plan.excludedInboundPorts = [MeshPorts.metrics, MeshPorts.readiness]
        return plan
    }

    /// For a ztunnel outside of the task, which marks its sockets.
    package static func daemon() -> RedirectPlan {
        var plan = RedirectPlan(exemption: .mark)
        plan.preservesSource = true
        return plan
    }

    /// Begins with everything captured.
    package init(exemption: Exemption) {
        self.exemption = exemption
    }
}
