extension KindSchema {
    private static let workloadFields: [FieldSchema] = [
        .optional("address", .string(.text(1...253)), default: .string("")),
        .optional("ports", .map(.text(1...63), .port)),
        .optional("labels", .labels),
        .optional("network", .string(.text(1...63))),
        .optional("locality", .string(.text(0...253)), default: .string("")),
        .optional("weight", .integer(0...Int64(UInt32.max))),
        .optional("serviceAccount", .string(.dnsSubdomain)),
    ]

    static let workloadEntry = ObjectSchema(fields: Self.workloadFields)

    static let serviceEntry = ObjectSchema(
        fields: [
            .required("hosts", .list(.string(.wildcardHostname(allowsAny: false)), 1...256)),
            .optional("addresses", .list(.string(.ipOrCIDR), 0...256)),
            .optional(
                "ports",
                .list(
                    .object([
                        .required("number", .port),
                        .required("name", .string(.text(1...63))),
                        .optional(
                            "protocol",
                            .choice(Self.protocols + Self.protocols.map { $0.lowercased() }),
                            default: .string("")
                        ),
                        .optional("targetPort", .port),
                    ]),
                    0...256
                )
            ),
            .optional("location", .choice(Declared.ServiceEntry.Location.self), default: .string("MESH_EXTERNAL")),
            .optional("resolution", .choice(Declared.ServiceEntry.Resolution.self), default: .string("NONE")),
            .optional("endpoints", .list(.object(Self.workloadEntry))),
            .optional("workloadSelector", .object([.optional("labels", .labels)])),
            .optional("exportTo", .list(.string(.text(1...63)), 0...256)),
            .optional("subjectAltNames", .list(.string(.subjectName), 0...256)),
        ],
        groups: [.atMostOne(["endpoints", "workloadSelector"])]
    )

    static let protocols = ["HTTP", "HTTPS", "GRPC", "HTTP2", "MONGO", "TCP", "TLS", "GRPC-WEB", "MYSQL", "REDIS"]

    /// A Kubernetes `LabelSelector`.
    static let labelSelector = ValueSchema.object([
        .optional("matchLabels", .labels),
        .optional(
            "matchExpressions",
            .list(
                .object([
                    .required("key", .string(.labelKey)),
                    .required("operator", .choice(Declared.LabelSelector.Requirement.Operator.self)),
                    .optional("values", .strings(.labelValue)),
                ]),
                0...64
            )
        ),
    ])

    private static let listener = ValueSchema.object(
        [
            .required("name", .string(.dnsSubdomain)),
            .optional("hostname", .string(.wildcardHostname(allowsAny: false))),
            .required("port", .port),
            .required("protocol", .string(.text(1...255))),
            .optional(
                "tls",
                .object(
                    [
                        .optional("mode", .choice(["Terminate", "Passthrough"]), default: .string("Terminate")),
                        .optional("options", .map(.text(1...253), .string(.anyText), 0...16)),
                    ],
                    unsupported: ["certificateRefs", "frontendValidation"]
                )
            ),
            .optional(
                "allowedRoutes",
                .object([
                    .optional(
                        "namespaces",
                        .object([
                            .optional(
                                "from",
                                .choice(["All", "Same", "Selector"], refused: ["None"]),
                                default: .string("Same")
                            ),
                            .optional("selector", Self.labelSelector),
                        ])
                    ),
                    .optional(
                        "kinds",
                        .list(
                            .object([
                                .optional("group", .string(.text(0...253))),
                                .required("kind", .string(.text(1...63))),
                            ]),
                            0...8
                        )
                    ),
                ])
            ),
        ]
    )

    static let gateway = ObjectSchema(
        fields: [
            .required("gatewayClassName", .string(.dnsSubdomain)),
            .optional("listeners", .list(Self.listener, 0...64)),
            .optional(
                "addresses",
                .list(
                    .object([
                        .optional(
                            "type",
                            .choice(["IPAddress", "Hostname"], refused: ["NamedAddress"]),
                            default: .string("IPAddress")
                        ),
                        .required("value", .string(.text(1...253))),
                    ]),
                    0...16
                )
            ),
            .optional(
                "infrastructure",
                .object(
                    [
                        .optional("labels", .map(.labelKey, .string(.labelValue), 0...8)),
                        .optional("annotations", .map(.labelKey, .string(.anyText), 0...8)),
                    ],
                    unsupported: ["parametersRef"]
                )
            ),
        ],
        unsupported: ["allowedListeners", "backendTLS", "tls", "defaultScope"]
    )
}
