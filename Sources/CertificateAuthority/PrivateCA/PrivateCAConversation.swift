package import AWSClient
import Foundation

/// Asks an AWS Private CA for certificates and waits for them: calls, pauses and deadlines, no meaning.
package struct PrivateCAConversation: Sendable {
    /// The first pause between two looks for a certificate; each is half as long again, up to `pauseCap`.
    private static let firstPause = 0.25
    private static let pauseCap = 4.0

    private let client: PrivateCAClient
    let settings: PrivateCASettings
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Makes a conversation.
    ///
    /// - Parameter sleep: how pauses are made; tests make none.
    package init(
        client: AWSClient,
        settings: PrivateCASettings,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.client = client.privateCA(region: settings.authority.region)
        self.settings = settings
        self.sleep = sleep
    }

    private var authority: String { self.settings.authority.description }

    /// What the authority is; it must be active.
    ///
    /// - Throws: `AuthorityError` with `private_ca_…`.
    func describe() async throws(AuthorityError) -> PrivateCADescription {
        let description = try await self.asking { client, deadline in
            try await client.describe(self.authority, deadline: deadline)
        }
        guard description.status == "ACTIVE" else {
            throw AuthorityError(
                .privateCAInvalidState,
                "\(self.authority) is \(PlainLine.of(description.status, bytes: 64)), and must be ACTIVE"
            )
        }
        return description
    }

    /// The authority's certificate and those above it, in no particular order.
    ///
    /// - Throws: `AuthorityError` with `private_ca_…`.
    func authorityCertificate() async throws(AuthorityError) -> PrivateCACertificate {
        try await self.asking { client, deadline in
            try await client.authorityCertificate(self.authority, deadline: deadline)
        }
    }

    /// Has a certificate issued; gives its ARN.
    ///
    /// - Throws: `AuthorityError` with `private_ca_…`.
    func issue(_ request: PrivateCAIssueRequest) async throws(AuthorityError) -> String {
        try await self.asking { client, deadline in
            try await client.issue(request, authority: self.authority, deadline: deadline)
        }
    }

    /// Waits for an issued certificate.
    ///
    /// - Throws: `AuthorityError` with `private_ca_…`; `private_ca_unavailable` when it is not ready in time.
    func await(_ certificate: String) async throws(AuthorityError) -> PrivateCACertificate {
        var waited = Duration.zero
        var pause = Self.firstPause
        while true {
            let found = try await self.asking { client, deadline in
                try await client.certificate(certificate, authority: self.authority, deadline: deadline)
            }
            if let found { return found }
            guard waited < self.settings.issueDeadline else {
                throw AuthorityError(
                    .privateCAUnavailable,
                    "\(PlainLine.of(certificate, bytes: 256)) is not ready after \(self.settings.issueDeadline)"
                )
            }
            let next = min(.seconds(pause * Double.random(in: 0.8...1.2)), self.settings.issueDeadline - waited)
            do {
                try await self.sleep(next)
            } catch {
                throw AuthorityError(.privateCAUnavailable, "the wait for a certificate was given up")
            }
            waited += max(next, .milliseconds(1))
            pause = min(pause * 1.5, Self.pauseCap)
        }
    }

    private func asking<Answer: Sendable>(
        _ body: (PrivateCAClient, Duration) async throws -> Answer
    ) async throws(AuthorityError) -> Answer {
        do {
            return try await body(self.client, self.settings.callDeadline)
        } catch let error as AWSError {
            throw AuthorityError(error)
        } catch {
            throw AuthorityError(.privateCAUnavailable, "the call was given up")
        }
    }
}
