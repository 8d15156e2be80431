package import AWSSignature
internal import BoringTLS

/// The proof that we are a certain ECS task, or a Lambda function: a signed `sts:GetCallerIdentity` request that is never sent by us.
///
/// The control plane sends it and learns from STS whose credentials signed it. Our audience and the hash of the key of
/// our certificate request are among the signed headers, so that nobody can use it elsewhere or for another key
/// (docs/decisions/0004).
package enum TaskAttestation {
    /// The bound on a bearer token, in bytes; the control plane reads no more.
    package static let byteLimit = 16 * 1024

    static let scheme = "tulle-aws-sts-v1."
    static let body = "Action=GetCallerIdentity&Version=2011-06-15"
    static let contentType = "application/x-www-form-urlencoded; charset=utf-8"

    /// The bearer token for `authorization: Bearer …`: a secret for the two minutes that it is good for.
    ///
    /// - Parameters:
    ///   - credentials: the task role's.
    ///   - region: whose STS is to be asked.
    ///   - audience: from the bootstrap token.
    ///   - publicKeyHash: SHA-256 of the DER SubjectPublicKeyInfo of the request's key.
    ///   - now: seconds since 1970.
    /// - Throws: ``AttestationError`` when a part can't be sent, or the credentials have ended.
    package static func bearerToken(
        credentials: ContainerCredentials,
        region: AWSRegion,
        audience: String,
        publicKeyHash: [UInt8],
        now: Int64
    ) throws(AttestationError) -> String {
        guard now < credentials.expiration else { throw .credentialsExpired(expiration: credentials.expiration) }
        return try bearerToken(
            keys: credentials.credentials,
            region: region,
            audience: audience,
            publicKeyHash: publicKeyHash,
            now: now
        )
    }

    /// The same with a session's keys whose end nobody told.
    package static func bearerToken(
        keys: SignatureCredentials,
        region: AWSRegion,
        audience: String,
        publicKeyHash: [UInt8],
        now: Int64
    ) throws(AttestationError) -> String {
        guard (1...255).contains(audience.utf8.count), audience.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .audienceMalformed
        }
        guard publicKeyHash.count == SHA256.digestBytes else { throw .keyHashMalformed }
        let fields = [
            HeaderField("content-type", contentType),
            HeaderField("host", region.stsHost),
            HeaderField("x-tulle-audience", audience),
            HeaderField("x-tulle-key-sha256", publicKeyHash.hexadecimal),
        ]
        let request = SignableRequest(method: "POST", headers: fields, payload: .bytes(Array(body.utf8)))
        let signature = RequestSigner(region: region.name, service: "sts").sign(
            request,
            credentials: keys,
            at: SigningDate(epochSeconds: now),
            digest: BoringDigest.self
        )
        let headers = signature.apply(to: fields)
            .map { (name: $0.lowercasedName, value: $0.value) }
            .sorted { $0.name < $1.name }
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("headers")
            writer.object { writer in for header in headers { writer.member(header.name, header.value) } }
            writer.member("region", region.name)
        }
        let token = scheme + Base64.encode(writer.bytes, .url)
        guard token.utf8.count <= byteLimit else { throw .oversized(bytes: token.utf8.count) }
        return token
    }
}

/// The digests of Signature Version 4 from BoringSSL.
enum BoringDigest: SignatureDigest {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { SHA256.hash(bytes) }

    static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        SHA256.authenticationCode(message, key: key)
    }
}
