import MeshConfig
import MeshModel
import MeshProtos

/// TLS with the applications of one port of a service, as a BackendTLSPolicy asks for it.
struct BackendTLS {
    private let policy: DeclaredResource
    private let spec: ConfigValue
    private let mesh: L7Mesh

    /// Finds the policy that counts: one for the port before one for all, then the oldest. Nil where there is none.
    init?(for claim: ServiceClaim, port: UInt16, in mesh: L7Mesh) {
        let policies = mesh.resources(.backendTLSPolicy, attachedTo: mesh.references(to: claim)).filter {
            $0.metadata.namespace == claim.key.namespace
        }
        var general: Self?
        for policy in policies {
            guard case .route(_, let spec) = policy.spec else { continue }
            let found = Self(policy, spec, mesh)
            let sections = found.sections(for: claim)
            if sections.contains(where: { $0.map { Self.names($0, port, of: claim, mesh) } == true }) {
                self = found
                return
            }
            if general == nil, sections.contains(nil) { general = found }
        }
        guard let general else { return nil }
        self = general
    }

    init(_ policy: DeclaredResource, _ spec: ConfigValue, _ mesh: L7Mesh) {
        self.policy = policy
        self.spec = spec
        self.mesh = mesh
    }

    /// What the policy names of the service: sections, and nil for all of it.
    private func sections(for claim: ServiceClaim) -> [String?] {
        let own = Set(self.mesh.references(to: claim))
        return self.spec.list("targetRefs").compactMap { target -> String?? in
            own.contains(L7References.object(target, in: self.policy.metadata.namespace))
                ? .some(target.text("sectionName")) : nil
        }
    }

    /// Whether a section is a port: by its number, or by the name that a ServiceEntry gives it.
    private static func names(_ section: String, _ port: UInt16, of claim: ServiceClaim, _ mesh: L7Mesh) -> Bool {
        if section == "\(port)" { return true }
        guard let entry = claim.entry, case .serviceEntry(let declared)? = mesh.resources[entry]?.spec else {
            return false
        }
        return declared.ports.contains { $0.number == port && $0.name == section }
    }

    private var validation: ConfigValue { self.spec["validation"] ?? .null }

    /// What is wrong with the roots that it names: reason and message; nil for nothing.
    var fault: (reason: String, message: String)? {
        for reference in self.validation.list("caCertificateRefs") {
            let name = "\(reference.text("kind") ?? "") \(reference.text("name") ?? "")"
            guard Self.isBundle(reference) else {
                return ("InvalidKind", "\(name): roots are kept in a CABundle of group tulle.mesh")
            }
            guard self.bundle(reference) != nil else {
                return ("InvalidCACertificateRef", "\(name) is not there: connections fail until it is")
            }
        }
        return nil
    }

    private static func isBundle(_ reference: ConfigValue) -> Bool {
        reference.text("group") == "tulle.mesh" && reference.text("kind") == ResourceKind.caBundle.rawValue
    }

    private func bundle(_ reference: ConfigValue) -> String? {
        let key = ResourceKey(
            kind: .caBundle,
            namespace: self.policy.metadata.namespace,
            name: reference.text("name") ?? ""
        )
        guard case .route(_, let spec)? = self.mesh.resources[key]?.spec else { return nil }
        return spec.text("pem")
    }

    /// What waypoints do. Roots that can't be had fail every connection, so that nobody goes unchecked.
    var settings: TulleL7.UpstreamTLS {
        TulleL7.UpstreamTLS.with {
            $0.serverName = self.validation.text("hostname") ?? ""
            $0.subjectAltNames = self.validation.list("subjectAltNames").compactMap {
                $0.text("type") == "URI" ? $0.text("uri") : $0.text("hostname")
            }
            let references = self.validation.list("caCertificateRefs")
            $0.unresolved = self.fault != nil
            if !$0.unresolved { $0.authorities = references.compactMap(self.bundle).joined(separator: "\n") }
        }
    }

    /// The older policy that has all that this one names; nil where it counts for something.
    var rival: ResourceKey? {
        var rivals: [ResourceKey] = []
        for target in self.spec.list("targetRefs") {
            let reference = L7References.object(target, in: self.policy.metadata.namespace)
            let older = self.mesh.resources(.backendTLSPolicy, attachedTo: [reference]).first { other in
                guard other.isOlder(than: self.policy), case .route(_, let spec) = other.spec else { return false }
                return spec.list("targetRefs").contains {
                    L7References.object($0, in: other.metadata.namespace) == reference
                        && $0.text("sectionName") == target.text("sectionName")
                }
            }
            guard let older else { return nil }
            rivals.append(older.key)
        }
        return rivals.first
    }
}
