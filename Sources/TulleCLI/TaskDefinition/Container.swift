package import AWSClient

/// One container of a task definition, as raw JSON.
package struct Container: Sendable, Hashable {
    /// The container's name, unique in its definition.
    package let name: String
    /// All members, the name included.
    package var json: JSONObject

    init(name: String, json: JSONObject) {
        self.name = name
        self.json = json
    }

    /// Names of the containers that this one waits for.
    var waitsFor: [String] {
        self.json["dependsOn"]?.array?.compactMap { $0["containerName"]?.string } ?? []
    }

    /// Names of its environment variables.
    var environmentNames: [String] {
        self.json["environment"]?.array?.compactMap { $0["name"]?.string } ?? []
    }

    /// The user part of `user`: a name or a number; `nil` when the image decides.
    var user: String? {
        self.json["user"]?.string.map { String($0.prefix { $0 != ":" }) }
    }

    /// Whether it is a FireLens log router.
    var isLogRouter: Bool { self.json["firelensConfiguration"]?.object != nil }

    /// Its log driver.
    var logDriver: String? { self.json["logConfiguration"]?["logDriver"]?.string }

    /// The ports of this transport (`tcp` or `udp`) that it maps, ranges written out.
    func ports(_ transport: String) -> [Int] {
        var ports: [Int] = []
        for mapping in self.json["portMappings"]?.array ?? [] {
            guard (mapping["protocol"]?.string ?? "tcp") == transport else { continue }
            if let port = mapping["containerPort"]?.int, (1...65535).contains(port) {
                ports.append(port)
            } else if let range = mapping["containerPortRange"]?.string {
                let ends = range.split(separator: "-").compactMap { Int($0) }
                guard ends.count == 2, (1...65535).contains(ends[0]), (1...65535).contains(ends[1]), ends[0] <= ends[1]
                else { continue }
                ports.append(contentsOf: ends[0]...ends[1])
            }
        }
        return ports
    }

    /// What stood in a list's place before something was put into it.
    enum ListBefore: Sendable, Hashable {
        /// No such member.
        case absent
        /// `null`, as tools write it that know all fields.
        case null
        /// A list, be it empty.
        case list

        /// What stands there again when nothing is left.
        var emptied: JSONValue? {
            switch self {
            case .absent: nil
            case .null: .null
            case .list: []
            }
        }
    }

    /// Waits for another container to be healthy; gives what was there before.
    mutating func waitForHealth(of other: String) -> ListBefore {
        self.append([["containerName": .string(other), "condition": "HEALTHY"]], to: "dependsOn")
    }

    /// No longer waits for another container.
    mutating func stopWaiting(for other: String, before: ListBefore) {
        self.remove(from: "dependsOn", before: before) { $0["containerName"]?.string == other }
    }

    /// Adds variables at the end; gives what was there before.
    mutating func addEnvironment(_ variables: [(name: String, value: String)]) -> ListBefore {
        self.append(variables.map { ["name": .string($0.name), "value": .string($0.value)] }, to: "environment")
    }

    /// Takes variables out by name.
    mutating func removeEnvironment(_ names: Set<String>, before: ListBefore) {
        self.remove(from: "environment", before: before) { $0["name"]?.string.map(names.contains) ?? false }
    }

    private mutating func append(_ values: [JSONValue], to member: String) -> ListBefore {
        let before = self.json[member]
        self.json[member] = .array((before?.array ?? []) + values)
        return before?.array != nil ? .list : before == nil ? .absent : .null
    }

    private mutating func remove(from member: String, before: ListBefore, where isOurs: (JSONValue) -> Bool) {
        guard let list = self.json[member]?.array else { return }
        let after = list.filter { !isOurs($0) }
        guard after.count < list.count else { return }
        self.json[member] = after.isEmpty ? before.emptied : .array(after)
    }
}
