package import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Talks to the control endpoints that the lab adds to moto.
package struct MotoControl: Sendable {
    /// Largest answer that is read; a lab of thousands of tasks stays below it.
    private static let answerLimit = 64 << 20

    private let url: String
    private let token: String
    private let client: HTTPClient

    /// `url` is the AWS API's URL; `token` guards the control endpoints.
    package init(url: String, token: String, client: HTTPClient = .shared) {
        self.url = url
        self.token = token
        self.client = client
    }

    /// Services and tasks as they are now.
    package func state() async throws -> MotoState { try await self.get("state") }

    /// The private zones of the lab's VPC.
    package func zones() async throws -> [HostedZone] {
        struct Answer: Codable { var zones: [HostedZone] }
        let answer: Answer = try await self.get("zones")
        return answer.zones
    }

    /// Adds a task to a service's primary deployment.
    package func startTask(service arn: String, deployment: String) async throws {
        try await self.post("tasks", ["serviceArn": arn, "deployment": deployment])
    }

    /// Wishes that a task stop, as the service scheduler does.
    package func stopTask(_ arn: String, reason: String) async throws {
        try await self.post("tasks/stop", ["taskArn": arn, "reason": reason, "stopCode": "ServiceSchedulerInitiated"])
    }

    /// Writes what was observed of a task.
    package func report(_ report: TaskReport) async throws { try await self.post("tasks/state", report) }

    private func get<Answer: Decodable>(_ path: String) async throws -> Answer {
        let data = try await self.send(.GET, path, body: nil)
        return try JSONDecoder().decode(Answer.self, from: data)
    }

    private func post(_ path: String, _ body: some Encodable) async throws {
        _ = try await self.send(.POST, path, body: JSONEncoder().encode(body))
    }

    private func send(_ method: HTTPMethod, _ path: String, body: Data?) async throws -> Data {
        var request = HTTPClientRequest(url: "\(self.url)/moto-api/lab/\(path)")
        request.method = method
        request.headers.add(name: "x-tulle-lab-token", value: self.token)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await self.client.execute(request, timeout: .seconds(10))
        let bytes = try await response.body.collect(upTo: Self.answerLimit)
        let data = Data(bytes.readableBytesView)
        guard response.status == .ok else {
            struct Problem: Codable { var message: String }
            let words = (try? JSONDecoder().decode(Problem.self, from: data))?.message
            throw LabError(.apiFailed, "moto: \(path): \(response.status.code) \((words ?? "no message").prefix(400))")
        }
        return data
    }
}
