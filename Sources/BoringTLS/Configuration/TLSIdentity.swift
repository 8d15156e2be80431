/// A certificate chain and the key of its leaf: who we are in a handshake.
package struct TLSIdentity: Sendable {
    /// Leaf first, then intermediates; without the root.
    package var chain: [Certificate]
    /// The key of the leaf.
    package var key: PrivateKey

    /// - Throws: ``TLSError`` `invalid_configuration` when the chain is empty, longer than
    ///   ``PeerLimits/chainLength``, or its leaf is for another key.
    package init(chain: [Certificate], key: PrivateKey) throws(TLSError) {
        guard let leaf = chain.first else {
            throw TLSError(.invalidConfiguration, "certificate chain is empty; expected the leaf and its intermediates")
        }
        guard chain.count <= PeerLimits.chainLength else {
            throw TLSError(
                .invalidConfiguration,
                "certificate chain has \(chain.count) certificates; at most \(PeerLimits.chainLength) are allowed"
            )
        }
        guard leaf.subjectPublicKeyInfo == key.subjectPublicKeyInfo else {
            throw TLSError(.invalidConfiguration, "leaf certificate \(leaf.serial) is for another key than ours")
        }
        self.chain = chain
        self.key = key
    }
}

/// Bounds on what a peer may present.
package enum PeerLimits {
    /// Certificates in a chain, leaf included.
    package static let chainLength = 8
    /// Bytes of a whole certificate message.
    package static let chainBytes = 64 * 1024
    /// URI names of a leaf that are looked at.
    package static let names = 32
}
