internal import CNIOBoringSSL

/// Certificate revocation lists (RFC 5280 §5) as they came in one file.
///
/// Immutable, and usable from any thread. A list says something only about certificates that were issued by the key
/// which signed the list: a list of an authority with the same name and another key counts for nothing. A certificate
/// that no list speaks of is not revoked, and a list doesn't age: who revokes is trusted until told otherwise, as
/// Istio's ztunnel has it.
package final class RevocationSet: Sendable {
    private let lists: [RevocationList]

    /// The largest file that is read, in bytes; also what a Kubernetes ConfigMap may hold.
    package static let byteLimit = 1024 * 1024
    /// The most lists of one file.
    package static let listLimit = 256

    /// A set that revokes nothing.
    package init() {
        lists = []
    }

    /// Reads a file: PEM with any number of `X509 CRL` blocks, other blocks being left out, or one list in DER.
    ///
    /// Nothing, or nothing but white space, is a set that revokes nothing.
    /// - Throws: ``RevocationError`` when any list can't be used; a part of a file is never taken for the whole.
    package init(file bytes: [UInt8]) throws(RevocationError) {
        guard bytes.count <= Self.byteLimit else { throw .tooLarge(bytes: bytes.count) }
        if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
            lists = []
            return
        }
        // The tag of a sequence, and a length of more than one byte, which no text has in second place.
        if bytes.first == 0x30, let length = bytes.dropFirst().first, length >= 0x80 {
            lists = [try RevocationList(der: bytes, index: 1)]
            return
        }
        lists = try Self.parse(pem: bytes)
    }

    private static func parse(pem bytes: [UInt8]) throws(RevocationError) -> [RevocationList] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed(index: 1) }
        let blocks: [PEMBlock]
        do {
            blocks = try PEMBlock.parse(text)
        } catch {
            throw .notPEM(error)
        }
        // Text without any block is no PEM file; most likely somebody else's file.
        guard !blocks.isEmpty else { throw .malformed(index: 1) }
        var lists: [RevocationList] = []
        for block in blocks where block.label == "X509 CRL" {
            guard lists.count < listLimit else { throw .tooMany }
            lists.append(try RevocationList(der: block.bytes, index: lists.count + 1))
        }
        return lists
    }

    /// Lists in the set.
    package var listCount: Int { lists.count }

    /// Revoked certificates in all lists.
    package var entryCount: Int { lists.reduce(0) { $0 + $1.entryCount } }

    /// Whether a list that was signed by `issuer` names `certificate`.
    ///
    /// The signature is checked only where the list names the certificate, so a handshake of a good peer pays for a
    /// look-up only.
    /// - Parameters:
    ///   - certificate: `X509` of a verified path.
    ///   - issuer: `X509` of the next one of that path.
    func revokes(_ certificate: OpaquePointer, issuedBy issuer: OpaquePointer) -> Bool {
        lists.contains { $0.names(certificate) && $0.isSigned(by: issuer) }
    }
}

/// Why a file of revocation lists can't be used.
package enum RevocationError: Error, Equatable, CustomStringConvertible {
    /// The file is above ``RevocationSet/byteLimit``.
    case tooLarge(bytes: Int)
    /// There are more lists than ``RevocationSet/listLimit``.
    case tooMany
    /// The text isn't PEM.
    case notPEM(PEMBlock.Failure)
    /// The list of this number, counted from 1, isn't a DER-encoded CRL.
    case malformed(index: Int)
    /// The list has a critical extension that we don't know, or is a delta or an indirect list.
    case unsupported(index: Int, String)

    package var description: String {
        switch self {
        case .tooLarge(let bytes):
            "revocation file of \(bytes) bytes; at most \(RevocationSet.byteLimit) are allowed"
        case .tooMany: "more than \(RevocationSet.listLimit) revocation lists"
        case .notPEM(let failure): "revocation file: \(failure)"
        case .malformed(let index): "revocation list \(index) is neither PEM (X509 CRL) nor DER"
        case .unsupported(let index, let what): "revocation list \(index): \(what) is not supported"
        }
    }
}
