import AWSClient

/// A policy of IAM.
struct PolicyDocument: Sendable, Hashable {
    /// One statement; only Allow is ever written.
    struct Statement: Sendable, Hashable {
        /// Letters and digits, unique in the document.
        var id: String
        /// Such as `ecs:ListTasks`.
        var actions: [String]
        /// ARNs, or `*` alone.
        var resources: [String]
        /// Operator, key and values, all of which must hold.
        var conditions: [Condition] = []
    }

    /// One condition.
    struct Condition: Sendable, Hashable {
        var test: String
        var key: String
        var values: [String]
    }

    /// In order.
    var statements: [Statement]

    /// Every action that it allows.
    var actions: Set<String> { Set(self.statements.flatMap(\.actions)) }

    /// The document as IAM takes it.
    var json: JSONValue {
        [
            "Version": "2012-10-17",
            "Statement": .array(
                self.statements.map { statement in
                    var json: JSONValue = [
                        "Sid": .string(statement.id), "Effect": "Allow", "Action": Self.list(statement.actions),
                        "Resource": Self.list(statement.resources),
                    ]
                    if !statement.conditions.isEmpty { json["Condition"] = Self.conditions(statement.conditions) }
                    return json
                }
            ),
        ]
    }

    static func conditions(_ conditions: [Condition]) -> JSONValue {
        var json: JSONValue = [:]
        for condition in conditions {
            var keys = json[condition.test] ?? [:]
            keys[condition.key] = Self.list(condition.values)
            json[condition.test] = keys
        }
        return json
    }

    private static func list(_ values: [String]) -> JSONValue {
        if values.count == 1, let only = values.first { return .string(only) }
        return .strings(values)
    }
}
