import AWSClient

/// What a migration did, and what it could not do.
struct MigrationReport: Sendable, Hashable {
    /// How grave something is.
    enum Weight: String, Sendable, Hashable, CaseIterable {
        /// It is gone: nothing that was written does the same.
        case lost
        /// It was carried over, and is not quite the same.
        case changed
        /// For people to know.
        case note
    }

    /// One thing that a person should know.
    struct Finding: Sendable, Hashable {
        var weight: Weight
        /// Such as `virtualNode/web`.
        var subject: String
        /// File and path of the field; empty for the subject as a whole.
        var field: String
        /// What it means, and what to do.
        var reason: String

        var json: JSONValue {
            [
                "weight": .string(self.weight.rawValue), "subject": .string(self.subject),
                "field": .string(self.field), "reason": .string(self.reason),
            ]
        }

        var line: String {
            let place = self.field.isEmpty ? "" : " \(self.field):"
            return PlainLine.text("\(self.weight.rawValue) (\(self.subject))\(place) \(self.reason)")
        }
    }

    /// How many of a kind were read.
    struct Tally: Sendable, Hashable {
        var kind: String
        var count: Int
    }

    /// What was read.
    var read: [Tally] = []
    /// The mesh.
    var mesh = ""
    /// Everything that was found.
    private(set) var findings: [Finding] = []
    /// What was written, as paths below the output directory.
    var files: [String] = []
    /// What is to be done for each service of ECS.
    var steps: [MigrationStep] = []

    /// Adds a finding; the same one is kept once.
    mutating func add(_ weight: Weight, _ subject: String, _ field: ExportField? = nil, _ reason: String) {
        let place = field.map { "\($0.file): \($0.path)" } ?? ""
        let finding = Finding(weight: weight, subject: subject, field: place, reason: reason)
        if !self.findings.contains(finding) { self.findings.append(finding) }
    }

    /// How many findings have a weight.
    func count(_ weight: Weight) -> Int { self.findings.count { $0.weight == weight } }

    /// The findings, the grave ones first.
    var sorted: [Finding] { Weight.allCases.flatMap { weight in self.findings.filter { $0.weight == weight } } }

    /// The report for people.
    var text: String {
        var lines = ["Mesh \(self.mesh): " + self.read.map { "\($0.count) \($0.kind)" }.joined(separator: ", ")]
        for weight in Weight.allCases {
            let all = self.findings.filter { $0.weight == weight }
            guard !all.isEmpty else { continue }
            lines.append("")
            lines += all.map(\.line)
        }
        lines += ["", "Written:"] + self.files.map { "  \($0)" }
        for step in self.steps { lines += ["", step.text] }
        let counts = Weight.allCases.map { "\(self.count($0)) \($0.rawValue)" }
        return (lines + ["", counts.joined(separator: ", ")]).joined(separator: "\n")
    }

    /// The report for programs.
    var json: JSONValue {
        [
            "mesh": .string(self.mesh),
            "read": .object(JSONObject(self.read.map { (name: $0.kind, value: .int($0.count)) })),
            "findings": .array(self.sorted.map(\.json)),
            "files": .strings(self.files),
            "services": .array(self.steps.map(\.json)),
        ]
    }
}

/// What is to be done for one service of ECS, in this order: nothing of it was done.
struct MigrationStep: Sendable, Hashable {
    var virtualNode: String
    var service: String
    /// The service's ARN where an export of it was there.
    var arn: String?
    var family: String
    /// The definition to register, below the output directory.
    var file: String
    var tags: [MeshTag]

    /// A tag of the service.
    struct MeshTag: Sendable, Hashable {
        var key: String
        var value: String
    }

    /// The cluster, which ARNs of the newer form carry.
    private var cluster: String {
        let parts = (self.arn ?? "").split(separator: "/")
        return parts.count == 3 ? String(parts[1]) : "<cluster>"
    }

    /// The calls, as lines of a shell.
    var text: String {
        let tags = self.tags.map { "'key=\($0.key),value=\($0.value)'" }.joined(separator: " ")
        return """
            Service \(self.service) (\(self.virtualNode)):
              aws ecs register-task-definition --cli-input-json file://\(self.file)
              aws ecs tag-resource --resource-arn \(self.arn ?? "<ARN of the service>") --tags \(tags)
              aws ecs update-service --cluster \(self.cluster) --service \(self.service) --task-definition \(self.family) \\
                --propagate-tags SERVICE --enable-ecs-managed-tags --force-new-deployment
            """
    }

    var json: JSONValue {
        var json: JSONValue = [
            "virtualNode": .string(self.virtualNode), "service": .string(self.service),
            "family": .string(self.family), "file": .string(self.file),
            "tags": .object(JSONObject(self.tags.map { (name: $0.key, value: .string($0.value)) })),
        ]
        if let arn { json["arn"] = .string(arn) }
        return json
    }
}
