extension KindRules {
    mutating func peerAuthentication(_ spec: SpecCursor) {
        self.selector(spec)
        self.mode(spec["mtls"])
        guard let ports = spec["portLevelMtls"] else { return }
        let labels = spec["selector"]?["matchLabels"]?.entries ?? []
        if labels.isEmpty {
            self.report.error(.contradiction, ports, "needs a selector with labels: ports are those of workloads")
        }
        if ports.entries.isEmpty { self.report.error(.contradiction, ports, "names no port") }
        for (_, mode) in ports.entries { self.mode(mode) }
    }

    private mutating func mode(_ mode: SpecCursor?) {
        guard let mode = mode?["mode"], mode.text == "DISABLE" else { return }
        self.report.warning(.noEffect, mode, "DISABLE is read as PERMISSIVE: the mesh's own tunnels always use mTLS")
    }

    mutating func requestAuthentication(_ spec: SpecCursor) {
        self.selector(spec)
        self.targetReferences(spec)
        self.needsTargets(spec)
        for rule in spec.list("jwtRules") {
            if let keys = rule["jwks"] { self.keySet(keys) }
            self.report.refuseDuplicates(rule.list("outputClaimToHeaders"), "header") {
                ($0.text("header") ?? "").lowercased()
            }
        }
    }

    /// An inline key set (RFC 7517 §5). JSON is YAML, so the reader of documents reads it.
    private mutating func keySet(_ cursor: SpecCursor) {
        let bytes = Array(cursor.text.utf8)
        let (result, _) = DocumentParser.read(
            bytes[...],
            firstLine: 1,
            limits: self.limits,
            nodesLeft: self.limits.nodes
        )
        guard case .success(let node?) = result, case .list(let keys)? = node["keys"]?.content, !keys.isEmpty else {
            self.report.error(.badValue, cursor, "must be a JSON Web Key Set: an object with a list `keys`")
            return
        }
        for (index, key) in keys.enumerated() {
            guard case .map(let members) = key.content, let type = key["kty"]?.text else {
                self.report.error(.badValue, cursor, "key \(index) must be an object with a text `kty`")
                continue
            }
            let secrets: Set<String> = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            guard type == "oct" || members.contains(where: { secrets.contains($0.key) }) else { continue }
            self.report.warning(
                .keyMaterial,
                cursor,
                "key \(index) holds private or symmetric key material: whoever reads this file can make tokens"
            )
        }
    }
}
