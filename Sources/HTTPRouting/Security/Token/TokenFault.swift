/// Why a token is refused, with what Envoy answers.
package enum TokenFault: Error, Hashable, Sendable, CaseIterable {
    /// It is not a signed token that can be read, or its signature does not fit.
    case notVerified
    case expired
    case notYetValid
    /// Nobody vouches for its issuer here.
    case unknownIssuer
    /// No key goes with its key id and algorithm.
    case noKey
    /// The issuer's keys could not be had.
    case noKeySet
    /// It is for others.
    case wrongAudience

    /// The answer's status.
    package var status: Int { self == .wrongAudience ? 403 : 401 }

    /// The answer's body.
    package var body: String {
        switch self {
        case .notVerified: "Jwt verification fails"
        case .expired: "Jwt is expired"
        case .notYetValid: "Jwt not yet valid"
        case .unknownIssuer: "Jwt issuer is not configured"
        case .noKey: "Jwks doesn't have key to match kid or alg from Jwt"
        case .noKeySet: "Jwks remote fetch is failed"
        case .wrongAudience: "Audiences in Jwt are not allowed"
        }
    }

    /// Envoy's response code detail, for access logs.
    package var detail: String {
        let words = self.body.utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "_") : $0 }
        return "jwt_authn_access_denied{\(String(decoding: words, as: UTF8.self))}"
    }
}
