extension KindSchema {
    private static let providers = FieldSchema.optional(
        "providers",
        .list(.object([.required("name", .string(.name))]), 0...16)
    )

    private static let mode = FieldSchema.optional(
        "mode",
        .choice(["CLIENT_AND_SERVER", "CLIENT", "SERVER"]),
        default: .string("CLIENT_AND_SERVER")
    )

    private static let metrics = [
        "ALL_METRICS", "REQUEST_COUNT", "REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE", "TCP_OPENED_CONNECTIONS",
        "TCP_CLOSED_CONNECTIONS", "TCP_SENT_BYTES", "TCP_RECEIVED_BYTES", "GRPC_REQUEST_MESSAGES",
        "GRPC_RESPONSE_MESSAGES",
    ]

    private static let metric = ValueSchema.object([
        Self.providers,
        .optional(
            "overrides",
            .list(
                .object([
                    .optional(
                        "match",
                        .object(
                            [
                                .optional("metric", .choice(Self.metrics)),
                                .optional("customMetric", .string(.name)),
                                Self.mode,
                            ],
                            groups: [.atMostOne(["metric", "customMetric"])]
                        )
                    ),
                    .optional("disabled", .boolean),
                    .optional(
                        "tagOverrides",
                        .map(
                            .text(1...128),
                            .object([
                                .optional("operation", .choice(["UPSERT", "REMOVE"]), default: .string("UPSERT")),
                                .optional("value", .string(.text(1...1024))),
                            ]),
                            0...64
                        )
                    ),
                ]),
                0...256
            )
        ),
        .optional("reportingInterval", .string(.duration)),
    ])

    private static let customTag = ValueSchema.object(
        [
            .optional("literal", .object([.required("value", .string(.text(1...1024)))])),
            .optional(
                "environment",
                .object([.required("name", .string(.name)), .optional("defaultValue", .string(.anyText))])
            ),
            .optional(
                "header",
                .object([.required("name", .string(.headerName)), .optional("defaultValue", .string(.anyText))])
            ),
        ],
        groups: [.exactlyOne(["literal", "environment", "header"])],
        unsupported: ["formatter"]
    )

    private static let tracing = ValueSchema.object(
        [
            .optional("match", .object([Self.mode])),
            Self.providers,
            .optional("randomSamplingPercentage", .percent),
            .optional("disableSpanReporting", .boolean),
            .optional("customTags", .map(.text(1...128), Self.customTag, 0...64)),
            .optional("useRequestIdForTraceSampling", .boolean),
            .optional("enableIstioTags", .boolean),
            .optional("disableContextPropagation", .boolean),
        ]
    )

    private static let accessLogging = ValueSchema.object([
        .optional("match", .object([Self.mode])),
        Self.providers,
        .optional("disabled", .boolean),
        .optional("filter", .object([.required("expression", .string(.text(1...4096)))])),
    ])

    static let telemetry = ObjectSchema(
        fields: [
            .optional("selector", Self.selector),
            .optional("targetRef", Self.targetReference),
            .optional("targetRefs", Self.targetReferences),
            .optional("metrics", .list(Self.metric, 0...16)),
            .optional("tracing", .list(Self.tracing, 0...16)),
            .optional("accessLogging", .list(Self.accessLogging, 0...16)),
        ],
        groups: [.atMostOne(["selector", "targetRef", "targetRefs"])]
    )
}
