/// Signs requests with AWS Signature Version 4.
///
/// Pure: time, keys and digest come from the caller, and the same input gives the same bytes.
package struct RequestSigner: Sendable, Hashable {
    /// The region in the credential scope.
    package var region: String
    /// The service's signing name in the credential scope.
    package var service: String
    /// What the service departs from the common rules in.
    package var options: SigningOptions

    /// A signer for one service in one region.
    package init(region: String, service: String, options: SigningOptions = .standard) {
        self.region = region
        self.service = service
        self.options = options
    }

    /// Signs a request.
    ///
    /// `Authorization`, `X-Amz-Date`, `X-Amz-Security-Token` and, when asked for, `X-Amz-Content-SHA256` that the
    /// request already has are replaced by those of the result, so that a retry can be signed anew.
    ///
    /// - Parameters:
    ///   - request: all parts as they will go out.
    ///   - credentials: who signs.
    ///   - date: now, by the signer's clock.
    ///   - selection: which headers are covered.
    ///   - digest: where SHA-256 comes from.
    package func sign<Digest: SignatureDigest>(
        _ request: SignableRequest,
        credentials: SignatureCredentials,
        at date: SigningDate,
        selection: HeaderSelection = .standard,
        digest: Digest.Type
    ) -> RequestSignature {
        let payloadHash =
            switch request.payload {
            case .bytes(let body): Hexadecimal.encode(Digest.sha256(body))
            case .precomputed(let hash): hash
            }
        var added = [HeaderField("X-Amz-Date", date.description)]
        if self.options.addsContentHashHeader {
            added.append(HeaderField("X-Amz-Content-SHA256", payloadHash))
        }
        let token = credentials.sessionToken.map { HeaderField("X-Amz-Security-Token", $0) }
        if self.options.signsSessionToken, let token {
            added.append(token)
        }

        let replaced: Set<String> = ["authorization", "x-amz-date", "x-amz-security-token"]
        let ours = Set(added.map(\.lowercasedName))
        let kept = request.headers.filter {
            !replaced.contains($0.lowercasedName) && !ours.contains($0.lowercasedName)
        }
        let signed = Self.canonicalHeaders(kept + added, selection: selection)
        let signedHeaders = signed.map(\.name)
        let canonicalRequest = [
            request.method,
            request.canonicalPath(self.options),
            QueryItem.canonicalQuery(request.query),
            signed.map { "\($0.name):\($0.value)\n" }.joined(),
            signedHeaders.joined(separator: ";"),
            payloadHash,
        ].joined(separator: "\n")

        let scope = CredentialScope(day: date.day, region: self.region, service: self.service)
        let stringToSign = [
            "AWS4-HMAC-SHA256",
            date.description,
            scope.description,
            Hexadecimal.encode(Digest.sha256(Array(canonicalRequest.utf8))),
        ].joined(separator: "\n")
        let key = scope.signingKey(secretAccessKey: credentials.secretAccessKey, digest: digest)
        let authorization = AuthorizationHeader(
            accessKeyID: credentials.accessKeyID,
            scope: scope,
            signedHeaders: signedHeaders,
            signature: Hexadecimal.encode(Digest.hmacSHA256(key: key, message: Array(stringToSign.utf8)))
        )
        if !self.options.signsSessionToken, let token {
            added.append(token)
        }
        added.append(HeaderField("Authorization", authorization.description))
        return RequestSignature(
            headers: added,
            authorization: authorization,
            canonicalRequest: canonicalRequest,
            stringToSign: stringToSign
        )
    }

    /// Selected headers by lower-case name in byte order; values of one name joined by commas in their order.
    private static func canonicalHeaders(_ headers: [HeaderField], selection: HeaderSelection) -> [HeaderField] {
        var values: [String: [String]] = [:]
        for header in headers where selection.includes(header.lowercasedName) {
            values[header.lowercasedName, default: []].append(header.canonicalValue)
        }
        return
            values
            .map { HeaderField($0.key, $0.value.joined(separator: ",")) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
