package import Foundation

/// A container's start or end, as Docker's event stream tells it.
package struct ContainerEvent: Sendable, Equatable {
    /// What happened.
    package enum Action: String, Sendable {
        case start, die
    }

    package var action: Action
    package var containerID: String
    /// Labels, `name`, `image`, and for `die` the `exitCode`.
    package var attributes: [String: String]
    /// Nanoseconds since the epoch.
    package var time: Int64

    /// One line of JSON, with the fields of API 1.43 and the older ones that clients still read.
    package var line: Data {
        let object: [String: Any] = [
            "Type": "container",
            "Action": self.action.rawValue,
            "Actor": ["ID": self.containerID, "Attributes": self.attributes] as [String: Any],
            "scope": "local",
            "time": self.time / 1_000_000_000,
            "timeNano": self.time,
            "status": self.action.rawValue,
            "id": self.containerID,
            "from": self.attributes["image"] ?? "",
        ]
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard var line = try? JSONSerialization.data(withJSONObject: object, options: options) else { return Data() }
        line.append(10)
        return line
    }

    /// What happened between two records of one task; nil stands for no task.
    ///
    /// A container that has another process than before died and started.
    package static func between(_ old: TaskRecord?, _ new: TaskRecord?, time: Int64) -> [ContainerEvent] {
        let before = old?.allContainers ?? []
        let after = new?.allContainers ?? []
        guard let task = new ?? old else { return [] }
        var events: [ContainerEvent] = []
        func add(_ action: Action, _ container: TaskRecord.Container) {
            var attributes = container.dockerLabels(of: task)
            attributes["name"] = container.runtimeName
            attributes["image"] = container.image
            if action == .die { attributes["exitCode"] = String(container.exitCode ?? 137) }
            events.append(
                ContainerEvent(action: action, containerID: container.runtimeID, attributes: attributes, time: time)
            )
        }
        for container in before where container.processID != nil {
            let now = after.first { $0.runtimeID == container.runtimeID }
            if now?.processID != container.processID { add(.die, now ?? container) }
        }
        for container in after where container.processID != nil {
            let then = before.first { $0.runtimeID == container.runtimeID }
            if then?.processID != container.processID { add(.start, container) }
        }
        return events
    }
}
