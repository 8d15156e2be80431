import BoringTLS
import Testing

@testable import DataPlane

struct TaskAttestationTests {
    struct Vector: Sendable {
        var region: String
        var seconds: Int64
        var audience: String
        var token: String
        var hashed: [UInt8]
        var signature: String
        var tokenHash: String
    }

    /// Made with botocore 1.43.11: `SigV4Auth` with its clock set on an `AWSRequest` POST with the four headers, then
    /// `json.dumps(sort_keys=True, separators=(",", ":"))` and `urlsafe_b64encode`. The token is held by its SHA-256.
    static let vectors = [
        Vector(
            region: "us-east-1",
            seconds: 1_767_323_045,
            audience: "cluster.local/tulled",
            token: "TOKENEXAMPLE==",
            hashed: Array("key one".utf8),
            signature: "9a69ccad0f3121f02c84b3d4db61f85cb4d7f9d27046a08146fca330d5b9a60d",
            tokenHash: "14116b7d9d5cbb14f28d7ecbd9d8d4f062249a7ff5e041258cc293f70e2868e5"
        ),
        Vector(
            region: "eu-west-1",
            seconds: 1_795_366_500,
            audience: "mesh.example/cp",
            token: "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ+/=",
            hashed: [],
            signature: "cd5889acdc49c63f7e2f5cb5e9b6b68f0dcfad4126a37c754ce79daa7cefafad",
            tokenHash: "0bf5073d5a2c5ce50aaf89dd37dd53f72356dda9820b01e588c93eb3e7e92d44"
        ),
        Vector(
            region: "cn-north-1",
            seconds: 1_835_481_599,
            audience: "a",
            token: "t",
            hashed: [UInt8](repeating: UInt8(ascii: "x"), count: 91),
            signature: "7092d52f36a8e46e424ea510ffaed680c0a50bb680049f1e7afc427f5dba6370",
            tokenHash: "f36048495b974d9cf5e1e6ff968ab5eb59350343ff74c05cf97b41c2da6f5ddf"
        ),
    ]

    private func credentials(_ token: String, until expiration: String = "2099-01-01T00:00:00Z") throws
        -> ContainerCredentials
    {
        let body = """
            {"AccessKeyId":"AKIDEXAMPLE","SecretAccessKey":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "Token":"\(token)","Expiration":"\(expiration)"}
            """
        return try ContainerCredentials(body: Array(body.utf8))
    }

    @Test(arguments: vectors)
    func bytesAreThoseOfBotocore(_ vector: Vector) throws {
        let token = try TaskAttestation.bearerToken(
            credentials: try credentials(vector.token),
            region: try AWSRegion(vector.region),
            audience: vector.audience,
            publicKeyHash: SHA256.hash(vector.hashed),
            now: vector.seconds
        )
        let encoded = try #require(token.split(separator: ".").last)
        #expect(token.hasPrefix("tulle-aws-sts-v1."))
        let document = try JSONReader.parse(try #require(Base64.decode(encoded.utf8, .url)))
        let headers = try #require(document.object?["headers"]?.object)
        #expect(headers["authorization"]?.string?.hasSuffix("Signature=\(vector.signature)") == true)
        #expect(
            headers.members.map(\.name) == [
                "authorization", "content-type", "host", "x-amz-date", "x-amz-security-token", "x-tulle-audience",
                "x-tulle-key-sha256",
            ]
        )
        #expect(SHA256.hash(token.utf8).hexadecimal == vector.tokenHash)
    }

    @Test func whatCanNotBeSentIsRefused() throws {
        let region = try AWSRegion("us-east-1")
        let hash = [UInt8](repeating: 1, count: 32)
        func make(
            _ credentials: ContainerCredentials,
            audience: String = "a",
            hash: [UInt8] = hash
        ) throws(AttestationError) {
            _ = try TaskAttestation.bearerToken(
                credentials: credentials,
                region: region,
                audience: audience,
                publicKeyHash: hash,
                now: 1_767_323_045
            )
        }
        let good = try credentials("t")
        try make(good)
        for audience in ["", "a b", "a\r\nx: y", "é", String(repeating: "a", count: 256)] {
            #expect(throws: AttestationError.audienceMalformed) { try make(good, audience: audience) }
        }
        for hash in [[], Array(hash.dropLast()), hash + [1]] {
            #expect(throws: AttestationError.keyHashMalformed) { try make(good, hash: hash) }
        }
        let ended = try credentials("t", until: "2026-01-02T03:04:05Z")
        #expect(throws: AttestationError.credentialsExpired(expiration: 1_767_323_045)) { try make(ended) }
        try make(try credentials(String(repeating: "t", count: 8_192)))
    }
}
