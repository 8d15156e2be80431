import MeshModel
package import MeshProtos

/// The rules of all RequestAuthentications of one service, ready to check requests.
///
/// A request without a token passes; whether it needs one is for AuthorizationPolicies to say. With tokens, one rule must
/// take all that are where it looks, or every token must be taken by some rule.
package final class TokenEngine<Verifier: SignatureVerifier>: Sendable {
    /// The rules whose keys cannot be used, so that every token of theirs is refused.
    package let faults: [PolicyFault]
    private let issuers: [TokenIssuer]
    private let verifier: Verifier
    /// The fields by which claims are told, and which clients must not write.
    private let claimFields: [String]

    /// Reads the rules.
    package init(_ rules: [TulleL7.TokenRule], verifier: Verifier) {
        var faults: [PolicyFault] = []
        self.issuers = rules.map { rule in
            var keys: KeySet?
            if rule.keys.isEmpty {
                faults.append(PolicyFault(policy: rule.origin, reason: "the keys of \(rule.issuer) could not be had"))
            } else {
                do {
                    keys = try KeySet(parsing: rule.keys)
                } catch {
                    faults.append(PolicyFault(policy: rule.origin, reason: "the keys of \(rule.issuer): \(error)"))
                }
            }
            return TokenIssuer(rule, keys: keys, verifier: verifier)
        }
        self.faults = faults
        self.verifier = verifier
        self.claimFields = Array(
            Set(self.issuers.flatMap { $0.claimHeaders.map(\.name) + ($0.payloadHeader.map { [$0] } ?? []) })
        ).sorted()
    }

    /// Whether there is no rule, so that nothing is checked.
    package var isEmpty: Bool { self.issuers.isEmpty }

    /// Checks a request's tokens.
    ///
    /// - Parameter now: seconds since 1970.
    package func check(_ view: RequestView, cache: inout TokenCache, now: Int64) -> TokenOutcome {
        guard !self.issuers.isEmpty else { return TokenOutcome() }
        var outcome = TokenOutcome(removedFields: self.claimFields)
        if Self.isPreflight(view) { return outcome }
        var tokens: [PresentedToken] = []
        var fault: TokenFault?
        for (place, issuer) in self.issuers.enumerated() {
            let texts = issuer.locations.tokens(in: view)
            guard texts.count <= TokenLocations.maximumTokens else {
                outcome.fault = .notVerified
                return outcome
            }
            var accepted: [VerifiedToken] = []
            for text in texts {
                let own = tokens.firstIndex { $0.text.utf8.elementsEqual(text.utf8) } ?? tokens.count
                if own == tokens.count {
                    guard own < TokenLocations.maximumTokens else {
                        outcome.fault = .notVerified
                        return outcome
                    }
                    tokens.append(PresentedToken(text))
                }
                do throws(TokenFault) {
                    let token = try self.verify(&tokens[own], issuer, &cache, now)
                    accepted.append(token)
                    if tokens[own].accepted == nil { tokens[own].accepted = (place, token) }
                } catch {
                    if fault == nil || fault == .unknownIssuer { fault = error }
                }
            }
            if !texts.isEmpty, accepted.count == texts.count {
                self.tell(accepted.map { (place, $0) }, view, &outcome)
                return outcome
            }
        }
        let accepted = tokens.compactMap(\.accepted)
        if accepted.count == tokens.count {
            self.tell(accepted, view, &outcome)
        } else {
            outcome.fault = fault ?? .notVerified
        }
        return outcome
    }

    /// A token of a request, read and digested once for all rules.
    private struct PresentedToken {
        let text: String
        var digest: TextDigest?
        var parsed: SignedToken??
        /// The first rule that takes it.
        var accepted: (Int, VerifiedToken)?

        init(_ text: String) { self.text = text }
    }

    private func verify(
        _ token: inout PresentedToken,
        _ issuer: TokenIssuer,
        _ cache: inout TokenCache,
        _ now: Int64
    ) throws(TokenFault) -> VerifiedToken {
        var key: TokenCache.Key?
        if token.text.utf8.count <= TokenCache.tokenBytes, let rule = issuer.digest {
            if token.digest == nil { token.digest = TextDigest(self.verifier.digest(Array(token.text.utf8))) }
            key = token.digest.map { TokenCache.Key(token: $0, rule: rule) }
        }
        if let key, let known = cache.token(key, now: now) {
            if let fault = known.times.fault(at: now) { throw fault }
            return known
        }
        if token.parsed == nil { token.parsed = .some(SignedToken(parsing: token.text)) }
        guard case .some(.some(let parsed)) = token.parsed else { throw .notVerified }
        let verified = try issuer.verify(parsed, now: now, verifier: self.verifier)
        if let key { cache.add(verified, key, now: now) }
        return verified
    }

    private func tell(_ accepted: [(Int, VerifiedToken)], _ view: RequestView, _ outcome: inout TokenOutcome) {
        for (place, token) in accepted {
            let issuer = self.issuers[place]
            outcome.claims.append(token.claims)
            for (name, value) in issuer.headers(for: token)
            where !outcome.addedFields.contains(where: { $0.name == name }) {
                outcome.addedFields.append(HeaderField(name, value, sensitive: true))
            }
            guard !issuer.rule.forwardsToken else { continue }
            for header in issuer.locations.headers
            where view.fields.contains(where: { $0.name == header.name && header.token(in: $0.value) != nil }) {
                outcome.removedFields.append(header.name)
            }
            outcome.removedParameters += issuer.locations.parameters
        }
    }

    /// A browser asks before it may send credentials, so there can be none (Fetch §4.8).
    private static func isPreflight(_ view: RequestView) -> Bool {
        view.method == "OPTIONS" && view.fields.first(named: "origin")?.isEmpty == false
            && view.fields.first(named: "access-control-request-method")?.isEmpty == false
    }
}
