/// What a handshake may agree on, beyond the rules that never bend.
///
/// The defaults are Istio ztunnel's; its variables `TLS12_ENABLED` and `COMPLIANCE_POLICY` loosen and tighten them.
package struct TLSPolicy: Sendable, Hashable {
    /// Whether TLS 1.2 with ECDHE and AES-GCM is good enough where the peer has no 1.3. False.
    package var allowsTLS12: Bool
    /// Whether only the hybrid X25519MLKEM768 may exchange keys. False. It exists in TLS 1.3 only, so it overrules
    /// ``allowsTLS12``.
    package var isPostQuantumOnly: Bool

    package init(allowsTLS12: Bool = false, isPostQuantumOnly: Bool = false) {
        self.allowsTLS12 = allowsTLS12
        self.isPostQuantumOnly = isPostQuantumOnly
    }
}
