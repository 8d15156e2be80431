import Foundation
import SwiftASN1
import X509

/// The way from a signing certificate up to a root, found and checked as a peer would, before anything is signed.
struct CertificatePath: Sendable {
    /// The authorities between, nearest first; neither the signer nor the root is among them.
    let above: [Certificate]
    /// The root at the end.
    let root: Certificate

    /// The most certificates between a leaf and the root; peers refuse longer chains.
    static let depth = 6
    /// The most certificates in one file.
    static let certificatesPerFile = 64

    /// Why there is no path. The text completes "<file> …".
    struct Fault: Error, Sendable, Hashable {
        /// Which input is at fault.
        enum Place: Sendable, Hashable { case signer, chain, roots }
        var place: Place
        var text: String
    }

    /// Finds the path.
    ///
    /// - Parameters:
    ///   - signer: the certificate whose key signs leaves.
    ///   - chain: authorities above it, in any order; the signer itself and roots may be among them, as in Istio's
    ///     `cert-chain.pem`.
    ///   - roots: the trusted roots.
    /// - Throws: `Fault` when a certificate is no authority, a signature or a path length is wrong, an element belongs
    ///   to no path, or no root is reached.
    init(from signer: Certificate, chain: [Certificate], roots: [Certificate]) throws(Fault) {
        guard !roots.isEmpty else { throw Fault(place: .roots, text: "holds no certificate") }
        for root in roots {
            guard Self.isRoot(root) else {
                throw Fault(place: .roots, text: "holds '\(root.subjectLine)', which is not a self-signed authority")
            }
        }
        try Self.check(signer, below: 0, place: .signer)
        var rest = chain.filter { $0 != signer && !roots.contains($0) }
        var above: [Certificate] = []
        var last = signer
        while true {
            if let root = roots.first(where: { Self.signed(last, by: $0) || $0 == last }) {
                try Self.check(root, below: root == last ? above.count : above.count + 1, place: .roots)
                guard rest.isEmpty else {
                    let foreign = rest.prefix(4).map { "'\($0.subjectLine)'" }.joined(separator: ", ")
                    throw Fault(place: .chain, text: "holds \(foreign), which the signing certificate does not lead to")
                }
                self.above = root == last ? Array(above.dropLast()) : above
                self.root = root
                return
            }
            guard let next = rest.firstIndex(where: { Self.signed(last, by: $0) }) else {
                throw Fault(
                    place: .chain,
                    text: "does not lead from '\(last.subjectLine)' to a root: the issuer is missing"
                )
            }
            guard above.count < Self.depth - 1 else {
                throw Fault(place: .chain, text: "has more than \(Self.depth) authorities between leaf and root")
            }
            let issuer = rest.remove(at: next)
            try Self.check(issuer, below: above.count + 1, place: .chain)
            above.append(issuer)
            last = issuer
        }
    }

    /// Whether a certificate is an authority that signed itself.
    static func isRoot(_ certificate: Certificate) -> Bool {
        guard case .isCertificateAuthority = try? certificate.extensions.basicConstraints else { return false }
        return self.signed(certificate, by: certificate)
    }

    private static func signed(_ certificate: Certificate, by issuer: Certificate) -> Bool {
        certificate.issuer == issuer.subject
            && issuer.publicKey.isValidSignature(certificate.signature, for: certificate)
    }

    /// Whether a certificate may stand above so many authorities and a leaf.
    private static func check(_ certificate: Certificate, below: Int, place: Fault.Place) throws(Fault) {
        guard case .isCertificateAuthority(let length) = try? certificate.extensions.basicConstraints else {
            throw Fault(
                place: place,
                text: "holds '\(certificate.subjectLine)', which is no authority (basicConstraints)"
            )
        }
        if let length, length < below {
            throw Fault(
                place: place,
                text: "holds '\(certificate.subjectLine)', whose path length \(length) does not allow the \(below) "
                    + "below it"
            )
        }
        let usage: KeyUsage?
        do {
            usage = try certificate.extensions.keyUsage
        } catch {
            throw Fault(place: place, text: "holds '\(certificate.subjectLine)', whose key usage cannot be read")
        }
        guard usage?.keyCertSign ?? true else {
            throw Fault(place: place, text: "holds '\(certificate.subjectLine)', whose key may not sign certificates")
        }
    }
}
