import DataPlane

/// What Docker's Engine API answers, as far as it means something here (API 1.24 and later).
enum RuntimeDocuments {
    /// A container of the list.
    struct Listed: Hashable {
        /// Its id.
        var id: String
        /// The task that it belongs to.
        var taskARN: String
        /// Its name in the task definition.
        var name: String
    }

    /// What an inspection tells beside the list.
    struct Inspected: Hashable {
        /// Its first process.
        var process: Int32
        /// Where the task's credentials are.
        var credentialsPath: String?
        /// Whether it is in the host's network namespace.
        var usesHostNetwork: Bool
    }

    /// The label by which the ECS agent names the task of a container.
    static let taskLabel = "com.amazonaws.ecs.task-arn"
    private static let nameLabel = "com.amazonaws.ecs.container-name"

    /// Reads `GET /containers/json`; nil when it is no such list. Containers of no task are left out.
    static func list(_ body: [UInt8], limit: Int) -> [Listed]? {
        guard let elements = try? JSONReader.parse(body).array, elements.count <= limit else { return nil }
        var listed: [Listed] = []
        for element in elements {
            guard let object = element.object, let id = object["Id"]?.string, self.isID(id),
                let labels = object["Labels"]?.object, let arn = labels[self.taskLabel]?.string,
                HostTask.id(arn: arn) != nil
            else { continue }
            listed.append(Listed(id: id, taskARN: arn, name: labels[self.nameLabel]?.string ?? ""))
        }
        return listed
    }

    /// Reads `GET /containers/{id}/json`; nil when it is no such document or the container doesn't run.
    static func inspection(_ body: [UInt8]) -> Inspected? {
        guard let object = try? JSONReader.parse(body).object, let state = object["State"]?.object,
            state["Running"] == .bool(true), let number = state["Pid"]?.integer, number > 0,
            let process = Int32(exactly: number)
        else { return nil }
        let prefix = "\(HostProcesses.credentialsVariable)="
        let variables = object["Config"]?.object?["Env"]?.array ?? []
        let credentials = variables.lazy.compactMap(\.string).first { $0.hasPrefix(prefix) }
        return Inspected(
            process: process,
            credentialsPath: credentials.map { String($0.dropFirst(prefix.count)) },
            usesHostNetwork: object["HostConfig"]?.object?["NetworkMode"]?.string == "host"
        )
    }

    /// Whether `text` is a container's whole id, safe to be put in a path.
    static func isID(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
