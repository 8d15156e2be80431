import MeshProtos

/// One rule of a RequestAuthentication: who issues tokens, where they are, and what becomes of them.
struct TokenIssuer: Sendable {
    /// Claims that are always lists of words.
    private static let wordClaims = ["scope", "permission"]

    let rule: TulleL7.TokenRule
    let locations: TokenLocations
    /// Nil where they could not be had: then every token is refused.
    let keys: KeySet?
    /// Of all that decides whether a token is good.
    let digest: TextDigest?
    let claimHeaders: [(name: String, claim: String)]
    let payloadHeader: String?

    init(_ rule: TulleL7.TokenRule, keys: KeySet?, verifier: some SignatureVerifier) {
        self.rule = rule
        self.locations = TokenLocations(rule)
        self.keys = keys
        self.claimHeaders = rule.claimHeaders.map { ($0.header.foldedASCII, $0.claim) }
        self.payloadHeader = rule.payloadHeader.isEmpty ? nil : rule.payloadHeader.foldedASCII
        let deciding = TulleL7.TokenRule.with {
            $0.issuer = rule.issuer
            $0.audiences = rule.audiences
            $0.keys = rule.keys
            $0.spaceDelimitedClaims = rule.spaceDelimitedClaims
        }
        self.digest = TextDigest(verifier.digest(deciding.serialized))
    }

    /// Checks a token: cheap questions first, the signature last.
    func verify(
        _ token: SignedToken,
        now: Int64,
        verifier: some SignatureVerifier
    ) throws(TokenFault) -> VerifiedToken {
        if !self.rule.issuer.isEmpty {
            guard case .string(let issuer)? = token.payload[["iss"]],
                issuer.utf8.elementsEqual(self.rule.issuer.utf8)
            else { throw .unknownIssuer }
        }
        guard let times = TokenTimes(token.payload) else { throw .notVerified }
        if let fault = times.fault(at: now) { throw fault }
        guard self.isAudience(token.payload[["aud"]]) else { throw .wrongAudience }
        guard let keys = self.keys else { throw .noKeySet }
        let candidates = keys.candidates(algorithm: token.algorithm, id: token.keyID)
        guard !candidates.isEmpty else { throw .noKey }
        for key in candidates
        where verifier.isValid(token.signature, over: token.signedBytes, algorithm: token.algorithm, key: key) {
            return VerifiedToken(
                payload: token.payload,
                claims: self.claims(token.payload),
                encodedPayload: token.encodedPayload,
                times: times
            )
        }
        throw .notVerified
    }

    private func isAudience(_ claim: ClaimValue?) -> Bool {
        guard !self.rule.audiences.isEmpty else { return true }
        let isOurs: (ClaimValue) -> Bool = { value in
            guard case .string(let text) = value else { return false }
            return self.rule.audiences.contains { $0.utf8.elementsEqual(text.utf8) }
        }
        switch claim {
        case .list(let values)?: return values.contains(where: isOurs)
        case let value?: return isOurs(value)
        case nil: return false
        }
    }

    private func claims(_ payload: ClaimValue) -> ClaimValue {
        guard case .object(var members) = payload else { return payload }
        let words = Self.wordClaims + self.rule.spaceDelimitedClaims
        for place in members.indices where words.contains(where: { $0.utf8.elementsEqual(members[place].name.utf8) }) {
            guard case .string(let text) = members[place].value else { continue }
            members[place].value = .list(
                text.utf8.split(separator: UInt8(ascii: " ")).map { .string(String(decoding: $0, as: UTF8.self)) }
            )
        }
        return .object(members)
    }

    /// The headers that tell the token's claims to what is behind.
    func headers(for token: VerifiedToken) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let payloadHeader = self.payloadHeader { headers.append((payloadHeader, token.encodedPayload)) }
        for (name, claim) in self.claimHeaders {
            guard let value = Self.text(token.payload[[claim]] ?? token.payload[Self.path(claim)]),
                HeaderRules.isValue(value)
            else { continue }
            headers.append((name, value))
        }
        return headers
    }

    private static func path(_ claim: String) -> [String] {
        claim.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func text(_ value: ClaimValue?) -> String? {
        switch value {
        case .string(let text)?: text
        case .number(let text)?: text
        case .bool(let flag)?: flag ? "true" : "false"
        case .null?, .list?, .object?, nil: nil
        }
    }
}
