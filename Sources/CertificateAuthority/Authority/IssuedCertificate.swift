package import Foundation
package import MeshModel

/// A workload certificate that was just signed, in the shape that `CreateCertificate` answers with.
package struct IssuedCertificate: Sendable {
    /// PEM texts, each ending in a newline: the leaf, the intermediate, and last the root bundle.
    package let chain: [String]
    /// Whom the certificate names.
    package let identity: SPIFFEID
    /// The serial number, lower-case hex.
    package let serial: String
    /// The first instant of validity.
    package let notBefore: Date
    /// The last instant of validity.
    package let notAfter: Date
}

/// The control plane's own certificate with its key, as PEM text.
package struct ServingCertificate: Sendable, CustomStringConvertible {
    /// The leaf and the intermediate, one PEM text.
    package let chain: String
    /// The private key, PKCS#8 PEM.
    package let privateKey: String
    /// The first instant of validity.
    package let notBefore: Date
    /// The last instant of validity.
    package let notAfter: Date

    /// Whether a successor should be in place: past the middle of the validity, or before its start, which happens
    /// when the clock was ahead as it was made.
    package func isDueForRenewal(at now: Date) -> Bool {
        let middle = self.notBefore.addingTimeInterval(self.notAfter.timeIntervalSince(self.notBefore) / 2)
        return now >= middle || now < self.notBefore
    }

    /// The validity, without the key.
    package var description: String { "server certificate from \(self.notBefore) to \(self.notAfter)" }
}

/// A name under which clients reach the control plane.
package enum ServerName: Sendable, Hashable, CustomStringConvertible {
    case dns(String)
    case address(IPAddress)

    /// Reads a host name or an address literal; nil when the text is neither.
    package init?(parsing text: String) {
        if let address = IPAddress(parsing: text) {
            self = .address(address)
            return
        }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName =
            text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { byte in
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    }
            }
        guard isName else { return nil }
        self = .dns(text.lowercased())
    }

    package var description: String {
        switch self {
        case .dns(let name): name
        case .address(let address): "\(address)"
        }
    }
}
