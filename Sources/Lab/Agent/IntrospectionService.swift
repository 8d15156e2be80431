import Foundation

/// What the ECS agent tells of its container instance on 127.0.0.1:51678.
///
/// The paths and fields are those of the agent's introspection API, version 1: `/v1/metadata`, and `/v1/tasks` with
/// `taskarn` or `dockerid` to ask for one. Containers of the agent's own, the pause container, are left out as there.
/// Process ids are not in it: a container's processes are those whose `/proc/<pid>/cgroup` ends with its DockerId.
package struct IntrospectionService: Sendable {
    private let directory: TaskDirectory

    /// Tells of the tasks that are in the directory and run on the container instance.
    package init(directory: TaskDirectory) { self.directory = directory }

    /// Answers one request.
    package func answer(_ request: EndpointRequest) -> EndpointAnswer {
        guard request.method == "GET" || request.method == "HEAD" else {
            return EndpointAnswer(status: 405, json: Data("{}".utf8))
        }
        switch request.parts {
        case ["v1", "metadata"]: return Self.answer(self.metadata)
        case ["v1", "tasks"]: return self.tasks(request.query)
        default: return Self.answer(["AvailableCommands": ["/v1/metadata", "/v1/tasks"]])
        }
    }

    private var metadata: [String: Any] {
        // An instance belongs to one cluster; the lab's machine is one instance in each, and tells of the newest.
        let task = self.directory.onInstance.last
        var object: [String: Any] = [
            "Cluster": task?.cluster ?? "default",
            "Version": "Amazon ECS Agent - v1.105.1 (*tulle-lab)",
        ]
        object["ContainerInstanceArn"] = task?.containerInstanceArn ?? NSNull()
        return object
    }

    private func tasks(_ query: [String: String]) -> EndpointAnswer {
        let tasks = self.directory.onInstance
        if query["taskarn"] == nil, query["dockerid"] == nil { return Self.answer(["Tasks": tasks.map(Self.object)]) }
        let found = tasks.first { task in
            if let arn = query["taskarn"] { return task.arn == arn }
            // The agent takes a whole id or its first 12 digits.
            guard let id = query["dockerid"], id.count >= 12 else { return false }
            return task.allContainers.contains { $0.runtimeID.hasPrefix(id) }
        }
        guard let found else {
            let empty: [String: Any] = [
                "Arn": "", "KnownStatus": "", "Family": "", "Version": "", "Containers": NSNull(),
            ]
            return Self.answer(empty, status: 404)
        }
        return Self.answer(Self.object(found))
    }

    private static func object(_ task: TaskRecord) -> [String: Any] {
        [
            "Arn": task.arn,
            "DesiredStatus": task.desiredStatus,
            "KnownStatus": Self.backendStatus(task.lastStatus),
            "Family": task.family,
            "Version": String(task.revision),
            "Containers": task.containers.filter { $0.processID != nil || $0.status != "PENDING" }.map {
                Self.object($0, of: task)
            },
        ]
    }

    private static func object(_ container: TaskRecord.Container, of task: TaskRecord) -> [String: Any] {
        var object: [String: Any] = [
            "DockerId": container.runtimeID,
            "DockerName": container.runtimeName,
            "Name": container.name,
        ]
        if !container.ports.isEmpty {
            object["Ports"] = container.ports.map {
                ["ContainerPort": Int($0.port), "Protocol": $0.transport, "HostPort": Int($0.port)] as [String: Any]
            }
        }
        if task.networkMode == "awsvpc" {
            var network: [String: Any] = ["NetworkMode": "awsvpc", "IPv4Addresses": [task.address]]
            if let address = task.addressV6 { network["IPv6Addresses"] = [address] }
            object["Networks"] = [network]
        }
        return object
    }

    /// The agent knows three states only.
    private static func backendStatus(_ status: String) -> String {
        switch status {
        case "RUNNING", "STOPPED": status
        case "PROVISIONING", "PENDING", "ACTIVATING": "PENDING"
        default: "RUNNING"
        }
    }

    private static func answer(_ object: [String: Any], status: Int = 200) -> EndpointAnswer {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else {
            return EndpointAnswer(status: 500, json: Data("{}".utf8))
        }
        return EndpointAnswer(status: status, json: data)
    }
}
