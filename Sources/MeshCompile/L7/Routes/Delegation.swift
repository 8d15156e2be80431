import MeshConfig
import MeshModel

/// The rules of a VirtualService that another delegates to, narrowed by the conditions of the one that delegates.
struct Delegation {
    /// Each rule with the resource that it comes from.
    private(set) var rules: [(ConfigValue, DeclaredResource)] = []

    /// One level: a delegate has no hosts, and delegates to nobody.
    init(_ root: ConfigValue, of owner: DeclaredResource, in mesh: L7Mesh) {
        guard let target = root["delegate"] else { return }
        let key = ResourceKey(
            kind: .virtualService,
            namespace: target.text("namespace") ?? owner.metadata.namespace,
            name: target.text("name") ?? ""
        )
        guard let resource = mesh.resources[key], case .route(_, let spec) = resource.spec,
            spec.list("hosts").isEmpty,
            L7Mesh.isExported(spec, of: key.namespace, to: owner.metadata.namespace)
        else { return }
        for rule in spec.list("http") where rule["delegate"] == nil {
            if let merged = Self.merge(root, rule) { self.rules.append((merged, resource)) }
        }
    }

    /// The delegate's rule with what only the other says; nil where no request meets the conditions of both.
    private static func merge(_ root: ConfigValue, _ child: ConfigValue) -> ConfigValue? {
        guard let matches = self.matches(root.list("match"), child.list("match")) else { return nil }
        var fields = child.entries
        for (name, value) in root.entries where !["match", "delegate", "name", "headers"].contains(name) {
            // Of two ways to say where copies go only one may be there.
            if name.hasPrefix("mirror"), child["mirror"] != nil || child["mirrors"] != nil { continue }
            if fields[name] == nil { fields[name] = value }
        }
        fields["match"] = matches.isEmpty ? nil : .list(matches)
        if let headers = root["headers"] { fields["headers"] = self.merge(headers: headers, child["headers"]) }
        if let name = root.text("name") {
            fields["name"] = .string(child.text("name").map { "\(name)-\($0)" } ?? name)
        }
        return .map(fields)
    }

    private static func merge(headers root: ConfigValue, _ child: ConfigValue?) -> ConfigValue {
        var directions = root.entries
        for (direction, own) in child?.entries ?? [:] {
            var operations = directions[direction]?.entries ?? [:]
            for (operation, value) in own.entries {
                switch (operations[operation], value) {
                case (.map(let known)?, .map(let new)): operations[operation] = .map(known.merging(new) { $1 })
                case (.list(let known)?, .list(let new)): operations[operation] = .list(known + new)
                default: operations[operation] = value
                }
            }
            directions[direction] = .map(operations)
        }
        return .map(directions)
    }

    // MARK: Conditions

    private static func matches(_ root: [ConfigValue], _ child: [ConfigValue]) -> [ConfigValue]? {
        if root.isEmpty { return child }
        if child.isEmpty { return root }
        let merged = root.flatMap { outer in child.compactMap { self.merge(match: outer, $0) } }
        return merged.isEmpty ? nil : merged
    }

    private static func merge(match root: ConfigValue, _ child: ConfigValue) -> ConfigValue? {
        var fields = child.entries
        for (name, value) in root.entries {
            guard let own = fields[name] else {
                fields[name] = value
                continue
            }
            switch name {
            case "uri":
                guard self.isBelow(own, value) else { return nil }
            case "headers", "withoutHeaders", "queryParams":
                var entries = value.entries
                for (key, condition) in own.entries {
                    guard entries[key] ?? condition == condition else { return nil }
                    entries[key] = condition
                }
                fields[name] = .map(entries)
            case "ignoreUriCase", "name", "statPrefix", "gateways": break
            default:
                guard own == value else { return nil }
            }
        }
        return .map(fields)
    }

    /// Whether a path condition takes nothing that another does not.
    private static func isBelow(_ child: ConfigValue, _ root: ConfigValue) -> Bool {
        if child == root { return true }
        guard let prefix = root.text("prefix"), let text = child.text("exact") ?? child.text("prefix") else {
            return false
        }
        return text.utf8.starts(with: prefix.utf8)
    }
}
