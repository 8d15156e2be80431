import AWSClient
import AWSTestSupport
import CertificateAuthority
import Crypto
import Foundation
import Logging
import MeshModel
import SwiftASN1
import Synchronization
import Testing
import X509

/// An AWS Private CA that signs as the templates say, unless a test bends it.
final class FakePrivateCA: Sendable {
    static let arn = "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/1"

    /// How the authority behaves.
    struct Behaviour: Sendable {
        /// What signs.
        var signer: TestAuthority
        /// The answer of `GetCertificateAuthorityCertificate`.
        var above: [TestAuthority]
        /// How often a certificate is not ready.
        var looks = 0
        /// Error codes by action, one for each call to come.
        var errors: [String: [String]] = [:]
        var status = "ACTIVE"
        var isShortLived = false
        /// Departures from the template.
        var pathLength: Int? = 0
        var isAuthority = true
        var key: Certificate.PublicKey?
        var chain: String?
        var names: [GeneralName]?
        var lifetime: TimeInterval?
        var purposes = [ExtendedKeyUsage.Usage.serverAuth, .clientAuth]
        var usesSubjectOfRequest = false
        var hasCriticalNames: Bool?
    }

    let behaviour: Mutex<Behaviour>
    private let issued = Mutex<[String: (token: String, certificate: String, looks: Int)]>([:])

    /// An authority that is the root, or one below it.
    init(isRoot: Bool = false) throws {
        let root = try TestAuthority("corporate root")
        guard !isRoot else {
            self.behaviour = Mutex(Behaviour(signer: root, above: [root]))
            return
        }
        let signer = try TestAuthority("corporate issuing", by: root) { $0.pathLength = 1 }
        self.behaviour = Mutex(Behaviour(signer: signer, above: [signer, root]))
    }

    func bend(_ body: (inout Behaviour) -> Void) { self.behaviour.withLock { body(&$0) } }

    var transport: AWSTestSupport.FakeAWS {
        AWSTestSupport.FakeAWS { request in try self.answer(request) }
    }

    private func answer(_ request: AWSTestSupport.FakeAWS.Request) throws -> TransportResponse {
        let failing: String? = self.behaviour.withLock { behaviour in
            guard let first = behaviour.errors[request.action]?.first else { return nil }
            behaviour.errors[request.action]?.removeFirst()
            return first
        }
        if let failing { return .error(failing) }
        let behaviour = self.behaviour.withLock { $0 }
        switch request.action {
        case "DescribeCertificateAuthority":
            return .json([
                "CertificateAuthority": [
                    "Arn": .string(Self.arn), "Status": .string(behaviour.status),
                    "UsageMode": .string(behaviour.isShortLived ? "SHORT_LIVED_CERTIFICATE" : "GENERAL_PURPOSE"),
                    "NotAfter": .int(Int64(behaviour.signer.certificate.notValidAfter.timeIntervalSince1970)),
                    "CertificateAuthorityConfiguration": [
                        "KeyAlgorithm": "EC_prime256v1", "SigningAlgorithm": "SHA256WITHECDSA",
                    ],
                ]
            ])
        case "GetCertificateAuthorityCertificate": return .json(try self.pair(behaviour.above.map { try $0.pem }))
        case "IssueCertificate": return .json(["CertificateArn": .string(try self.issue(request.body, behaviour))])
        case "GetCertificate":
            let arn = request.body["CertificateArn"]?.string ?? ""
            let certificate: String? = self.issued.withLock { issued in
                guard let known = issued[arn] else { return "" }
                issued[arn]?.looks += 1
                return known.looks < behaviour.looks ? nil : known.certificate
            }
            guard let certificate else { return .error("RequestInProgressException") }
            guard !certificate.isEmpty else { return .error("ResourceNotFoundException") }
            var answer = try self.pair([certificate] + behaviour.above.map { try $0.pem })
            if let chain = behaviour.chain { answer["CertificateChain"] = .string(chain) }
            return .json(answer)
        default: return .error("UnknownOperationException")
        }
    }

