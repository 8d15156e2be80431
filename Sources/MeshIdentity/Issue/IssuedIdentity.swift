package import BoringTLS
package import MeshModel

/// What one successful `CreateCertificate` gives: the SVID, and the roots to judge peers by.
package struct IssuedIdentity: Sendable {
    /// Who we are now.
    package let svid: SVID
    /// Whom we believe from now on.
    package let bundle: TrustBundle

    /// The most elements of a `cert_chain` that are read.
    package static let elementLimit = 16

    package init(svid: SVID, bundle: TrustBundle) {
        self.svid = svid
        self.bundle = bundle
    }

    /// Reads the `cert_chain` of an `IstioCertificateResponse`: the leaf, intermediates, and last a bundle of roots.
    ///
    /// - Parameters:
    ///   - certChain: PEM texts; each but the last may hold several certificates.
    ///   - key: the key of the request.
    ///   - requested: the identity of the request.
    ///   - now: seconds since 1970.
    /// - Throws: ``IdentityError`` when the answer can't be read, isn't what was asked for, or doesn't hang together.
    package init(
        certChain: [String],
        key: PrivateKey,
        requested: SPIFFEID,
        now: Int64
    ) throws(IdentityError) {
        guard certChain.count <= Self.elementLimit else {
            throw IdentityError(
                .malformedAnswer,
                "cert_chain has \(certChain.count) elements; at most \(Self.elementLimit) are allowed"
            )
        }
        guard certChain.count >= 2, let rootText = certChain.last else {
            throw IdentityError(
                .malformedAnswer,
                "cert_chain has \(certChain.count) elements; expected the leaf, intermediates and the root bundle"
            )
        }
        var chain: [Certificate] = []
        for (index, text) in certChain.dropLast().enumerated() {
            do {
                chain += try Certificate.parse(pem: text)
            } catch {
                throw IdentityError(.malformedAnswer, "cert_chain[\(index)]: \(error)")
            }
        }
        let anchors: TrustAnchors
        do {
            anchors = try TrustAnchors(pem: rootText)
        } catch {
            throw IdentityError(.malformedAnswer, "cert_chain[\(certChain.count - 1)]: \(error.message)")
        }
        let svid = try SVID(chain: chain, key: key, requested: requested, now: now)
        do {
            try anchors.verify(svid.credentials)
        } catch {
            throw IdentityError(.untrusted, error.message)
        }
        self.svid = svid
        bundle = TrustBundle(trustDomain: requested.trustDomain, anchors: anchors)
    }
}
