/// How a signature is made over bytes.
package enum SignatureScheme: Sendable, Hashable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    case rsaPKCS1SHA256, rsaPKCS1SHA384, rsaPKCS1SHA512
    /// RSASSA-PSS (RFC 8017 §8.1) with MGF1 of the same digest and a salt of its length.
    case rsaPSSSHA256, rsaPSSSHA384, rsaPSSSHA512
    /// ECDSA on P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512, as `r` and `s`, each as long as the field.
    case ecdsaP256, ecdsaP384, ecdsaP521
    /// Ed25519 (RFC 8032).
    case ed25519
}
