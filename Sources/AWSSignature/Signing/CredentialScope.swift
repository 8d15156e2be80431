/// Where and when a signature holds: `20260102/us-east-1/sts/aws4_request`.
package struct CredentialScope: Sendable, Hashable, CustomStringConvertible {
    /// The day, eight digits.
    package var day: String
    /// The region, such as `us-east-1`.
    package var region: String
    /// The service's signing name, such as `sts`.
    package var service: String

    /// Holds the three parts that vary.
    package init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    package var description: String { "\(self.day)/\(self.region)/\(self.service)/aws4_request" }

    /// The key that signs inside this scope: a chain of HMACs from the secret over day, region and service.
    package func signingKey<Digest: SignatureDigest>(secretAccessKey: String, digest: Digest.Type) -> [UInt8] {
        [self.day, self.region, self.service, "aws4_request"].reduce(Array("AWS4\(secretAccessKey)".utf8)) {
            key,
            part in
            Digest.hmacSHA256(key: key, message: Array(part.utf8))
        }
    }
}
