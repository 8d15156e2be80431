/// Why a text is not the identity of a workload of the mesh.
package enum SPIFFEIDError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Longer than ``SPIFFEID/maximumBytes``; the payload is the length in bytes.
    case tooLong(Int)
    /// Does not begin with `spiffe://`.
    case wrongScheme
    /// The trust domain is empty, longer than 255 bytes, or has a byte other than `a-z 0-9 . - _`.
    case invalidTrustDomain
    /// The path is not `/ns/<namespace>/sa/<service account>`.
    case invalidPath
    /// The namespace is empty, `.`, `..`, or has a byte other than `a-z A-Z 0-9 . - _`.
    case invalidNamespace
    /// The service account is empty, `.`, `..`, or has a byte other than `a-z A-Z 0-9 . - _`.
    case invalidServiceAccount

    package var description: String {
        switch self {
        case .tooLong(let count): "the SPIFFE ID has \(count) bytes; \(SPIFFEID.maximumBytes) are allowed"
        case .wrongScheme: "the SPIFFE ID does not begin with spiffe://"
        case .invalidTrustDomain: "the trust domain must be 1 to 255 of a-z, 0-9, '.', '-' and '_'"
        case .invalidPath: "the SPIFFE ID's path must be /ns/<namespace>/sa/<service account>"
        case .invalidNamespace: "the namespace must be of a-z, A-Z, 0-9, '.', '-' and '_', and not . or .."
        case .invalidServiceAccount: "the service account must be of a-z, A-Z, 0-9, '.', '-' and '_', and not . or .."
        }
    }
}

/// The identity of a workload: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
///
/// A value of this type is always valid by the SPIFFE ID standard §2; nothing is decoded or normalised, so equal
/// identities have equal bytes.
package struct SPIFFEID: Hashable, Sendable, CustomStringConvertible {
    /// The longest URI that is read (SPIFFE ID standard §2.3).
    package static let maximumBytes = 2048

    /// Who vouches for the identity.
    package let trustDomain: String
    /// The workload's namespace.
    package let namespace: String
    /// The workload's service account.
    package let serviceAccount: String

    /// Joins the three parts after checking them.
    package init(trustDomain: String, namespace: String, serviceAccount: String) throws(SPIFFEIDError) {
        guard (1...255).contains(trustDomain.utf8.count), trustDomain.utf8.allSatisfy(Self.isTrustDomainByte) else {
            throw .invalidTrustDomain
        }
        guard Self.isSegment(namespace) else { throw .invalidNamespace }
        guard Self.isSegment(serviceAccount) else { throw .invalidServiceAccount }
        self.trustDomain = trustDomain
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        let count = self.uri.utf8.count
        guard count <= Self.maximumBytes else { throw .tooLong(count) }
    }

    /// Reads a URI. Other forms of SPIFFE ID than the mesh's are refused.
    package init(parsing text: String) throws(SPIFFEIDError) {
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLong(text.utf8.count) }
        let scheme = "spiffe://"
        guard text.utf8.starts(with: scheme.utf8) else { throw .wrongScheme }
        let parts = text.utf8.dropFirst(scheme.utf8.count)
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard let trustDomain = parts.first, !trustDomain.isEmpty else { throw .invalidTrustDomain }
        guard parts.count == 5, parts[1] == "ns", parts[3] == "sa" else {
            throw trustDomain.utf8.allSatisfy(Self.isTrustDomainByte) ? .invalidPath : .invalidTrustDomain
        }
        try self.init(trustDomain: trustDomain, namespace: parts[2], serviceAccount: parts[4])
    }

    /// The identity as a URI.
    package var uri: String { "spiffe://\(self.principal)" }

    /// The identity as authorization policies write it: the URI without `spiffe://`.
    package var principal: String { "\(self.trustDomain)/ns/\(self.namespace)/sa/\(self.serviceAccount)" }

    package var description: String { self.uri }

    private static func isTrustDomainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isSegment(_ text: String) -> Bool {
        guard !text.isEmpty, text != ".", text != ".." else { return false }
        return text.utf8.allSatisfy { byte in
            self.isTrustDomainByte(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
    }
}
