import Foundation
import Testing

@testable import BoringTLS

/// Signatures of the RFCs' examples and of another library.
struct VerifyingKeyTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var algorithm: String
        var key: [[UInt8]]
        var message: [UInt8]
        var signature: [UInt8]
        var isGood: Bool

        var testDescription: String { self.name }

        var scheme: SignatureScheme? {
            [
                "RS256": .rsaPKCS1SHA256, "RS384": .rsaPKCS1SHA384, "RS512": .rsaPKCS1SHA512, "PS256": .rsaPSSSHA256,
                "PS384": .rsaPSSSHA384, "PS512": .rsaPSSSHA512, "ES256": .ecdsaP256, "ES384": .ecdsaP384,
                "ES512": .ecdsaP521, "EdDSA": .ed25519,
            ][self.algorithm]
        }

        var verifyingKey: VerifyingKey? {
            switch self.algorithm {
            case "EdDSA": VerifyingKey(ed25519: self.key[0])
            case "ES256": VerifyingKey(.p256, x: self.key[0], y: self.key[1])
            case "ES384": VerifyingKey(.p384, x: self.key[0], y: self.key[1])
            case "ES512": VerifyingKey(.p521, x: self.key[0], y: self.key[1])
            default: VerifyingKey(rsaModulus: self.key[0], exponent: self.key[1])
            }
        }

        static func read(_ file: String) -> [[String]] {
            let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")
            let text = (try? String(contentsOf: folder.appending(path: file), encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map { line in
                line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            }
        }

        static func bytes(_ text: some StringProtocol) -> [UInt8] { Base64.decode(text.utf8, .url) ?? [] }

        static let rfc = Self.read("rfc.txt").map { words in
            let dot = words[3].lastIndex(of: ".") ?? words[3].endIndex
            return Vector(
                name: words[0],
                algorithm: words[1],
                key: words[2].split(separator: ":").map(Self.bytes),
                message: Array(words[3][..<dot].utf8),
                signature: Self.bytes(words[3][dot...].dropFirst()),
                isGood: true
            )
        }

        static let made = Self.read("made.txt").map { words in
            Vector(
                name: words[0],
                algorithm: words[1],
                key: words[2].split(separator: ":").map(Self.bytes),
                message: Self.bytes(words[3]),
                signature: Self.bytes(words[4]),
                isGood: words[5] == "good"
            )
        }
    }

    @Test func allVectorsAreThere() {
        #expect(Vector.rfc.count == 7)
        #expect(Vector.made.filter(\.isGood).count == 30)
        #expect(Vector.made.filter { !$0.isGood }.count > 90)
    }

    @Test(arguments: Vector.rfc + Vector.made)
    func agreesWithOthers(_ vector: Vector) throws {
        let key = try #require(vector.verifyingKey)
        let scheme = try #require(vector.scheme)
        #expect(key.isValid(vector.signature, over: vector.message, scheme: scheme) == vector.isGood)
        // A bad one may be good by another scheme: that is what is wrong with some.
        for other in SignatureScheme.allCases where vector.isGood && other != scheme {
            #expect(!key.isValid(vector.signature, over: vector.message, scheme: other), "\(other)")
        }
    }

    @Test func keysOutOfBoundsAreRefused() throws {
        let big = [UInt8](repeating: 0xFF, count: 256)
        #expect(VerifyingKey(rsaModulus: big, exponent: [1, 0, 1]) != nil)
        #expect(VerifyingKey(rsaModulus: Array(big.dropLast()), exponent: [1, 0, 1]) == nil)
        #expect(VerifyingKey(rsaModulus: [0x7F] + big.dropLast(), exponent: [1, 0, 1]) == nil)
        #expect(VerifyingKey(rsaModulus: big + big + big + big + [1], exponent: [1, 0, 1]) == nil)
        #expect(VerifyingKey(rsaModulus: big, exponent: []) == nil)
        #expect(VerifyingKey(rsaModulus: big, exponent: [2]) == nil)
        let coordinate = [UInt8](repeating: 1, count: 32)
        #expect(VerifyingKey(.p256, x: coordinate, y: coordinate) == nil, "not on the curve")
        #expect(VerifyingKey(.p256, x: [UInt8](repeating: 0, count: 32), y: [UInt8](repeating: 0, count: 32)) == nil)
        #expect(VerifyingKey(.p384, x: coordinate, y: coordinate) == nil)
        #expect(VerifyingKey(ed25519: [1, 2, 3]) == nil)
    }
}
