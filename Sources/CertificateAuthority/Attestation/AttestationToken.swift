import AWSClient
import AWSSignature
package import Foundation

/// The signed statement with which a task proves its role: a `GetCallerIdentity` request that it signed but did not
/// send, with our audience and the hash of its key among the signed headers.
///
/// A value of this type is well formed and bounded. Nothing in it is proven yet.
package struct AttestationToken: Sendable, Hashable, CustomStringConvertible {
    /// The largest accepted `authorization` value, in bytes.
    package static let tokenBytes = 16 << 10
    /// The scheme and format name before the payload.
    package static let prefix = "Bearer tulle-aws-sts-v1."
    /// The only headers that a token may carry. Every one but `authorization` must be signed.
    package static let signedHeaderNames: [String] = [
        "content-type", "host", "x-amz-date", "x-amz-security-token", "x-tulle-audience", "x-tulle-key-sha256",
    ]
    /// The one content type that the request to STS may have.
    package static let contentType = "application/x-www-form-urlencoded; charset=utf-8"

    /// The region that the task named.
    package let region: String
    /// All headers by lower-case name: exactly `signedHeaderNames` and `authorization`.
    package let headers: [String: String]
    /// The access key that signed.
    package let accessKey: String
    /// The signature, 64 hex digits.
    package let signature: String
    /// When it was signed.
    package let date: Date

    /// The audience that was signed.
    package var audience: String { self.headers["x-tulle-audience"] ?? "" }
    /// The hash of the key that was signed, as lower-case hex.
    package var keyDigest: String { self.headers["x-tulle-key-sha256"] ?? "" }
    /// The host that was signed.
    package var host: String { self.headers["host"] ?? "" }

    /// Reads the values of the call's `authorization` metadata.
    ///
    /// - Throws: `IssuanceRefusal` with `attestation_missing`, `attestation_oversized`, `attestation_malformed` or
    ///   `attestation_headers_not_signed`.
    package init(authorization values: [String]) throws(IssuanceRefusal) {
        guard let value = values.first else {
            throw IssuanceRefusal(.attestationMissing, "send the attestation as authorization metadata")
        }
        guard values.count == 1 else {
            throw Self.malformed("send exactly one authorization value, not \(values.count)")
        }
        guard value.utf8.count <= Self.tokenBytes else {
            throw IssuanceRefusal(
                .attestationOversized,
                "the attestation has \(value.utf8.count) bytes, at most \(Self.tokenBytes)"
            )
        }
        guard value.hasPrefix(Self.prefix) else {
            throw Self.malformed("the authorization must begin with '\(Self.prefix)'")
        }
        guard let payload = Base64URL.decode(value.utf8.dropFirst(Self.prefix.utf8.count)) else {
            throw Self.malformed("the payload is no base64url without padding")
        }
        guard let (region, headers) = Self.document(payload) else {
            throw Self.malformed("the payload must be JSON with the fields headers and region, each name once")
        }
        guard AWSPartition.isPlausible(region: region) else {
            throw Self.malformed("region '\(PlainLine.of(region, bytes: 32))' must look like us-east-1")
        }
        let expected = Set(Self.signedHeaderNames + ["authorization"])
        guard Set(headers.keys) == expected else {
            let missing = expected.subtracting(headers.keys).sorted()
            throw Self.malformed(
                missing.isEmpty
                    ? "only these headers are allowed: \(expected.sorted().joined(separator: ", "))"
                    : "these headers are missing: \(missing.joined(separator: ", "))"
            )
        }
        guard headers.values.allSatisfy(Self.isHeaderValue) else {
            throw Self.malformed("header values must be printable ASCII and not empty")
        }
        guard headers["content-type"] == Self.contentType else {
            throw Self.malformed("content-type must be '\(Self.contentType)'")
        }
        guard let stamp = headers["x-amz-date"], let date = SigningDate(parsing: stamp) else {
            throw Self.malformed("x-amz-date must have the form 20260102T030405Z")
        }
        let signature: AuthorizationHeader
        do {
            signature = try AuthorizationHeader(parsing: headers["authorization"] ?? "")
        } catch {
            throw Self.malformed("the signed authorization is no AWS4-HMAC-SHA256 header: \(error)")
        }
        guard signature.scope == CredentialScope(day: date.day, region: region, service: "sts") else {
            throw Self.malformed(
                "the credential scope must be <day of x-amz-date>/\(region.prefix(32))/sts/aws4_request"
            )
        }
        let unsigned = Set(Self.signedHeaderNames).subtracting(signature.signedHeaders).sorted()
        guard unsigned.isEmpty else {
            throw IssuanceRefusal(
                .attestationHeadersNotSigned,
                "sign these headers too: \(unsigned.joined(separator: ", "))"
            )
        }
        guard signature.signedHeaders.count == Self.signedHeaderNames.count else {
            throw Self.malformed("SignedHeaders must name exactly \(Self.signedHeaderNames.joined(separator: ";"))")
        }
        self.region = region
        self.headers = headers
        self.accessKey = signature.accessKeyID
        self.signature = signature.signature
        self.date = Date(timeIntervalSince1970: Double(date.epochSeconds))
    }

    /// The access key alone. Whoever has the rest can ask STS, and so could a log's reader.
    package var description: String { "attestation of \(self.accessKey), the rest is not shown" }

    /// The payload's two fields. The reader takes UTF-8 only, and no name twice, so that there is one way to read it.
    private static func document(_ payload: [UInt8]) -> (region: String, headers: [String: String])? {
        var limits = JSONLimits()
        limits.bytes = Self.tokenBytes
        limits.depth = 2
        guard let document = (try? JSONValue(parsing: payload, limits: limits))?.object,
            Set(document.names) == ["headers", "region"],
            let region = document["region"]?.string,
            let members = document["headers"]?.object
        else { return nil }
        var headers: [String: String] = [:]
        for member in members {
            guard let value = member.value.string else { return nil }
            headers[member.name] = value
        }
        return (region, headers)
    }

    static func malformed(_ hint: String) -> IssuanceRefusal {
        IssuanceRefusal(.attestationMalformed, hint)
    }

    private static func isHeaderValue(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }
}
