import CertificateAuthority
import GRPCCore
import MeshModel
import MeshProtos
import MeshTelemetry

/// The id by which a data plane names itself, `<type>~<ip>~<name>.<namespace>~<DNS domain>`.
///
/// Only its form is checked: who it is, the certificate says.
struct NodeID: Hashable, Sendable {
    /// The kinds of data plane.
    enum Kind: String, CaseIterable, Sendable {
        case ztunnel, waypoint, sidecar, router, agentgateway
    }

    let kind: Kind

    /// Nil when the text has another form.
    init?(_ text: String) {
        let parts = text.split(separator: "~", omittingEmptySubsequences: false)
        guard parts.count == 4, let kind = Kind(rawValue: String(parts[0])) else { return nil }
        self.kind = kind
    }

    /// What is allowed, for the refusal.
    static let form =
        "<type>~<ip>~<name>.<namespace>~<domain> with type "
        + Kind.allCases.map(\.rawValue).joined(separator: ", ")
}

extension NodeID {
    /// Holds what a node says of itself against what it proved. It may leave out who it is, but not say it is someone else.
    ///
    /// - Throws: `RPCError` for the data plane, which the metric counts.
    static func check(_ node: EnvoyDiscovery.Node, of peer: Peer, metrics: ControlPlaneMetrics) throws(RPCError) {
        guard NodeID(node.id) != nil else {
            metrics.refusedStreams.with("node_id_malformed").add()
            throw RPCError(
                code: .invalidArgument,
                message: "node_id_malformed: node.id is '\(PlainLine.of(node.id, bytes: 128))', not \(NodeID.form)"
            )
        }
        for (field, expected) in [
            ("NAMESPACE", peer.identity.namespace), ("SERVICE_ACCOUNT", peer.identity.serviceAccount),
        ] {
            guard let claimed = node.metadata?.string(field), claimed != expected else { continue }
            metrics.refusedStreams.with("node_identity_mismatch").add()
            throw RPCError(
                code: .permissionDenied,
                message:
                    "node_identity_mismatch: node metadata \(field) is '\(PlainLine.of(claimed, bytes: 63))', but the "
                    + "\(peer.proof.rawValue) names '\(expected)'"
            )
        }
    }
}
