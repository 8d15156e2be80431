import MeshModel

/// The names of a mesh's trust domain, for comparing identities while a domain is renamed.
struct PrincipalNames: Sendable {
    /// What policies may write for the mesh's trust domain, whatever it is called.
    private static let placeholder = "cluster.local"

    /// The main name first; empty where there is none.
    private let domains: [String]

    init(_ domains: [String]) { self.domains = domains }

    /// The ways in which policies may write a peer, the one under the main name first. A stranger has one name only.
    func names(of peer: SPIFFEID) -> [String] {
        guard self.domains.contains(peer.trustDomain), let main = self.domains.first else { return [peer.principal] }
        let rest = "/ns/\(peer.namespace)/sa/\(peer.serviceAccount)"
        var names = [main + rest]
        for domain in self.domains.dropFirst() where domain != main { names.append(domain + rest) }
        if !self.domains.contains(Self.placeholder) { names.append(Self.placeholder + rest) }
        return names
    }

    /// The name under the main trust domain for an exact one under any of the mesh's names.
    func canonical(_ principal: String) -> String {
        guard let slash = principal.utf8.firstIndex(of: UInt8(ascii: "/")), let main = self.domains.first else {
            return principal
        }
        let domain = String(principal[..<slash])
        guard domain == Self.placeholder || self.domains.contains(domain) else { return principal }
        return main + principal[slash...]
    }
}
