package import Foundation

/// Answers tasks that ask ECS for metadata and credentials, as a function of who asks and for what.
///
/// A task is known by its source address. Without namespaces all tasks have the same one; then a container's metadata
/// id stands for its task, and credentials ask for the task's token.
package struct MetadataService: Sendable {
    /// An HTTP answer with a JSON body.
    package struct Answer: Sendable, Equatable {
        package var status: Int
        package var body: Data

        package init(status: Int, body: Data) {
            self.status = status
            self.body = body
        }
    }

    private let directory: TaskDirectory
    private let resolver: String
    private let identifiesByAddress: Bool
    private let credentials: @Sendable (TaskRecord) async throws -> Data

    /// `credentials` makes the credentials document of a task.
    package init(
        directory: TaskDirectory,
        resolver: String,
        identifiesByAddress: Bool,
        credentials: @escaping @Sendable (TaskRecord) async throws -> Data
    ) {
        self.directory = directory
        self.resolver = resolver
        self.identifiesByAddress = identifiesByAddress
        self.credentials = credentials
    }

    /// Answers a request of one of the lab's small endpoints.
    package func answer(_ request: EndpointRequest) async -> EndpointAnswer {
        guard request.method == "GET" else { return EndpointAnswer(status: 405, json: Data()) }
        let answer = await self.answer(
            path: request.path,
            source: request.source,
            authorization: request.authorization
        )
        return EndpointAnswer(status: answer.status, json: answer.body)
    }

    /// Answers a GET of `path` from `source`; `authorization` is that header's value.
    package func answer(path: String, source: String, authorization: String?) async -> Answer {
        let path = path.prefix { $0 != "?" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        switch parts.first {
        case "v2" where parts.count == 3 && parts[1] == "credentials":
            return await self.credentials(id: parts[2], source: source, authorization: authorization)
        case "v3" where parts.count >= 2, "v4" where parts.count >= 2:
            return self.metadata(endpoint: parts[1], rest: Array(parts.dropFirst(2)), source: source)
        default:
            return Self.refusal(404, "NotFound", "no such endpoint")
        }
    }

    private func credentials(id: String, source: String, authorization: String?) async -> Answer {
        let task =
            self.identifiesByAddress
            ? self.directory.task(at: source) : authorization.flatMap(self.directory.task(token:))
        guard let task, let own = task.credentialsID, own == id else {
            return Self.refusal(400, "InvalidIdInRequest", "Credentials not found")
        }
        do {
            return Answer(status: 200, body: try await self.credentials(task))
        } catch {
            return Self.refusal(503, "CredentialsUninitialized", "STS gave no credentials: \(error)")
        }
    }

    private func metadata(endpoint: String, rest: [String], source: String) -> Answer {
        guard let task = self.directory.task(endpointID: endpoint),
            // Where the address doesn't tell tasks apart, only those are known that have a token instead.
            self.identifiesByAddress ? task.address == source : task.token != nil
        else { return Self.refusal(404, "NotFound", "V4 container metadata handler: unknown endpoint id") }
        let document = MetadataDocument(task, network: task.subnet, resolver: self.resolver)
        do {
            switch rest {
            case []:
                guard let body = try document.container(endpointID: endpoint) else { break }
                return Answer(status: 200, body: body)
            case ["task"]: return Answer(status: 200, body: try document.task())
            case ["taskWithTags"]: return Answer(status: 200, body: try document.task(withTags: true))
            case ["stats"]: return Answer(status: 200, body: Data("{}".utf8))
            case ["task", "stats"]: return Answer(status: 200, body: Data("{}".utf8))
            default: break
            }
        } catch {
            return Self.refusal(500, "InternalServerError", "\(error)")
        }
        return Self.refusal(404, "NotFound", "no such endpoint")
    }

    private static func refusal(_ status: Int, _ code: String, _ message: String) -> Answer {
        struct Refusal: Codable {
            var code: String
            var message: String
            var status: Int

            enum CodingKeys: String, CodingKey {
                case code, message
                case status = "HTTPErrorCode"
            }
        }
        let refusal = Refusal(code: code, message: message, status: status)
        return Answer(status: status, body: (try? JSONEncoder().encode(refusal)) ?? Data())
    }
}
