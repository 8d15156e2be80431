import MeshConfig
import MeshProtos

/// PayloadPolicies as waypoints get them.
enum PayloadTranslation {
    typealias Policy = TulleL7.PayloadPolicy

    static func policy(_ resource: DeclaredResource) -> Policy? {
        guard case .route(_, let spec) = resource.spec else { return nil }
        return Policy.with {
            $0.namespace = resource.metadata.namespace
            $0.name = resource.metadata.name
            switch spec.text("action") {
            case "ALLOW": $0.action = .allow
            case "AUDIT": $0.action = .audit
            default: $0.action = .deny
            }
            $0.dryRun = spec["dryRun"]?.flag ?? false
            $0.methods = spec["match"]?.texts("methods") ?? []
            $0.paths = spec["match"]?.texts("paths") ?? []
            $0.contentTypes = spec["match"]?.texts("contentTypes") ?? []
            let inspect = spec["inspect"]
            $0.maxBytes = inspect?.bytes("maxBytes") ?? 16 * 1024
            $0.maxDepth = inspect?.count("maxDepth") ?? 32
            $0.maxKeys = inspect?.count("maxKeys") ?? 1000
            $0.timeoutMilliseconds = inspect?.milliseconds("timeout") ?? 5000
            $0.oversize = self.reaction(spec.text("oversize"))
            $0.malformed = self.reaction(spec.text("malformed"))
            $0.compressed = self.reaction(spec.text("compressed"))
            $0.rules = spec.list("rules").map(self.rule)
            $0.status = spec["deny"]?.count("status") ?? 0
            $0.body = spec["deny"]?.text("body") ?? ""
        }
    }

    private static func reaction(_ word: String?) -> Policy.Reaction {
        switch word {
        case "Continue", "Skip": .pass
        case "EvaluatePrefix": .prefix
        default: .refuse
        }
    }

    /// All parts of a rule must hold.
    private static func rule(_ value: ConfigValue) -> Policy.Rule {
        var parts = [
            value["json"].map { self.field($0, name: $0.text("pointer") ?? "", form: false) },
            value["form"].map { self.field($0, name: $0.text("field") ?? "", form: true) },
        ].compactMap(\.self)
        if let size = value["size"] { parts += self.size(size) }
        if let types = value["contentType"] { parts += self.contentType(types) }
        if let pattern = value.text("pattern") { parts.append(self.condition(.found, [pattern])) }
        var rule = Policy.Rule()
        if parts.count == 1, let only = parts.first {
            rule = only
        } else {
            rule.all = Policy.RuleList.with { $0.rules = parts }
        }
        rule.name = value.text("name") ?? ""
        return rule
    }

    /// What holds for the body as a whole, or for what the request says of it.
    private static func condition(_ operation: Policy.Operator, _ values: [String]) -> Policy.Rule {
        Policy.Rule.with {
            $0.field = Policy.Field.with {
                $0.operator = operation
                $0.values = values
            }
        }
    }

    private static func opposite(_ rule: Policy.Rule) -> Policy.Rule {
        Policy.Rule.with { $0.none = Policy.RuleList.with { $0.rules = [rule] } }
    }

    private static func size(_ value: ConfigValue) -> [Policy.Rule] {
        let more = value.bytes("greaterThan").map { self.condition(.lengthGreater, ["\($0)"]) }
        // Less than one more is not greater.
        let less = value.bytes("lessThan").map { bytes in
            self.opposite(self.condition(.lengthGreater, ["\(bytes > 0 ? bytes - 1 : 0)"]))
        }
        return [more, less].compactMap(\.self)
    }

    private static func contentType(_ value: ConfigValue) -> [Policy.Rule] {
        let (among, outside) = (value.texts("in"), value.texts("notIn"))
        if !outside.isEmpty { return [self.opposite(self.condition(.contentType, outside))] }
        return [self.condition(.contentType, among)]
    }

    private static func field(_ value: ConfigValue, name: String, form: Bool) -> Policy.Rule {
        var field = Policy.Field()
        field.pointer = name
        field.form = form
        var isInverted = false
        if let exists = value["exists"]?.flag {
            field.operator = .exists
            isInverted = !exists
        } else if let text = value["equals"] {
            field.operator = .equals
            field.values = [self.scalar(text)]
        } else if !value.list("in").isEmpty {
            field.operator = .in
            field.values = value.list("in").map(self.scalar)
        } else if let bound = value["greaterThan"] {
            field.operator = .greater
            field.values = [self.scalar(bound)]
        } else if let bound = value["lessThan"] {
            field.operator = .less
            field.values = [self.scalar(bound)]
        } else if let pattern = value.text("matches") {
            field.operator = .regex
            field.values = [pattern]
        }
        let rule = Policy.Rule.with { $0.field = field }
        return isInverted ? self.opposite(rule) : rule
    }

    /// A text, number or truth value as text.
    private static func scalar(_ value: ConfigValue) -> String {
        switch value {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        default: ""
        }
    }
}
