/// Which container of a task may start when, and in which order they stop; pure.
///
/// As ECS's dependsOn: START, COMPLETE, SUCCESS and HEALTHY, with stopping in the reverse order.
package struct ContainerGraph: Sendable, Equatable {
    /// When a dependency is met.
    package enum Condition: String, Sendable {
        case start = "START", complete = "COMPLETE", success = "SUCCESS", healthy = "HEALTHY"
    }

    /// How far a container has come.
    package enum State: Sendable, Equatable {
        case pending
        case running(HealthState.Status)
        case stopped(exitCode: Int32)
    }

    /// What may be done with a container that hasn't started.
    package enum Verdict: Sendable, Equatable {
        case start
        case wait
        /// It can never start; the text says why.
        case impossible(String)
    }

    private struct Edge: Sendable, Equatable {
        var name: String
        var condition: Condition
    }

    private let names: [String]
    private let edges: [String: [Edge]]

    /// Reads the containers' dependencies.
    ///
    /// Refuses two containers of one name, an unknown container or condition, HEALTHY on a container without a health
    /// check, and cycles.
    package init(_ containers: [ContainerDefinition]) throws {
        func refuse(_ text: String) -> LabError { LabError(.invalidConfiguration, text) }
        let names = containers.map(\.name)
        guard Set(names).count == names.count else { throw refuse("two containers have the same name") }
        let checked = Set(containers.filter { $0.healthCheck != nil }.map(\.name))
        var edges: [String: [Edge]] = [:]
        for container in containers {
            edges[container.name] = try (container.dependsOn ?? []).map { dependency in
                guard let condition = Condition(rawValue: dependency.condition) else {
                    throw refuse(
                        "container \(container.name): dependsOn condition \(dependency.condition.prefix(40)) is unknown;"
                            + " use START, COMPLETE, SUCCESS or HEALTHY"
                    )
                }
                guard names.contains(dependency.containerName) else {
                    throw refuse(
                        "container \(container.name) depends on \(dependency.containerName), which isn't there"
                    )
                }
                guard condition != .healthy || checked.contains(dependency.containerName) else {
                    throw refuse(
                        "container \(container.name) waits for \(dependency.containerName) to be HEALTHY, but that has"
                            + " no healthCheck"
                    )
                }
                return Edge(name: dependency.containerName, condition: condition)
            }
        }
        self.names = names
        self.edges = edges
        guard self.layers() != nil else { throw refuse("the containers' dependsOn form a cycle") }
    }

    /// What may be done with one container that hasn't started yet, given how far all are.
    package func verdict(for name: String, states: [String: State]) -> Verdict {
        var verdict = Verdict.start
        for edge in self.edges[name] ?? [] {
            let state = states[edge.name] ?? .pending
            switch (edge.condition, state) {
            case (.start, .running), (.start, .stopped), (.complete, .stopped), (.healthy, .running(.healthy)),
                (.success, .stopped(exitCode: 0)):
                continue
            case (.success, .stopped(let code)):
                return .impossible("container \(name) needs \(edge.name) to succeed, but it exited with \(code)")
            case (.healthy, .stopped):
                return .impossible("container \(name) needs \(edge.name) to be healthy, but it has stopped")
            case (_, .pending), (_, .running):
                verdict = .wait
            }
        }
        return verdict
    }

    /// Names in groups: each group may stop once those before it have stopped.
    package var stopOrder: [[String]] { (self.layers() ?? [self.names]).reversed() }

    /// Names in groups: each depends only on groups before it. Nil if there is a cycle.
    private func layers() -> [[String]]? {
        var left = self.names
        var placed: Set<String> = []
        var layers: [[String]] = []
        while !left.isEmpty {
            let layer = left.filter { name in (self.edges[name] ?? []).allSatisfy { placed.contains($0.name) } }
            guard !layer.isEmpty else { return nil }
            placed.formUnion(layer)
            left.removeAll { placed.contains($0) }
            layers.append(layer)
        }
        return layers
    }
}
