package import AWSClient
import Synchronization

/// AWS as a test wants it, without a network: a closure answers each request.
package final class FakeAWS: HTTPTransport {
    /// One request as the fake saw it.
    package struct Request: Sendable {
        /// The request itself.
        package var raw: TransportRequest
        /// The action: from `X-Amz-Target`, else the form's `Action`, else method and path.
        package var action: String
        /// The body of a JSON service; `null` for others.
        package var body: JSONValue
        /// The fields of a form.
        package var form: [String: String]
        /// How many requests with this action came before.
        package var repetition: Int

        /// The first header of this name, in any case.
        package func header(_ name: String) -> String? {
            self.raw.headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    private struct State {
        var requests: [Request] = []
        var counts: [String: Int] = [:]
    }

    private let answer: @Sendable (Request) async throws -> TransportResponse
    private let state = Mutex(State())

    /// Answers with this closure; what it throws stands for a network that fails.
    package init(_ answer: @escaping @Sendable (Request) async throws -> TransportResponse) {
        self.answer = answer
    }

    /// All requests so far.
    package var requests: [Request] { self.state.withLock { $0.requests } }

    /// The actions of all requests so far.
    package var actions: [String] { self.requests.map(\.action) }

    package func send(
        _ request: TransportRequest,
        deadline: Duration,
        bodyLimit: Int
    ) async throws -> TransportResponse {
        let form = Self.form(request.body)
        let target = request.headers.first { $0.name.lowercased() == "x-amz-target" }?.value
        let action =
            target.flatMap { $0.split(separator: ".").last.map(String.init) } ?? form["Action"]
            ?? "\(request.method) \(request.url)"
        let seen = self.state.withLock { state in
            let seen = Request(
                raw: request,
                action: action,
                body: (try? JSONValue(parsing: request.body)) ?? .null,
                form: form,
                repetition: state.counts[action, default: 0]
            )
            state.counts[action, default: 0] += 1
            state.requests.append(seen)
            return seen
        }
        let response = try await self.answer(seen)
        guard response.body.count <= bodyLimit else { throw TransportError.bodyTooLarge }
        return response
    }

    package func shutdown() async {}

    private static func form(_ body: [UInt8]) -> [String: String] {
        guard body.first != UInt8(ascii: "{"), let text = String(validating: body, as: UTF8.self) else { return [:] }
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if let name = parts.first, let value = parts.dropFirst().first { fields[String(name)] = String(value) }
        }
        return fields
    }
}

extension TransportResponse {
    /// A JSON answer.
    package static func json(_ value: JSONValue, status: Int = 200) -> TransportResponse {
        TransportResponse(
            status: status,
            headers: [(name: "Content-Type", value: "application/x-amz-json-1.1")],
            body: Array(value.text().utf8)
        )
    }

    /// A JSON error as ECS writes it.
    package static func error(_ code: String, _ message: String = "m", status: Int = 400) -> TransportResponse {
        .json(["__type": .string(code), "message": .string(message)], status: status)
    }

    /// Any text of any type.
    package static func text(_ text: String, type: String, status: Int = 200) -> TransportResponse {
        TransportResponse(status: status, headers: [(name: "Content-Type", value: type)], body: Array(text.utf8))
    }
}

extension AWSConfiguration {
    /// A configuration that reads nothing of this machine, and tries again almost at once.
    package static func test(_ environment: [String: String] = [:]) throws -> AWSConfiguration {
        var variables = [
            "HOME": "/nonexistent", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDTEST",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
        ]
        variables.merge(environment) { _, given in given }
        var configuration = try AWSConfiguration(environment: variables)
        configuration.limits.backoffBase = .milliseconds(1)
        configuration.limits.backoffCap = .milliseconds(5)
        configuration.limits.callDeadline = .seconds(20)
        for bucket in ThrottleBucket.allCases {
            configuration.throttleRates[bucket] = .init(burst: 10_000, sustained: 10_000)
        }
        return configuration
    }
}
