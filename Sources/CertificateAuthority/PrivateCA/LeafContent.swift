import AWSClient
import Foundation
import SwiftASN1
import X509

/// What a leaf that a Private CA signs is to hold: as the call says it, and as the answer is held against.
struct LeafContent: Sendable {
    /// The only names.
    let names: [GeneralName]
    /// The key.
    let publicKey: Certificate.PublicKey
    /// The organization of a subject that is not empty.
    let organization: String
    /// The latest end.
    let notAfter: Date

    /// `ApiPassthrough` of `IssueCertificate`.
    ///
    /// - Parameter hasSubject: whether the subject names the organization; without it the names have to be critical
    ///   (RFC 5280 §4.2.1.6), which only an extension that is written out can be.
    func passthrough(hasSubject: Bool) throws -> JSONValue {
        var extensions: JSONValue = [
            "KeyUsage": ["DigitalSignature": true, "KeyEncipherment": true],
            "ExtendedKeyUsage": [
                ["ExtendedKeyUsageType": "SERVER_AUTH"], ["ExtendedKeyUsageType": "CLIENT_AUTH"],
            ],
        ]
        guard hasSubject else {
            let names = try Certificate.Extension(SubjectAlternativeNames(self.names), critical: true)
            extensions["CustomExtensions"] = [
                [
                    "ObjectIdentifier": "2.5.29.17", "Critical": true,
                    "Value": .string(Data(names.value).base64EncodedString()),
                ]
            ]
            return ["Extensions": extensions]
        }
        extensions["SubjectAlternativeNames"] = .array(
            self.names.compactMap { name in
                switch name {
                case .uniformResourceIdentifier(let uri): ["UniformResourceIdentifier": .string(uri)]
                case .dnsName(let text): ["DnsName": .string(text)]
                case .ipAddress(let address): ["IpAddress": .string(Self.text(address))]
                default: nil
                }
            }
        )
        return ["Extensions": extensions, "Subject": ["Organization": .string(self.organization)]]
    }

    /// Holds an answer against what was asked. Whatever a template adds or leaves out, nobody gets another name, another
    /// key or a longer life than it was granted.
    ///
    /// - Throws: `AuthorityError` with `private_ca_answer_invalid`.
    func check(_ leaf: Certificate, now: Date) throws(AuthorityError) {
        guard leaf.publicKey == self.publicKey else {
            throw PrivateCAPath.invalid("the leaf certifies another key than the request's")
        }
        guard let names = leaf.extensions[oid: .X509ExtensionID.subjectAlternativeName],
            let found = try? SubjectAlternativeNames(names), Set(found) == Set(self.names)
        else { throw PrivateCAPath.invalid("the leaf's names are not those that were asked for") }
        guard names.critical || !leaf.subject.isEmpty else {
            throw PrivateCAPath.invalid("the leaf has no subject, so its names must be critical: peers refuse it")
        }
        guard leaf.subject.isEmpty || "\(leaf.subject)" == "\(self.subject)" else {
            throw PrivateCAPath.invalid("the leaf's subject is '\(leaf.subjectLine)', not '\(self.subject)'")
        }
        if case .isCertificateAuthority = try? leaf.extensions.basicConstraints {
            throw PrivateCAPath.invalid("the leaf is an authority: check the template")
        }
        let usage = try? leaf.extensions.keyUsage
        let purposes = try? leaf.extensions.extendedKeyUsage
        guard usage?.digitalSignature == true, usage?.keyCertSign == false,
            purposes?.contains(.clientAuth) == true, purposes?.contains(.serverAuth) == true
        else {
            throw PrivateCAPath.invalid("the leaf is not for both sides of a connection: check the template")
        }
        guard leaf.notValidBefore <= now, now < leaf.notValidAfter,
            leaf.notValidAfter <= self.notAfter.addingTimeInterval(1)
        else {
            throw PrivateCAPath.invalid(
                "the leaf holds from \(leaf.notValidBefore) to \(leaf.notValidAfter), \(self.notAfter) was asked for"
            )
        }
    }

    private var subject: DistinguishedName {
        (try? DistinguishedName { OrganizationName(self.organization) }) ?? DistinguishedName()
    }

    private static func text(_ address: ASN1OctetString) -> String {
        let bytes = Array(address.bytes)
        guard bytes.count == 16 else { return bytes.map(String.init).joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
            .joined(separator: ":")
    }
}
