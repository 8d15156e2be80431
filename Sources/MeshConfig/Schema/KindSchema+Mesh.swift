extension KindSchema {
    static let serviceAccountBinding = ObjectSchema(fields: [
        .required("role", .string(.roleARN)),
        .required("namespace", .string(.dnsLabel)),
        .required("serviceAccount", .string(.dnsLabel)),
        .optional("functions", .list(.string(.lambdaFunction), 1...64)),
    ])

    static let meshConfig = ObjectSchema(
        fields: [
            .optional("rootNamespace", .string(.dnsLabel), default: .string("tulle-system")),
            .optional("trustDomainAliases", .list(.string(.trustDomain), 0...64)),
            .optional(
                "defaultVisibility",
                .choice(Declared.MeshConfig.Visibility.self),
                default: .string("PUBLIC")
            ),
            .optional(
                "visibilityRules",
                .list(
                    .object([
                        .required("namespaceSelector", Self.labelSelector),
                        .required("visibility", .choice(Declared.MeshConfig.Visibility.self)),
                    ]),
                    0...256
                )
            ),
            .optional(
                "unreadyWaypoint",
                .choice(Declared.MeshConfig.UnreadyWaypoint.self),
                default: .string("refuse")
            ),
            .optional("allowsWaypoints", .boolean, default: .bool(false)),
        ] + Self.traffic
    )

    static let ecsAccount = ObjectSchema(fields: [
        .required("account", .string(.awsAccount)),
        .optional("role", .string(.roleARN)),
        .optional("externalID", .string(.text(2...1224))),
        .required("regions", .list(.string(.awsRegion), 1...64)),
        .optional("domain", .string(.dnsSubdomain)),
        .optional("network", .string(.dnsLabel)),
        .optional("namespaces", .list(.string(.namespacePattern), 1...64)),
        .optional("eventQueues", .map(.awsRegion, .string(.httpURL), 0...64)),
        .optional(
            "clusters",
            .object([
                .optional("names", .list(.string(.ecsCluster), 0...1000)),
                .optional("tags", .map(.text(1...128), .string(.text(0...256)), 0...50)),
            ])
        ),
    ])
}
