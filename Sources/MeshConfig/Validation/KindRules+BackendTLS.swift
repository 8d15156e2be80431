extension KindRules {
    mutating func backendTLSPolicy(_ spec: SpecCursor) {
        for reference in spec.list("targetRefs") {
            let kind = reference.text("kind") ?? ""
            let allowed = kind == "Service" ? ["", "core"] : ["networking.istio.io"]
            guard !allowed.contains(reference.text("group") ?? "") else { continue }
            let groups = allowed.map { $0.isEmpty ? "''" : $0 }.joined(separator: " or ")
            self.report.error(.contradiction, reference, "group of kind \(kind) must be \(groups)")
        }
        self.report.refuseDuplicates(spec.list("targetRefs"), "target") {
            "\($0.text("kind") ?? "")/\($0.text("name") ?? "")/\($0.text("sectionName") ?? "")"
        }
        for name in spec["validation"]?.list("subjectAltNames") ?? [] {
            let field = name.text("type") == "URI" ? "uri" : "hostname"
            if name[field] == nil { self.report.error(.contradiction, name, "type needs \(field)") }
        }
    }

    mutating func caBundle(_ spec: SpecCursor) {
        guard let pem = spec["pem"], !pem.text.contains("-----BEGIN CERTIFICATE-----") else { return }
        self.report.error(.badValue, pem, "holds no certificate in PEM")
    }
}
