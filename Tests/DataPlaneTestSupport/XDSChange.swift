package import DataPlane
package import MeshModel
import MeshProtos

@testable import MeshXDS

/// A change of the mesh, sent to a task as the control plane would.
package struct XDSChange {
    package var workloads: [Workload] = []
    package var policies: [AuthorizationPolicy] = []
    package var removed: [String] = []

    package init(
        workloads: [Workload] = [],
        policies: [AuthorizationPolicy] = [],
        removed: [String] = []
    ) {
        self.workloads = workloads
        self.policies = policies
        self.removed = removed
    }

    /// Applies it; a resource that is rejected fails.
    package func apply(to state: MeshState) throws {
        var rejections: [XDSRejection] = []
        if !self.policies.isEmpty {
            var update = XDSUpdate(typeURL: XDSTypes.authorization, nonce: "1")
            update.resources = self.policies.map {
                XDSUpdate.Resource(name: $0.key, version: "1", bytes: Self.message($0).serialized)
            }
            rejections += state.apply(update)
        }
        if !self.workloads.isEmpty || !self.removed.isEmpty {
            var update = XDSUpdate(typeURL: XDSTypes.address, nonce: "2")
            update.removed = self.removed
            update.resources = self.workloads.map { workload in
                let address = IstioWorkload.Address.with { $0.kind = .workload(Self.message(workload)) }
                return XDSUpdate.Resource(name: workload.uid, version: "1", bytes: address.serialized)
            }
            rejections += state.apply(update)
        }
        if let first = rejections.first { throw Rejected(reason: first.reason) }
    }

    private struct Rejected: Error {
        var reason: String
    }

    private static func message(_ policy: AuthorizationPolicy) -> IstioSecurity.Authorization {
        .with { message in
            message.name = policy.name
            message.namespace = policy.namespace
            message.scope = policy.scope == .workload ? .workloadSelector : .namespace
            message.action = .deny
            message.isDryRun = policy.isDryRun
            message.rules = policy.rules.map { rule in
                .with { wire in
                    wire.clauses = rule.clauses.map { clause in
                        .with { $0.matches = clause.matches.map(self.message) }
                    }
                }
            }
        }
    }

    private static func message(_ match: PolicyMatch) -> IstioSecurity.Match {
        .with { message in
            message.principals = match.principals.compactMap { pattern in
                guard case .exact(let text) = pattern else { return nil }
                return .with { $0.kind = .exact(text) }
            }
        }
    }

    private static func message(_ workload: Workload) -> IstioWorkload.Workload {
        .with { message in
            message.uid = workload.uid
            message.name = workload.name
            message.namespace = workload.namespace
            message.trustDomain = workload.identity.trustDomain
            message.serviceAccount = workload.identity.serviceAccount
            message.addresses = workload.addresses.map(\.bytes)
            message.tunnelProtocol = workload.tunnel == .hbone ? .hbone : .none
            message.authorizationPolicies = workload.authorizationPolicies
            if let tunnel = workload.applicationTunnel {
                message.applicationTunnel = .with {
                    $0.proto = tunnel.usesProxyProtocol ? .proxy : .none
                    $0.port = UInt32(tunnel.port ?? 0)
                }
            }
        }
    }
}
