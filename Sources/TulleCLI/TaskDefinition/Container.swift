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

    /// Waits for another container to be healthy; says whether the list had to be made.
    mutating func waitForHealth(of other: String) -> Bool {
        let condition: JSONValue = ["containerName": .string(other), "condition": "HEALTHY"]
        let before = self.json["dependsOn"]?.array
        self.json["dependsOn"] = .array((before ?? []) + [condition])
        return before == nil
    }

    /// No longer waits for another container. An empty list goes when `dropsEmpty`.
    mutating func stopWaiting(for other: String, dropsEmpty: Bool) {
        guard let before = self.json["dependsOn"]?.array else { return }
        let after = before.filter { $0["containerName"]?.string != other }
        guard after.count < before.count else { return }
        self.json["dependsOn"] = after.isEmpty && dropsEmpty ? nil : .array(after)
    }

    /// Adds variables at the end; says whether the list had to be made.
    mutating func addEnvironment(_ variables: [(name: String, value: String)]) -> Bool {
        let before = self.json["environment"]?.array
        let added = variables.map { variable -> JSONValue in
            ["name": .string(variable.name), "value": .string(variable.value)]
        }
        self.json["environment"] = .array((before ?? []) + added)
        return before == nil
    }

    /// Takes variables out by name. An empty list goes when `dropsEmpty`.
    mutating func removeEnvironment(_ names: Set<String>, dropsEmpty: Bool) {
        guard let before = self.json["environment"]?.array else { return }
        let after = before.filter { variable in
            variable["name"]?.string.map { !names.contains($0) } ?? true
        }
        self.json["environment"] = after.isEmpty && dropsEmpty ? nil : .array(after)
    }
}
