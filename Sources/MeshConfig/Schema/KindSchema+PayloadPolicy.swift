extension KindSchema {
    private static let conditions = ["exists", "equals", "in", "greaterThan", "lessThan", "matches"]

    /// How a field of a body is compared; a number is compared as a decimal, a missing field meets no condition but
    /// `exists: false`.
    private static let comparison: [FieldSchema] = [
        .optional("exists", .boolean),
        .optional("equals", .scalar),
        .optional("in", .list(.scalar, 1...256)),
        .optional("greaterThan", .number(-1e15...1e15)),
        .optional("lessThan", .number(-1e15...1e15)),
        .optional("matches", .string(.regex)),
    ]

    private static let rule = ValueSchema.object(
        [
            .optional("name", .string(.dnsLabel)),
            .optional(
                "json",
                .object(
                    // RFC 6901
                    [.required("pointer", .string(.text(0...1024)))] + Self.comparison,
                    groups: [.exactlyOne(Self.conditions)]
                )
            ),
            .optional(
                "form",
                .object(
                    [.required("field", .string(.text(1...256)))] + Self.comparison,
                    groups: [.exactlyOne(Self.conditions)]
                )
            ),
            .optional(
                "size",
                .object(
                    [.optional("greaterThan", .string(.quantity)), .optional("lessThan", .string(.quantity))],
                    groups: [.atLeastOne(["greaterThan", "lessThan"])]
                )
            ),
            .optional(
                "contentType",
                .object(
                    [
                        .optional("in", .list(.string(.text(1...128)), 1...64)),
                        .optional("notIn", .list(.string(.text(1...128)), 1...64)),
                    ],
                    groups: [.exactlyOne(["in", "notIn"])]
                )
            ),
            .optional("pattern", .string(.regex)),
        ],
        groups: [.atLeastOne(["json", "form", "size", "contentType", "pattern"])]
    )

    static let payloadPolicy = ObjectSchema(
        fields: [
            .optional("selector", Self.selector),
            .optional("targetRefs", Self.targetReferences),
            .optional("action", .choice(["DENY", "ALLOW", "AUDIT"]), default: .string("DENY")),
            .optional(
                "match",
                .object([
                    .optional("methods", .list(.string(.headerName), 1...16)),
                    .optional("paths", .list(.string(.text(1...1024)), 1...64)),
                    .optional("contentTypes", .list(.string(.text(1...128)), 1...64)),
                ])
            ),
            .optional(
                "inspect",
                .object([
                    .optional("maxBytes", .string(.quantity), default: .string("16Ki")),
                    .optional("maxDepth", .integer(1...64), default: .integer(32)),
                    .optional("maxKeys", .integer(1...10_000), default: .integer(1000)),
                    .optional("timeout", .string(.gatewayDuration), default: .string("5s")),
                ])
            ),
            .optional("oversize", .choice(["Deny", "Continue", "EvaluatePrefix"]), default: .string("Deny")),
            .optional("malformed", .choice(["Deny", "Continue"]), default: .string("Deny")),
            .optional("compressed", .choice(["Deny", "Skip"], refused: ["Decode"]), default: .string("Deny")),
            .required("rules", .list(Self.rule, 1...ConfigurationLimits.standard.policyRules)),
            .optional(
                "deny",
                .object([
                    .optional("status", .integer(400...599), default: .integer(403)),
                    .optional("body", .string(.text(0...4096))),
                ])
            ),
            .optional("dryRun", .boolean, default: .bool(false)),
        ],
        groups: [.exactlyOne(["selector", "targetRefs"])]
    )
}
