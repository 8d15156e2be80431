package import AWSClient

/// A task definition as raw JSON, in the shape that RegisterTaskDefinition takes.
///
/// It is never decoded into fields: whatever AWS adds to task definitions later stays in, at its place.
package struct TaskDefinition: Sendable, Hashable {
    /// The definition's members, tags included, without the ones that only ECS sets.
    package private(set) var json: JSONObject
    /// The containers in order; each is an object with a `name`.
    package var containers: [Container] {
        didSet { self.json["containerDefinitions"] = .array(self.containers.map { .object($0.json) }) }
    }

    /// Members of DescribeTaskDefinition's answer that RegisterTaskDefinition refuses.
    static let setByECS: Set<String> = [
        "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt",
        "registeredBy", "deregisteredAt", "deleteRequestedAt",
    ]

    /// Takes the answer of DescribeTaskDefinition, or a definition as it is written for RegisterTaskDefinition.
    ///
    /// Tags that AWS itself manages (`aws:…`) are left out, because nobody else may set them.
    /// - Throws: `definition_malformed` when there is no list of named containers.
    package init(_ document: JSONValue) throws(EnrolmentRefusal) {
        guard var json = (document["taskDefinition"] ?? document).object else {
            throw Self.malformed("the document is not a JSON object")
        }
        for name in Self.setByECS {
            json[name] = nil
        }
        if let tags = document["tags"]?.array ?? json["tags"]?.array {
            let kept = tags.filter { $0["key"]?.string?.hasPrefix("aws:") != true }
            // DescribeTaskDefinition answers with an empty list where there are none; in a file it is somebody's own.
            json["tags"] = kept.isEmpty && document["taskDefinition"] != nil ? nil : .array(kept)
        }
        guard let family = json["family"]?.string, !family.isEmpty else {
            throw Self.malformed("\"family\" is missing")
        }
        guard let containers = json["containerDefinitions"]?.array, !containers.isEmpty else {
            throw Self.malformed("\"containerDefinitions\" is missing or empty")
        }
        var named: [Container] = []
        for (index, container) in containers.enumerated() {
            guard let members = container.object, let name = members["name"]?.string, !name.isEmpty else {
                throw Self.malformed("\"containerDefinitions[\(index)].name\" is missing")
            }
            guard !named.contains(where: { $0.name == name }) else {
                throw Self.malformed("two containers have the name \"\(name)\"")
            }
            named.append(Container(name: name, json: members))
        }
        self.json = json
        self.containers = named
    }

    /// The family, without a revision.
    package var family: String { self.json["family"]?.string ?? "" }

    /// The text member of this name.
    package func text(_ name: String) -> String? { self.json[name]?.string }

    /// Any member but the containers, which have their own property.
    subscript(name: String) -> JSONValue? {
        get { self.json[name] }
        set { if name != "containerDefinitions" { self.json[name] = newValue } }
    }

    /// Sets a tag, in its place or at the end; gives the value before.
    mutating func setTag(_ key: String, _ value: String) -> String? {
        var tags = self.json["tags"]?.array ?? []
        let index = tags.firstIndex { $0["key"]?.string == key }
        let before = index.flatMap { tags[$0]["value"]?.string }
        if let index {
            tags[index]["value"] = .string(value)
        } else {
            tags.append(["key": .string(key), "value": .string(value)])
        }
        self.json["tags"] = .array(tags)
        return before
    }

    /// Takes a tag out. Without any left there is no list, as ECS has it.
    mutating func removeTag(_ key: String) {
        let tags = (self.json["tags"]?.array ?? []).filter { $0["key"]?.string != key }
        self.json["tags"] = tags.isEmpty ? nil : .array(tags)
    }

    /// The document for RegisterTaskDefinition.
    package var document: JSONValue { .object(self.json) }

    private static func malformed(_ message: String) -> EnrolmentRefusal {
        EnrolmentRefusal(
            .definitionMalformed,
            message,
            hint:
                "pass the output of 'aws ecs describe-task-definition', or a definition as for register-task-definition"
        )
    }
}
