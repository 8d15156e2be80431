package import CertificateAuthority
package import Foundation

/// Where the secrets of sessions are kept: a file of one control plane, or a table that several share.
package protocol SessionSecretKeeping: Sendable {
    /// Reads them, and makes one where there is none, or none that is young enough.
    ///
    /// - Throws: `AuthorityError` with `state_…`.
    func load(now: Date) async throws(AuthorityError) -> SessionSecrets

    /// Makes one that is alone: what was sealed before no longer opens.
    ///
    /// - Throws: `AuthorityError` with `state_…`; those before are still in use then.
    func replace(now: Date) async throws(AuthorityError) -> SessionSecrets
}

/// `session-secrets.json` of the state directory.
package struct SessionSecretFile: SessionSecretKeeping {
    private static let name = "session-secrets.json"
    private static let fileBytes = 64 << 10

    private let state: StateDirectory

    /// Keeps them in a state directory.
    package init(state: StateDirectory) {
        self.state = state
    }

    package func load(now: Date) throws(AuthorityError) -> SessionSecrets {
        let known = SessionSecrets(stored: try self.state.read(Self.name, limit: Self.fileBytes) ?? [])
        return known.isYoung(at: now) ? known : try self.store(known.renewed(at: now, keepsLast: true))
    }

    package func replace(now: Date) throws(AuthorityError) -> SessionSecrets {
        try self.store(SessionSecrets(stored: []).renewed(at: now, keepsLast: false))
    }

    private func store(_ secrets: SessionSecrets) throws(AuthorityError) -> SessionSecrets {
        let content: [UInt8]
        do {
            content = try secrets.stored()
        } catch {
            throw AuthorityError(.stateUnwritable, "\(Self.name) cannot be encoded", cause: error)
        }
        try self.state.write(Self.name, content)
        return secrets
    }
}
