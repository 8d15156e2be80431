import DataPlane

/// What the ECS agent's introspection endpoint answers (`/v1/tasks`).
enum AgentDocuments {
    /// A container of a task.
    struct Container: Hashable {
        /// The runtime's id.
        var id: String
        /// Its name in the task definition.
        var name: String
    }

    /// A task that runs or begins to.
    struct Task: Hashable {
        /// Its ARN.
        var arn: String
        /// Its containers, those that are made already.
        var containers: [Container]
        /// Whether it has an address of its own.
        var hasOwnNetwork: Bool
    }

    /// Reads the list; nil when it is none. Tasks that have stopped are left out.
    static func tasks(_ body: [UInt8], limit: Int) -> [Task]? {
        guard let elements = try? JSONReader.parse(body).object?["Tasks"]?.array, elements.count <= limit else {
            return nil
        }
        var tasks: [Task] = []
        for element in elements {
            guard let object = element.object, let arn = object["Arn"]?.string, HostTask.id(arn: arn) != nil,
                object["KnownStatus"]?.string != "STOPPED"
            else { continue }
            var containers: [Container] = []
            var hasOwnNetwork = false
            for container in object["Containers"]?.array ?? [] {
                guard let fields = container.object, let id = fields["DockerId"]?.string, RuntimeDocuments.isID(id)
                else { continue }
                containers.append(Container(id: id, name: fields["Name"]?.string ?? ""))
                let networks = fields["Networks"]?.array ?? []
                if networks.contains(where: { $0.object?["NetworkMode"]?.string == "awsvpc" }) { hasOwnNetwork = true }
            }
            tasks.append(Task(arn: arn, containers: containers, hasOwnNetwork: hasOwnNetwork))
        }
        return tasks
    }
}
