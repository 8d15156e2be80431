import AWSSignature
import Foundation
import Testing

/// Random requests, signed by botocore when `Tests/Fixtures/sigv4/make_vectors.py` ran.
struct BotocoreVectorTests {
    struct Vector: Decodable, CustomTestStringConvertible, Sendable {
        var s3: Bool
        var region: String
        var service: String
        var epoch: Int64
        var key: String
        var secret: String
        var token: String?
        var method: String
        var path: String
        var query: [[String]]
        var headers: [[String]]
        var body: String
        var authorization: String

        var testDescription: String { "\(self.method) \(self.service) \(self.path)" }
    }

    @Test
    func everyRandomRequestIsSignedAsBotocoreSignsIt() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/sigv4/random.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 200)
        for line in lines {
            let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
            let body = try #require(Self.bytes(hex: vector.body))
            let request = SignableRequest(
                method: vector.method,
                path: vector.path,
                query: vector.query.map { QueryItem($0.first ?? "", $0.last ?? "") },
                headers: vector.headers.map { HeaderField($0.first ?? "", $0.last ?? "") },
                payload: .bytes(body)
            )
            let signer = RequestSigner(
                region: vector.region,
                service: vector.service,
                options: vector.s3 ? .s3 : .standard
            )
            let signature = signer.sign(
                request,
                credentials: SignatureCredentials(
                    accessKeyID: vector.key,
                    secretAccessKey: vector.secret,
                    sessionToken: vector.token
                ),
                at: SigningDate(epochSeconds: vector.epoch),
                digest: CryptoDigest.self
            )
            #expect(
                signature.authorization.description == vector.authorization,
                "\(vector.testDescription)\n\(signature.canonicalRequest)"
            )
        }
    }

    private static func bytes(hex: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = hex[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