    private func pair(_ texts: [String]) throws -> JSONValue {
        var answer: JSONValue = ["Certificate": .string(try #require(texts.first))]
        if texts.count > 1 { answer["CertificateChain"] = .string(texts.dropFirst().joined()) }
        return answer
    }

    private func issue(_ body: JSONValue, _ behaviour: Behaviour) throws -> String {
        let token = body["IdempotencyToken"]?.string ?? ""
        if let known = self.issued.withLock({ $0.first { $0.value.token == token }?.key }) { return known }
        let data = try #require(Data(base64Encoded: body["Csr"]?.string ?? ""))
        let request = try CertificateSigningRequest(pemEncoded: String(decoding: data, as: UTF8.self))
        let until = try #require(body["Validity"]?["Value"]?.int)
        let from = try #require(body["ValidityNotBefore"]?["Value"]?.int)
        let template = body["TemplateArn"]?.string ?? ""
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: behaviour.key ?? request.publicKey,
            notValidBefore: Date(timeIntervalSince1970: Double(from)),
            notValidAfter: behaviour.lifetime.map { Date(timeIntervalSinceNow: $0) }
                ?? Date(timeIntervalSince1970: Double(until)),
            issuer: behaviour.signer.certificate.subject,
            subject: try Self.subject(request, body, behaviour),
            extensions: template.contains("SubordinateCACertificate")
                ? Self.authorityExtensions(behaviour) : try Self.leafExtensions(request, body, behaviour),
            issuerPrivateKey: behaviour.signer.key
        )
        let arn = "\(Self.arn)/certificate/\(UUID().uuidString)"
        let pem = try certificate.serializeAsPEM().pemString + "\n"
        self.issued.withLock { $0[arn] = (token, pem, 0) }
        return arn
    }

    private static func subject(
        _ request: CertificateSigningRequest,
        _ body: JSONValue,
        _ behaviour: Behaviour
    ) throws -> DistinguishedName {
        guard !behaviour.usesSubjectOfRequest, let name = body["ApiPassthrough"]?["Subject"]?["Organization"]?.string
        else { return request.subject }
        return try DistinguishedName { OrganizationName(name) }
    }

    private static func authorityExtensions(_ behaviour: Behaviour) throws -> Certificate.Extensions {
        try Certificate.Extensions {
            if behaviour.isAuthority {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: behaviour.pathLength))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
            }
        }
    }

    private static func leafExtensions(
        _ request: CertificateSigningRequest,
        _ body: JSONValue,
        _ behaviour: Behaviour
    ) throws -> Certificate.Extensions {
        let asked = body["ApiPassthrough"]?["Extensions"]
        var names = Certificate.Extensions()
        if let custom = asked?["CustomExtensions"]?[0] {
            #expect(custom["ObjectIdentifier"] == "2.5.29.17")
            let value = try #require(Data(base64Encoded: custom["Value"]?.string ?? ""))
            names = try Certificate.Extensions([
                Certificate.Extension(
                    oid: .X509ExtensionID.subjectAlternativeName,
                    critical: custom["Critical"]?.bool ?? false,
                    value: Array(value)[...]
                )
            ])
        } else if let list = asked?["SubjectAlternativeNames"]?.array {
            names = try Certificate.Extensions {
                SubjectAlternativeNames(
                    list.compactMap { name in
                        name["UniformResourceIdentifier"]?.string.map { .uniformResourceIdentifier($0) }
                            ?? name["DnsName"]?.string.map { .dnsName($0) }
                            ?? name["IpAddress"]?.string.flatMap { IPAddress(parsing: $0) }
                            .map { .ipAddress(ASN1OctetString(contentBytes: $0.bytes[...])) }
                    }
                )
            }
        } else if let extensions = try request.attributes.extensionRequest?.extensions {
            names = extensions
        }
        if let bent = behaviour.names {
            names = try Certificate.Extensions { SubjectAlternativeNames(bent) }
        }
        let others = try Certificate.Extensions {
            Critical(
                behaviour.isAuthority && behaviour.pathLength == nil
                    ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : .notCertificateAuthority
            )
            Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
            try ExtendedKeyUsage(behaviour.purposes)
        }
        return try Certificate.Extensions(
            Array(others)
                + names.map { name in
                    Certificate.Extension(
                        oid: name.oid,
                        critical: behaviour.hasCriticalNames ?? name.critical,
                        value: name.value
                    )
                }
        )
    }
}

/// Pauses that take no time and are counted.
final class CountedPauses: Sendable {
    let pauses = Mutex<[Duration]>([])

    @Sendable func sleep(_ pause: Duration) async throws {
        self.pauses.withLock { $0.append(pause) }
    }

    var total: Duration { self.pauses.withLock { $0.reduce(.zero, +) } }
}
