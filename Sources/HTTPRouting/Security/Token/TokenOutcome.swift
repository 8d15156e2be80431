package import MeshModel

/// What tokens mean for a request.
package struct TokenOutcome: Sendable, Hashable {
    /// Why it is refused; nil where it passes.
    package var fault: TokenFault?
    /// The payloads that policies and routes may ask for, first the one that counts.
    package var claims: [ClaimValue] = []
    /// Fields that are taken out: tokens, and whatever a client wrote where claims are told.
    package var removedFields: [String] = []
    /// Fields that tell claims to what is behind.
    package var addedFields: [HeaderField] = []
    /// Parameters of the query that are taken out.
    package var removedParameters: [String] = []

    /// Makes the request what the next filters and the destination see.
    package func apply(to view: inout RequestView) {
        view.tokens = self.claims
        if !self.removedFields.isEmpty {
            view.fields.removeAll { field in self.removedFields.contains(field.name) }
        }
        view.fields += self.addedFields
        if !self.removedParameters.isEmpty, let query = view.query {
            view.query = QueryPairs(query).removing(self.removedParameters)
        }
    }

    /// The `www-authenticate` field of the answer (RFC 6750 §3); nil where the status is not 401.
    package func challenge(for view: RequestView) -> HeaderField? {
        guard let fault = self.fault, fault.status == 401 else { return nil }
        let realm = "\(view.scheme)://\(view.authority)\(view.path)"
        let isPlain = realm.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        let prefix = isPlain && realm.utf8.count <= 1_024 ? "Bearer realm=\"\(realm)\", " : "Bearer "
        return HeaderField("www-authenticate", prefix + "error=\"invalid_token\"")
    }
}
