import Foundation

/// Reads what is fetched for tokens: key sets (RFC 7517), and OpenID discovery documents.
enum KeySetDocument {
    /// The most bytes of a document.
    static let bytes = 256 * 1024
    /// The most keys of a set.
    static let keys = 256

    /// Why a document can't be used.
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    /// Members of a key that tell something to those who check (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
    private static let members: Set<String> = ["kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y"]

    /// The public keys of a set, written anew: sorted, so that the same keys are the same text.
    ///
    /// A key that both makes and checks tokens is left out: whoever can read it could make tokens.
    static func keySet(_ body: [UInt8]) throws(Unusable) -> String {
        guard let object = Self.object(body), let keys = object["keys"] as? [[String: Any]] else {
            throw Unusable(description: "the answer is no key set: an object with a list `keys`")
        }
        let own = keys.filter { $0["kty"] is String && $0["kty"] as? String != "oct" }.prefix(Self.keys).map { key in
            key.filter { Self.members.contains($0.key) && Self.isPlain($0.value) }
        }
        guard !own.isEmpty else { throw Unusable(description: "the key set has no public key") }
        let document: [String: Any] = ["keys": Array(own)]
        guard let data = try? JSONSerialization.data(withJSONObject: document, options: [.sortedKeys]) else {
            throw Unusable(description: "the key set can't be written")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Where an issuer's discovery document says that its keys are (OpenID Connect Discovery 1.0 §4.3).
    static func keysURL(_ body: [UInt8], issuer: String) throws(Unusable) -> String {
        guard let object = Self.object(body) else { throw Unusable(description: "the discovery document is no object") }
        guard object["issuer"] as? String == issuer else {
            throw Unusable(description: "the discovery document is another issuer's")
        }
        guard let url = object["jwks_uri"] as? String else {
            throw Unusable(description: "the discovery document has no jwks_uri")
        }
        return url
    }

    private static func object(_ body: [UInt8]) -> [String: Any]? {
        try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    }

    private static func isPlain(_ value: Any) -> Bool { value is String || value is [String] }
}
