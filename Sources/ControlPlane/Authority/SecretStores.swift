import CertificateAuthority
import Foundation
import Logging

/// Where tokens and secrets are kept: in the state directory, or in the table that replicas share.
struct SecretStores: Sendable {
    let tokens: any JoinTokenKeeping
    let sessions: any SessionSecretKeeping
    /// What replicas have in common of used attestations; nil for one that is alone.
    let attestations: (any AttestationMemory)?

    /// Opens them. What the state directory has of tokens goes over into the table: a mesh whose one control plane gets
    /// company keeps its machines.
    ///
    /// - Throws: `AuthorityError` with `state_…`.
    init(state: StateDirectory, shared: (any ReplicaTable)?, logger: Logger) async throws(AuthorityError) {
        let store = try JoinTokenStore(state: state)
        guard let shared else {
            self.tokens = store
            self.sessions = SessionSecretFile(state: state)
            self.attestations = nil
            return
        }
        let tokens = TableJoinTokens(table: shared)
        let (open, joined) = (store.list(now: Date()).count, store.joinedAccounts.count)
        if open + joined > 0 {
            try await tokens.adopt(store, now: Date())
            try JoinTokenStore.setAside(in: state)
            logger.notice(
                "join tokens moved into the shared table",
                metadata: ["tokens": "\(open)", "accounts": "\(joined)"]
            )
        }
        self.tokens = tokens
        self.sessions = SessionSecretTable(table: shared)
        self.attestations = TableAttestationMemory(table: shared)
    }
}
