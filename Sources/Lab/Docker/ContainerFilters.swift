import Foundation

/// Docker's `filters` parameter, for containers and for events.
///
/// Values of one name are alternatives, but labels must all be there; names together must all hold.
package struct ContainerFilters: Sendable, Equatable {
    /// Names that the lab knows; another is refused, as an unheeded filter would show too much.
    package static let known: Set<String> = [
        "action", "ancestor", "container", "event", "id", "image", "label", "name", "network", "status", "type",
    ]

    private var values: [String: [String]]

    /// Reads JSON: `{"label": ["a=b"]}`, or the older `{"label": {"a=b": true}}`.
    ///
    /// Refuses what isn't JSON of this form, and names that the lab doesn't know.
    package init(_ text: String?) throws {
        self.values = [:]
        guard let text, !text.isEmpty else { return }
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw LabError(.invalidConfiguration, "invalid filter: \(text.prefix(200))")
        }
        for (name, value) in object {
            guard Self.known.contains(name) else {
                throw LabError(.invalidConfiguration, "invalid filter '\(name.prefix(40))'")
            }
            if let list = value as? [String] {
                self.values[name] = list
            } else if let table = value as? [String: Bool] {
                self.values[name] = table.filter(\.value).keys.sorted()
            } else {
                throw LabError(.invalidConfiguration, "invalid filter '\(name)': give a list of texts")
            }
        }
    }

    /// Whether a container is meant.
    package func match(_ container: TaskRecord.Container, of task: TaskRecord) -> Bool {
        let state = container.processID == nil ? "exited" : "running"
        return self.labels(hold: container.dockerLabels(of: task))
            && self.holds("id") { container.runtimeID.hasPrefix($0) }
            && self.holds("name") { container.runtimeName.contains($0.drop { $0 == "/" }) }
            && self.holds("status") { $0 == state }
            && self.holds("ancestor") { container.image == $0 || container.image.hasPrefix($0 + ":") }
            && self.holds("network") { $0 == (task.networkMode == "host" ? "host" : "none") }
    }

    /// Whether an event is meant.
    package func match(_ event: ContainerEvent) -> Bool {
        self.labels(hold: event.attributes)
            && self.holds("type") { $0 == "container" }
            && self.holds("event") { $0 == event.action.rawValue }
            && self.holds("action") { $0 == event.action.rawValue }
            && self.holds("image") { event.attributes["image"]?.hasPrefix($0) == true }
            && self.holds("container") {
                event.containerID.hasPrefix($0) || event.attributes["name"] == $0
            }
    }

    private func holds(_ name: String, _ test: (String) -> Bool) -> Bool {
        self.values[name].map { $0.contains(where: test) } ?? true
    }

    private func labels(hold labels: [String: String]) -> Bool {
        (self.values["label"] ?? []).allSatisfy { wanted in
            let sides = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let value = labels[String(sides.first ?? "")] else { return false }
            return sides.count < 2 || value == sides[1]
        }
    }
}
