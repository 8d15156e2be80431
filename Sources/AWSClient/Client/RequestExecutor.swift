import AWSSignature
import Foundation
import Logging
import Synchronization

/// Signs, sends and retries; knows protocols but no service's nouns.
///
/// One executor is shared by a client and those it makes for other roles: connections and budgets are in common.
final class RequestExecutor: Sendable {
    /// One call, ready but for credentials and time.
    struct Call: Sendable {
        var service: AWSService
        var action: String
        var region: String
        var method = "POST"
        var path = "/"
        var query: [QueryItem] = []
        var headers: [HeaderField] = []
        var body: [UInt8] = []
        /// `nil` for the calls that are not signed.
        var provider: (any CredentialsProvider)?
        /// Whose request budget this draws on.
        var account: String
        /// `nil` for the configured deadline.
        var deadline: Duration?
    }

    let limits: AWSClientLimits
    private let endpoints: EndpointResolver
    private let transport: any HTTPTransport
    private let logger: Logger
    private let now: @Sendable () -> Double
    private let buckets: ThrottleBuckets
    private let retryBudgets = Mutex<[String: RetryBudget]>([:])

    init(
        configuration: AWSConfiguration,
        transport: any HTTPTransport,
        logger: Logger,
        now: @escaping @Sendable () -> Double
    ) {
        self.limits = configuration.limits
        self.endpoints = configuration.endpoints
        self.transport = transport
        self.logger = logger
        self.now = now
        self.buckets = ThrottleBuckets(
            rates: ThrottleBucket.defaultRates.merging(configuration.throttleRates) { _, given in given }
        )
    }

    /// Sends a call until it works, cannot work, or the deadline or a budget is used up.
    func send(_ call: Call) async throws -> TransportResponse {
        let start = ContinuousClock.now
        let deadline = call.deadline ?? self.limits.callDeadline
        let budget = self.retryBudget(for: call)
        let key = ThrottleBuckets.Key(
            account: call.account,
            region: call.region,
            bucket: ThrottleBucket(service: call.service, action: call.action)
        )
        var drawn: Int?
        var attempt = 0
        var hasRenewedCredentials = false
        while true {
            attempt += 1
            guard let wait = self.buckets.reserve(key, limit: deadline - (ContinuousClock.now - start)) else {
                throw self.error(
                    call,
                    AWSError.Code.clientThrottled,
                    "our own budget for \(key.bucket.rawValue) has no room before the deadline of \(deadline)",
                    .throttled
                )
            }
            if wait > .zero { try await self.sleep(wait, call) }
            var used: AWSCredentials?
            let failure: AWSError
            do {
                let credentials = try await call.provider?.credentials()
                used = credentials
                let left = deadline - (ContinuousClock.now - start)
                let response = try await self.attempt(call, credentials: credentials, deadline: left)
                budget.giveBack(drawn)
                self.buckets.succeeded(key)
                return response
            } catch let error as AWSError {
                failure = error
            }
            if failure.kind == .throttled { self.buckets.throttled(key) }
            if failure.kind == .credentials, let used, let provider = call.provider {
                await provider.refused(used)
                if used.expiration != nil, !hasRenewedCredentials {
                    hasRenewedCredentials = true
                    continue
                }
            }
            guard failure.isRetryable, attempt < self.limits.attempts,
                let cost = budget.take(afterTimeout: failure.code == AWSError.Code.attemptTimedOut)
            else { throw failure }
            drawn = cost
            let pause = self.limits.backoffCeiling(afterAttempt: attempt) * Double.random(in: 0...1)
            guard pause < deadline - (ContinuousClock.now - start) else { throw failure }
            self.logger.debug(
                "AWS call failed, trying again",
                metadata: [
                    "aws.service": "\(call.service.name)", "aws.action": "\(call.action)",
                    "error.code": "\(failure.code)", "attempt": "\(attempt)", "pause": "\(pause)",
                ]
            )
            try await self.sleep(pause, call)
        }
    }

    private func attempt(
        _ call: Call,
        credentials: AWSCredentials?,
        deadline: Duration
    ) async throws -> TransportResponse {
        guard deadline > .zero else {
            throw self.error(call, AWSError.Code.deadlineExceeded, "no answer in time", .transport)
        }
        let endpoint = try self.endpoints.endpoint(call.service, region: call.region, action: call.action)
        let path = endpoint.basePath + call.path
        var headers = [HeaderField("Host", endpoint.authority)] + call.headers
        if let credentials {
            let signer = RequestSigner(region: endpoint.signingRegion, service: call.service.signingName)
            let request = SignableRequest(
                method: call.method,
                path: path,
                query: call.query,
                headers: headers,
                payload: .bytes(call.body)
            )
            headers = signer.sign(
                request,
                credentials: credentials.keys,
                at: SigningDate(epochSeconds: Int64(exactly: self.now().rounded(.down)) ?? 0),
                digest: CryptoDigest.self
            ).apply(to: headers)
        }
        let request = TransportRequest(
            method: call.method,
            url: endpoint.url(path: path, query: QueryItem.canonicalQuery(call.query)),
            headers: headers.map { (name: $0.name, value: $0.value) },
            body: call.body
        )
        let attemptDeadline = min(deadline, self.limits.attemptDeadline)
        let response: TransportResponse
        do {
            response = try await self.transport.send(
                request,
                deadline: attemptDeadline,
                bodyLimit: self.limits.responseBytes
            )
        } catch let error as TransportError {
            throw self.error(error, call: call, endpoint: endpoint, deadline: attemptDeadline)
        } catch is CancellationError {
            throw self.error(call, AWSError.Code.cancelled, "the caller gave up", .transport)
        }
        guard (200..<300).contains(response.status) else {
            throw AWSErrorParser.error(service: call.service.name, action: call.action, response: response)
        }
        return response
    }

    private func sleep(_ duration: Duration, _ call: Call) async throws {
        do {
            try await Task.sleep(for: duration)
        } catch {
            throw self.error(call, AWSError.Code.cancelled, "the caller gave up", .transport)
        }
    }

    private func retryBudget(for call: Call) -> RetryBudget {
        let capacity = self.limits.retryTokens
        return self.retryBudgets.withLock { budgets in
            let key = "\(call.service.name)/\(call.region)/\(call.account)"
            if let budget = budgets[key] { return budget }
            let budget = RetryBudget(capacity: capacity)
            budgets[key] = budget
            return budget
        }
    }

    private func error(_ call: Call, _ code: String, _ message: String, _ kind: AWSError.Kind) -> AWSError {
        AWSError(service: call.service.name, action: call.action, code: code, message: message, kind: kind)
    }

    private func error(
        _ error: TransportError,
        call: Call,
        endpoint: AWSEndpoint,
        deadline: Duration
    ) -> AWSError {
        let place = "\(endpoint.scheme)://\(endpoint.authority)"
        return switch error {
        case .timedOut:
            self.error(call, AWSError.Code.attemptTimedOut, "\(place) did not answer in \(deadline)", .transport)
        case .bodyTooLarge:
            self.error(
                call,
                AWSError.Code.responseTooLarge,
                "\(place) answered more than \(self.limits.responseBytes) bytes",
                .server
            )
        case .certificateRefused(let reason):
            self.error(
                call,
                AWSError.Code.certificateRefused,
                "the certificate of \(place) is not trusted; is AWS_CA_BUNDLE right? \(reason)",
                .transport
            )
        case .failed(let reason):
            self.error(call, AWSError.Code.connectionFailed, "no connection to \(place): \(reason)", .transport)
        }
    }
}
