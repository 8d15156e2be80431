import AWSClient

/// Modes of TLS of listeners as PeerAuthentications.
enum PeerModeTranslation {
    /// One for the whole namespace when every listener has STRICT, else one for each service that has a mode of its own.
    static func policies(
        _ nodes: [(node: AppMeshNode, modes: [Int: String])],
        namespace: String,
        report: inout MigrationReport
    ) -> [JSONValue] {
        let serving = nodes.filter { $0.node.definition != nil && !$0.node.listeners.isEmpty }
        let isStrict = { (entry: (node: AppMeshNode, modes: [Int: String])) in
            entry.node.listeners.allSatisfy { entry.modes[$0.port] == "STRICT" }
        }
        if !serving.isEmpty, serving.allSatisfy(isStrict) {
            report.add(
                .note,
                "mesh/\(report.mesh)",
                nil,
                "every listener has TLS mode STRICT; apply later/authentication.yaml when the last task has moved, as "
                    + "until then tasks of App Mesh are refused"
            )
            return [self.policy("default", namespace: namespace, spec: ["mtls": ["mode": "STRICT"]])]
        }
        var policies: [JSONValue] = []
        for entry in serving where entry.modes.values.contains("STRICT") {
            guard let label = entry.node.label else { continue }
            var spec: JSONObject = ["selector": ["matchLabels": ["app": .string(label)]]]
            if isStrict(entry) {
                spec["mtls"] = ["mode": "STRICT"]
            } else {
                spec["mtls"] = ["mode": "PERMISSIVE"]
                let strict = entry.modes.filter { $0.value == "STRICT" }.keys.sorted()
                spec["portLevelMtls"] = .object(
                    JSONObject(strict.map { (name: String($0), value: ["mode": "STRICT"] as JSONValue) })
                )
            }
            report.add(
                .note,
                entry.node.resource.title,
                nil,
                "TLS mode STRICT: apply its part of later/authentication.yaml when all that call it have moved"
            )
            policies.append(self.policy("\(label)-strict", namespace: namespace, spec: spec))
        }
        return policies
    }

    private static func policy(_ name: String, namespace: String, spec: JSONObject) -> JSONValue {
        [
            "apiVersion": "security.istio.io/v1",
            "kind": "PeerAuthentication",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": .object(spec),
        ]
    }
}
