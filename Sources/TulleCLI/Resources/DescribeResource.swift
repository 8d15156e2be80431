import AWSClient

/// `tulle describe KIND NAME`: one resource with all that the control plane says of it.
enum DescribeResource {
    /// The description.
    static func text(_ resource: StoredResource) -> String {
        var lines = [
            "Name:       \(resource.name)",
            "Kind:       \(resource.kind) (\(resource.json["apiVersion"]?.string ?? "-"))",
        ]
        if !resource.namespace.isEmpty { lines.insert("Namespace:  \(resource.namespace)", at: 1) }
        lines += Self.pairs("Labels:     ", resource.json["metadata"]?["labels"])
        lines += Self.pairs("Notes:      ", resource.json["metadata"]?["annotations"])
        lines += ["State:      \(resource.state)", "Origin:     \(resource.origin)"]
        if let spec = resource.json["spec"], spec != [:], !spec.isNull {
            lines.append("Spec:")
            lines += YAMLText.document(spec).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        }
        if !resource.conditions.isEmpty {
            var table = Table(["TYPE", "STATUS", "REASON", "MESSAGE"])
            for condition in resource.conditions {
                table.add([condition.type, condition.status, condition.reason, condition.message])
            }
            lines.append("Conditions:")
            lines += table.text.split(separator: "\n").map { "  \($0)" }
        }
        if !resource.diagnostics.isEmpty {
            lines.append("Diagnostics:")
            lines += resource.diagnostics.map { "  \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    /// `key=value` a line, the title on the first.
    private static func pairs(_ title: String, _ json: JSONValue?) -> [String] {
        let pairs = (json?.object ?? [:]).map { "\($0.name)=\($0.value.string ?? $0.value.text())" }.sorted()
        let margin = String(repeating: " ", count: title.count)
        return pairs.enumerated().map { ($0.offset == 0 ? title : margin) + $0.element }
    }
}
