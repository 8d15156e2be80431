import AWSClient
import MeshConfig

/// `tulle diff`: what applying would change.
struct DiffResources: Sendable {
    /// What a comparison found.
    struct Outcome: Sendable, Hashable {
        /// Unified diffs, one a resource that would change.
        var text: [String] = []
        /// What would be refused.
        var refused: [String] = []
    }

    /// Compares inputs with what is in force. The control plane decides what is a change, so that defaults which nobody
    /// wrote are none.
    func run(_ inputs: [ConfigurationInput], _ admin: AdminClient) async throws -> Outcome {
        var outcome = Outcome()
        for input in inputs {
            let documents = DocumentValue.all(in: input.text)
            for result in try await ApplyResources(isDryRun: true).outcomes(of: input, admin) {
                switch result.action {
                case "unchanged": continue
                case "refused":
                    outcome.refused.append(result.line)
                    outcome.refused += result.diagnostics.map(\.description)
                default:
                    guard
                        let key = ResourceKind(rawValue: result.kind).map({ kind in
                            ResourceKey(kind: kind, namespace: result.namespace, name: result.name)
                        }), let declared = documents.last(where: { $0.key == key })
                    else { continue }
                    let live = try await admin.resources(
                        kind: key.kind.rawValue,
                        namespace: key.namespace,
                        name: key.name
                    )
                    outcome.text.append(Self.diff(live.first?.json, JSONValue(declared.value), key))
                }
            }
        }
        return outcome
    }

    /// The unified diff of one resource.
    static func diff(_ live: JSONValue?, _ declared: JSONValue, _ key: ResourceKey) -> String {
        let before = live.map { YAMLText.document(Self.comparable($0, key)) } ?? ""
        let after = YAMLText.document(Self.comparable(declared, key))
        let text = TextDiff.unified(before, after, oldName: "\(key) (now)", newName: "\(key) (new)")
        return text.isEmpty ? "\(key) would be applied again, without a change that can be seen" : text
    }

    /// What is compared of a document: what a person writes, in one order.
    private static func comparable(_ document: JSONValue, _ key: ResourceKey) -> JSONValue {
        var metadata: JSONValue = [:]
        for name in ["annotations", "labels"] {
            if let members = document["metadata"]?[name], members != [:], !members.isNull { metadata[name] = members }
        }
        metadata["name"] = .string(key.name)
        if !key.namespace.isEmpty { metadata["namespace"] = .string(key.namespace) }
        var comparable: JSONValue = [:]
        comparable["apiVersion"] = document["apiVersion"]
        comparable["kind"] = .string(key.kind.rawValue)
        comparable["metadata"] = metadata
        if let spec = document["spec"], spec != [:], !spec.isNull { comparable["spec"] = spec }
        return comparable.sorted
    }
}

extension JSONValue {
    /// A configuration value as JSON, members by name.
    init(_ value: ConfigValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .int(value)
        case .number(let value): self = JSONNumber(value).map(JSONValue.number) ?? .string("\(value)")
        case .string(let value): self = .string(value)
        case .list(let values): self = .array(values.map(JSONValue.init))
        case .map(let entries):
            let sorted = entries.sorted { $0.key < $1.key }
            self = .object(JSONObject(sorted.map { (name: $0.key, value: JSONValue($0.value)) }))
        }
    }

    /// The same value with the members of all objects by name.
    var sorted: JSONValue {
        switch self {
        case .array(let values): .array(values.map(\.sorted))
        case .object(let members):
            .object(
                JSONObject(
                    members.map { ($0.name, $0.value.sorted) }.sorted { $0.0 < $1.0 }.map { (name: $0.0, value: $0.1) }
                )
            )
        default: self
        }
    }
}
