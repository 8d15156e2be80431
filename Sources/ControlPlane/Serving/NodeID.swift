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
