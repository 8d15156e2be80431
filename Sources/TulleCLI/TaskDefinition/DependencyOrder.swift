/// The order in which ECS would start a task's containers.
enum DependencyOrder {
    /// Names of containers that wait for each other in a circle, in the order of waiting; `nil` when there is none.
    ///
    /// Works in rounds: whoever waits for nobody left is taken out. No recursion, so no depth to bound.
    static func cycle(in containers: [Container]) -> [String]? {
        let names = Set(containers.map(\.name))
        var waiting = Dictionary(
            containers.map { ($0.name, Set($0.waitsFor).intersection(names)) },
            uniquingKeysWith: { first, _ in first }
        )
        while true {
            let ready = waiting.filter { $0.value.isEmpty }.map(\.key)
            if ready.isEmpty { break }
            for name in ready {
                waiting[name] = nil
            }
            waiting = waiting.mapValues { $0.subtracting(ready) }
        }
        // Everyone left waits for someone left, so walking on must come back to a name.
        guard var name = waiting.keys.min() else { return nil }
        var path: [String] = []
        while !path.contains(name) {
            path.append(name)
            guard let next = waiting[name]?.min() else { return path }
            name = next
        }
        return Array(path.drop { $0 != name })
    }
}
