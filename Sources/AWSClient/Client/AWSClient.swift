package import AWSSignature
import Foundation
package import Logging

/// A client of AWS: one identity, any service and region.
///
/// Make one for a process, `shutdown()` it at the end. Clients for other roles come from `assuming(_:)` and share its
/// connections.
package final class AWSClient: Sendable {
    /// The region of calls that name none; `nil` when nothing says.
    package let region: String?
    /// Whose request budget calls draw on, and what the identity is called in logs: `default` or a role's ARN.
    package let identityName: String

    let executor: RequestExecutor
    let provider: any CredentialsProvider
    private let transport: any HTTPTransport
    private let now: @Sendable () -> Double
    private let ownsTransport: Bool

    /// A client with the credentials that the configuration leads to.
    ///
    /// Nothing is asked of the network before the first call.
    ///
    /// - Parameters:
    ///   - configuration: where and how.
    ///   - credentials: who signs in place of the chain of sources.
    ///   - transport: the network, or a test's own answers.
    ///   - now: seconds since the epoch, for signing and for the end of credentials.
    ///   - logger: where retries are told, at debug.
    package init(
        _ configuration: AWSConfiguration,
        credentials: (any CredentialsProvider)? = nil,
        transport: (any HTTPTransport)? = nil,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        logger: Logger
    ) {
        let transport = transport ?? NetworkTransport(caBundlePath: configuration.caBundlePath)
        let executor = RequestExecutor(configuration: configuration, transport: transport, logger: logger, now: now)
        self.region = configuration.region
        self.identityName = "default"
        self.executor = executor
        self.transport = transport
        self.now = now
        self.ownsTransport = true
        if let credentials {
            self.provider = credentials
        } else {
            let chain = CredentialChain(configuration: configuration, executor: executor, transport: transport)
            self.provider = RefreshingCredentials(now: now) { try await chain.load() }
        }
    }

    private init(_ other: AWSClient, identityName: String, provider: any CredentialsProvider) {
        self.region = other.region
        self.identityName = identityName
        self.executor = other.executor
        self.transport = other.transport
        self.now = other.now
        self.ownsTransport = false
        self.provider = provider
    }

    /// A client that acts as a role, taken on with this client's identity and renewed in good time.
    package func assuming(_ role: AssumedRole) -> AWSClient {
        let exchange = SecurityTokenExchange(executor: self.executor, region: self.region ?? "us-east-1")
        let base = self.provider
        let provider = RefreshingCredentials(now: self.now) {
            try await exchange.assumeRole(role, signedBy: base)
        }
        return AWSClient(self, identityName: role.arn, provider: provider)
    }

    /// Closes connections. Clients made by `assuming(_:)` are done with it too; on those it does nothing.
    package func shutdown() async {
        if self.ownsTransport { await self.transport.shutdown() }
    }

    /// The credentials in force; for what signs by itself, such as an attestation.
    package func credentials() async throws -> AWSCredentials {
        try await self.provider.credentials()
    }

    /// One call of a JSON service.
    ///
    /// - Parameters:
    ///   - service: which service.
    ///   - action: which action, such as `ListClusters`.
    ///   - body: the input.
    ///   - region: where; `nil` for the client's region.
    ///   - deadline: how long it may take with all retries; `nil` for the configured time.
    /// - Throws: `AWSError`.
    package func call(
        _ service: AWSService,
        action: String,
        body: JSONValue,
        region: String? = nil,
        deadline: Duration? = nil
    ) async throws -> JSONValue {
        try await self.executor.json(
            service,
            action: action,
            body: body,
            region: try self.resolve(region, service, action),
            signedBy: self.provider,
            account: self.identityName,
            deadline: deadline
        )
    }

    /// One call of a Query service, form in and XML out.
    ///
    /// - Throws: `AWSError`.
    package func query(
        _ service: AWSService,
        action: String,
        parameters: [QueryItem] = [],
        region: String? = nil,
        deadline: Duration? = nil
    ) async throws -> XMLElement {
        try await self.executor.query(
            service,
            action: action,
            parameters: parameters,
            region: try self.resolve(region, service, action),
            signedBy: self.provider,
            account: self.identityName,
            deadline: deadline
        )
    }

    /// One call of a Query service with its form as pairs of name and value.
    ///
    /// - Throws: `AWSError`.
    package func query(
        _ service: AWSService,
        action: String,
        form: [(name: String, value: String)]
    ) async throws -> XMLElement {
        try await self.query(service, action: action, parameters: form.map { QueryItem($0.name, $0.value) })
    }

    /// One call of a REST-XML service; `path` follows the service's prefix and is percent-encoded.
    ///
    /// - Throws: `AWSError`.
    package func rest(
        _ service: AWSService,
        action: String,
        method: String,
        path: String,
        query: [QueryItem] = [],
        body: XMLElement? = nil,
        region: String? = nil
    ) async throws -> XMLElement {
        try await self.executor.rest(
            service,
            action: action,
            method: method,
            path: path,
            query: query,
            body: body,
            region: service.isGlobal
                ? region ?? self.region ?? "us-east-1" : try self.resolve(region, service, action),
            signedBy: self.provider,
            account: self.identityName
        )
    }

    /// All pages of a list of a JSON service, one answer at a time.
    package func pages(
        _ service: AWSService,
        action: String,
        body: JSONValue,
        region: String? = nil
    ) -> AWSPages {
        AWSPages(client: self, service: service, action: action, body: body, region: region)
    }

    private func resolve(_ region: String?, _ service: AWSService, _ action: String) throws -> String {
        guard let region = region ?? self.region else {
            throw AWSError(
                service: service.name,
                action: action,
                code: AWSError.Code.noRegion,
                message: "no region is configured; set AWS_REGION or the profile's region",
                kind: .invalid
            )
        }
        return region
    }
}
