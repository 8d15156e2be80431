import Foundation

/// The part of Docker's Engine API that one needs to find containers and to follow them.
///
/// Reads only: `_ping`, `version`, `info`, `containers/json`, `containers/{id}/json` and `events`. It shows the
/// containers of tasks on the container instance, with the labels that the ECS agent sets. Whatever would change
/// something is refused.
package struct DockerService: Sendable {
    /// The API's version, and the oldest that clients may ask for.
    package static let version = "1.43"
    private static let oldest = "1.24"

    private let directory: TaskDirectory

    /// Shows the containers of the directory's tasks.
    package init(directory: TaskDirectory) { self.directory = directory }

    /// Answers one request.
    package func answer(_ request: EndpointRequest) -> EndpointAnswer {
        var parts = request.parts
        // "/v1.43/containers/json" is "/containers/json".
        if let first = parts.first, first.hasPrefix("v1.") { parts.removeFirst() }
        if parts == ["_ping"] {
            var answer = EndpointAnswer(
                status: 200,
                contentType: "text/plain; charset=utf-8",
                body: .whole(Data("OK".utf8))
            )
            // By these a client chooses the API's version.
            answer.headers = ["Api-Version": Self.version, "Ostype": "linux"]
            return answer
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return Self.refusal(403, "the lab's Docker API only reads; \(request.method) is refused")
        }
        do {
            switch parts {
            case ["version"]: return Self.answer(self.versions)
            case ["info"]: return Self.answer(self.information)
            case ["containers", "json"]: return try self.list(request.query)
            case ["events"]: return try self.events(request.query)
            default: break
            }
        } catch {
            return Self.refusal(400, "\(error)")
        }
        if parts.count == 3, parts[0] == "containers", parts[2] == "json" { return self.inspect(parts[1]) }
        return Self.refusal(404, "page not found")
    }

    private var versions: [String: Any] {
        [
            "Version": "25.0.8", "ApiVersion": Self.version, "MinAPIVersion": Self.oldest, "Os": "linux",
            "Arch": "amd64", "Platform": ["Name": "tulle-lab"],
        ]
    }

    private var information: [String: Any] {
        let all = self.containers
        let running = all.filter { $0.1.processID != nil }.count
        return [
            "Name": "tulle-lab", "Containers": all.count, "ContainersRunning": running, "ContainersPaused": 0,
            "ContainersStopped": all.count - running, "ServerVersion": "25.0.8", "OSType": "linux",
            "CgroupDriver": "cgroupfs",
        ]
    }

    private var containers: [(TaskRecord, TaskRecord.Container)] {
        self.directory.onInstance.flatMap { task in
            // A container that waits for others isn't made yet.
            task.allContainers.filter { $0.status != "PENDING" }.map { (task, $0) }
        }
    }

    private func list(_ query: [String: String]) throws -> EndpointAnswer {
        let filters = try ContainerFilters(query["filters"])
        let wantsAll = ["1", "true"].contains(query["all"] ?? "") || query["filters"]?.contains("\"status\"") == true
        var found = self.containers.filter { task, container in
            (wantsAll || container.processID != nil) && filters.match(container, of: task)
        }
        // Newest first, as Docker.
        found.reverse()
        if let limit = query["limit"].flatMap({ Int($0) }), limit > 0 { found = Array(found.prefix(limit)) }
        return Self.answer(found.map { ContainerDocument($0.1, of: $0.0).summary })
    }

    private func inspect(_ name: String) -> EndpointAnswer {
        let all = self.containers
        let exact = all.first { $0.1.runtimeID == name || $0.1.runtimeName == name }
        let similar = name.count >= 4 ? all.filter { $0.1.runtimeID.hasPrefix(name) } : []
        guard let (task, container) = exact ?? (similar.count == 1 ? similar.first : nil) else {
            return Self.refusal(404, "No such container: \(name.prefix(128))")
        }
        return Self.answer(ContainerDocument(container, of: task).inspection)
    }

    private func events(_ query: [String: String]) throws -> EndpointAnswer {
        let filters = try ContainerFilters(query["filters"])
        let since = try query["since"].map(Self.nanoseconds)
        let until = try query["until"].map(Self.nanoseconds)
        let lines = self.directory.events.lines(matching: filters, since: since, until: until)
        return EndpointAnswer(status: 200, body: .stream(lines))
    }

    /// Seconds with an optional fraction, as Docker's clients send times.
    static func nanoseconds(_ text: String) throws -> Int64 {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.dropFirst().first ?? "0"
        guard parts.count <= 2, let seconds = parts.first.flatMap({ Int64($0) }), (0...9_000_000_000).contains(seconds),
            fraction.count <= 9, let part = Int64(fraction + String(repeating: "0", count: 9 - fraction.count)),
            part >= 0
        else { throw LabError(.invalidConfiguration, "time \(text.prefix(40)): give seconds since the epoch") }
        return seconds * 1_000_000_000 + part
    }

    private static func answer(_ object: Any) -> EndpointAnswer {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else {
            return Self.refusal(500, "this can't be written as JSON")
        }
        return EndpointAnswer(json: data)
    }

    private static func refusal(_ status: Int, _ message: String) -> EndpointAnswer {
        let data = try? JSONEncoder().encode(["message": message])
        return EndpointAnswer(status: status, json: data ?? Data())
    }
}
