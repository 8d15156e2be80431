import Foundation

extension AWSClient {
    /// Private Certificate Authority in a region; `nil` for the client's region.
    package func privateCA(region: String? = nil) -> PrivateCAClient {
        PrivateCAClient(client: self, region: region)
    }
}

/// The calls of AWS Private CA that an authority of ours needs. All throw `AWSError`.
package struct PrivateCAClient: Sendable {
    private let client: AWSClient
    private let region: String?

    init(client: AWSClient, region: String?) {
        self.client = client
        self.region = region
    }

    /// Any action, raw.
    ///
    /// - Parameter deadline: how long it may take with all retries; `nil` for the configured time.
    package func call(_ action: String, _ body: JSONValue, deadline: Duration? = nil) async throws -> JSONValue {
        try await self.client.call(
            .privateCA,
            action: action,
            body: body,
            region: self.region,
            deadline: deadline
        )
    }

    /// What an authority is and whether it issues.
    package func describe(_ authority: String, deadline: Duration? = nil) async throws -> PrivateCADescription {
        let action = "DescribeCertificateAuthority"
        let answer = try await self.call(action, ["CertificateAuthorityArn": .string(authority)], deadline: deadline)
        return try self.require(answer["CertificateAuthority"].flatMap(PrivateCADescription.init), action)
    }

    /// Has a certificate issued.
    ///
    /// - Returns: its ARN; the certificate itself is ready a little later.
    package func issue(
        _ request: PrivateCAIssueRequest,
        authority: String,
        deadline: Duration? = nil
    ) async throws -> String {
        let action = "IssueCertificate"
        var body: JSONValue = [
            "CertificateAuthorityArn": .string(authority),
            "Csr": .string(Data(request.csr.utf8).base64EncodedString()),
            "SigningAlgorithm": .string(request.signingAlgorithm),
            "TemplateArn": .string(request.templateARN),
            "Validity": ["Type": "ABSOLUTE", "Value": .int(request.notAfter)],
            "ValidityNotBefore": ["Type": "ABSOLUTE", "Value": .int(request.notBefore)],
            "IdempotencyToken": .string(request.idempotencyToken),
        ]
        if let passthrough = request.passthrough { body["ApiPassthrough"] = passthrough }
        let answer = try await self.call(action, body, deadline: deadline)
        return try self.require(answer["CertificateArn"]?.string, action)
    }

    /// An issued certificate; `nil` while it is not ready yet.
    package func certificate(
        _ certificate: String,
        authority: String,
        deadline: Duration? = nil
    ) async throws -> PrivateCACertificate? {
        let action = "GetCertificate"
        let body: JSONValue = [
            "CertificateAuthorityArn": .string(authority), "CertificateArn": .string(certificate),
        ]
        do {
            return try self.pair(try await self.call(action, body, deadline: deadline), action)
        } catch let error as AWSError where error.code == "RequestInProgressException" {
            return nil
        }
    }

    /// The authority's own certificate and those above it.
    package func authorityCertificate(
        _ authority: String,
        deadline: Duration? = nil
    ) async throws -> PrivateCACertificate {
        let action = "GetCertificateAuthorityCertificate"
        return try self.pair(
            try await self.call(action, ["CertificateAuthorityArn": .string(authority)], deadline: deadline),
            action
        )
    }

    private func pair(_ answer: JSONValue, _ action: String) throws -> PrivateCACertificate {
        let certificate = try self.require(answer["Certificate"]?.string, action)
        return PrivateCACertificate(certificate: certificate, chain: answer["CertificateChain"]?.string)
    }

    private func require<Value>(_ value: Value?, _ action: String) throws -> Value {
        guard let value else {
            throw AWSError(
                service: AWSService.privateCA.name,
                action: action,
                code: AWSError.Code.incompleteResponse,
                message: "the answer lacks what it is about",
                status: 200,
                kind: .server
            )
        }
        return value
    }
}
