/// What signing a request gives.
package struct RequestSignature: Sendable, Hashable {
    /// Headers to set on the request; those of the same name that it had are to be dropped.
    package var headers: [HeaderField]
    /// The `Authorization` header in parts.
    package var authorization: AuthorizationHeader
    /// The canonical request, for finding out why a service refused a signature.
    package var canonicalRequest: String
    /// The string to sign, likewise.
    package var stringToSign: String

    /// The request's headers with those of the signature in place.
    package func apply(to headers: [HeaderField]) -> [HeaderField] {
        let names = Set(self.headers.map(\.lowercasedName))
        return headers.filter { !names.contains($0.lowercasedName) } + self.headers
    }
}
