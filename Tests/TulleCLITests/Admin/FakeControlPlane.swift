import AWSClient
import AWSTestSupport
import ArgumentParser
import Synchronization

@testable import TulleCLI

/// A control plane that answers by a table, over real HTTP on a loopback port, and remembers what it was asked.
final class FakeControlPlane: Sendable {
    /// One request as it came.
    struct Request: Sendable {
        /// `GET /v1/resources`, without the query.
        var line: String
        /// What follows the question mark.
        var query: String
        var contentType: String?
        var body: String
    }

    private let requests = Mutex<[Request]>([])

    /// All requests so far.
    var seen: [Request] { self.requests.withLock { $0 } }

    /// The lines of all requests so far.
    var lines: [String] { self.seen.map(\.line) }

    /// Lends a client of a control plane that answers `METHOD /path` by the table, and 404 to the rest.
    @discardableResult
    static func run<Result>(
        _ answers: [String: JSONValue],
        _ work: (AdminClient, FakeControlPlane) async throws -> Result
    ) async throws -> Result {
        try await Self.run(
            answering: { request, _ in
                answers[request.line].map { .init(text: $0.text()) }
                    ?? .init(status: 404, text: #"{"error":{"code":"not_found","message":"no such page"}}"#)
            },
            work
        )
    }

    /// Lends a client of a control plane whose answers are made by a function of the request and its number.
    @discardableResult
    static func run<Result>(
        answering answer: @escaping @Sendable (Request, Int) -> LoopbackServer.Answer,
        _ work: (AdminClient, FakeControlPlane) async throws -> Result
    ) async throws -> Result {
        let fake = FakeControlPlane()
        let server = try await LoopbackServer { raw in
            let parts = raw.url.split(separator: "?", maxSplits: 1).map(String.init)
            let request = Request(
                line: "\(raw.method) \(parts.first ?? "")",
                query: parts.count > 1 ? parts[1] : "",
                contentType: raw.headers.first { $0.name.lowercased() == "content-type" }?.value,
                body: String(decoding: raw.body, as: UTF8.self)
            )
            let number = fake.requests.withLock { requests in
                requests.append(request)
                return requests.count - 1
            }
            return answer(request, number)
        }
        let transport = NetworkTransport()
        do {
            let result = try await work(AdminClient(server.url, over: transport), fake)
            await transport.shutdown()
            await server.close()
            return result
        } catch {
            await transport.shutdown()
            await server.close()
            throw error
        }
    }
}

extension OutputOptions {
    /// The options with this format.
    static func test(_ output: OutputFormat) throws -> OutputOptions {
        try OutputOptions.parse(["--output", output.rawValue])
    }
}
