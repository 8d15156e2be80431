/// Our own kinds for what Istio has no stable API for: limits on requests, and looking after endpoints.
extension KindSchema {
    private static let limit = ValueSchema.object([
        .optional("name", .string(.dnsLabel)),
        .optional("match", Self.requestMatch),
        .required("requests", .integer(1...1_000_000_000)),
        .required("window", .string(.gatewayDuration)),
        .optional("burst", .integer(0...1_000_000_000)),
        .optional("key", .list(.string(.text(1...256)), 0...8)),
        .optional("scope", .choice(["local"], refused: ["global"]), default: .string("local")),
        .optional("status", .integer(400...599), default: .integer(429)),
    ])

    static let rateLimitPolicy = ObjectSchema(fields: [
        .required("targetRefs", .list(Self.targetReference, 1...16)),
        .required("limits", .list(Self.limit, 1...64)),
    ])

    private static let serviceReference = ValueSchema.object([
        .optional("group", .choice(["", "core"]), default: .string("")),
        .required("kind", .choice(["Service"])),
        .required("name", .string(.hostname)),
    ])

    /// The Gateway API's experimental kind.
    static let backendTrafficPolicy = ObjectSchema(
        fields: [
            .required("targetRefs", .list(Self.serviceReference, 1...16)),
            .optional(
                "retryConstraint",
                .object([
                    .optional(
                        "budget",
                        .object([
                            .optional("percent", .integer(0...100), default: .integer(20)),
                            .optional("interval", .string(.gatewayDuration), default: .string("10s")),
                        ])
                    ),
                    .optional(
                        "minRetryRate",
                        .object([
                            .optional("count", .integer(1...1_000_000), default: .integer(10)),
                            .optional("interval", .string(.gatewayDuration), default: .string("1s")),
                        ])
                    ),
                ])
            ),
            .optional("sessionPersistence", Self.persistence),
        ]
    )

    static let healthCheckPolicy = ObjectSchema(
        fields: [
            .required("targetRefs", .list(Self.targetReference, 1...16)),
            .optional("port", .port),
            .optional(
                "http",
                .object([
                    .required("path", .string(.path)),
                    .optional("host", .string(.hostname)),
                    .optional("expectedStatuses", .list(.integer(100...599), 1...32)),
                ])
            ),
            .optional("grpc", .object([.optional("service", .string(.text(0...256)), default: .string(""))])),
            .optional("tcp", .object([])),
            .optional("probePort", .port),
            .optional("interval", .string(.gatewayDuration), default: .string("10s")),
            .optional("timeout", .string(.gatewayDuration), default: .string("1s")),
            .optional("unhealthyThreshold", .integer(1...100), default: .integer(3)),
            .optional("healthyThreshold", .integer(1...100), default: .integer(2)),
        ],
        groups: [.exactlyOne(["http", "grpc", "tcp"])]
    )
}
