import Crypto
import SwiftASN1
import X509

/// Which keys we certify and sign with.
enum KeyRules {
    /// RSA keys below this are too weak, above the upper end they only burn processor time.
    static let rsaBits = 2048...8192
    /// What is accepted, for messages.
    static let accepted = "EC P-256, EC P-384, or RSA with 2048 to 8192 bits"

    /// The key's DER SubjectPublicKeyInfo.
    static func information(_ key: Certificate.PublicKey) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try key.serialize(into: &serializer)
        return serializer.serializedBytes
    }

    /// Whether the key is one of those in `accepted`.
    static func isAcceptable(_ key: Certificate.PublicKey) -> Bool {
        if P256.Signing.PublicKey(key) != nil || P384.Signing.PublicKey(key) != nil { return true }
        guard let bits = try? Self.rsaModulusBits(key) else { return false }
        return Self.rsaBits.contains(bits)
    }

    /// What a key of an accepted kind signs with.
    static func algorithm(of key: Certificate.PublicKey) -> Certificate.SignatureAlgorithm {
        if P256.Signing.PublicKey(key) != nil { return .ecdsaWithSHA256 }
        if P384.Signing.PublicKey(key) != nil { return .ecdsaWithSHA384 }
        return .sha256WithRSAEncryption
    }

    /// The size of an RSA key, or nil for any other kind.
    private static func rsaModulusBits(_ key: Certificate.PublicKey) throws -> Int? {
        let information = try Self.information(key)
        let algorithm = try DER.sequence(try DER.parse(information), identifier: .sequence) { nodes in
            guard let first = nodes.next() else { return ASN1ObjectIdentifier?.none }
            let algorithm = try DER.sequence(first, identifier: .sequence) { nodes in
                let oid = try ASN1ObjectIdentifier(derEncoded: &nodes)
                _ = nodes.next()
                return ASN1ObjectIdentifier?.some(oid)
            }
            _ = nodes.next()
            return algorithm
        }
        guard algorithm == [1, 2, 840, 113_549, 1, 1, 1] else { return nil }
        let modulus = try DER.sequence(try DER.parse(key.subjectPublicKeyInfoBytes), identifier: .sequence) { nodes in
            let modulus = try ArraySlice<UInt8>(derEncoded: &nodes)
            _ = try ArraySlice<UInt8>(derEncoded: &nodes)
            return modulus
        }
        let significant = modulus.drop { $0 == 0 }
        guard let top = significant.first else { return nil }
        return significant.count * 8 - top.leadingZeroBitCount
    }
}
