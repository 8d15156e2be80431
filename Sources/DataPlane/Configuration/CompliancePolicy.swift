/// `COMPLIANCE_POLICY`: a further restriction of TLS.
package enum CompliancePolicy: String, Hashable, Sendable, CaseIterable {
    /// Key exchange by X25519MLKEM768 only.
    case pqc
}
