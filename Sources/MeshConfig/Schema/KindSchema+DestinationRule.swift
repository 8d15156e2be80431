extension KindSchema {
    private static let consistentHash = ValueSchema.object(
        [
            .optional("httpHeaderName", .string(.headerName)),
            .optional(
                "httpCookie",
                .object([
                    .required("name", .string(.headerName)),
                    .optional("path", .string(.text(0...1024))),
                    .optional("ttl", .string(.duration)),
                    .optional(
                        "attributes",
                        .list(
                            .object([
                                .required("name", .string(.headerName)), .optional("value", .string(.headerValue)),
                            ]),
                            0...16
                        )
                    ),
                ])
            ),
            .optional("useSourceIp", .boolean),
            .optional("httpQueryParameterName", .string(.text(1...256))),
            .optional(
                "ringHash",
                .object([.optional("minimumRingSize", .integer(1...8_388_608), default: .integer(1024))])
            ),
            .optional(
                "maglev",
                .object([.optional("tableSize", .integer(2...5_000_011), default: .integer(65_537))])
            ),
        ],
        groups: [
            .exactlyOne(["httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"]),
            .atMostOne(["ringHash", "maglev"]),
        ],
        unsupported: ["minimumRingSize"]
    )

    static let locality = ValueSchema.object(
        [
            .optional("enabled", .boolean),
            .optional(
                "distribute",
                .list(
                    .object([
                        .required("from", .string(.text(1...253))),
                        .required("to", .map(.text(1...253), .integer(0...100), 1...64)),
                    ]),
                    0...64
                )
            ),
            .optional(
                "failover",
                .list(
                    .object([
                        .required("from", .string(.text(1...253))), .required("to", .string(.text(1...253))),
                    ]),
                    0...64
                )
            ),
            .optional("failoverPriority", .list(.string(.text(1...512)), 0...32)),
        ],
        groups: [.atMostOne(["distribute", "failover"]), .atMostOne(["distribute", "failoverPriority"])]
    )

    private static let loadBalancer = ValueSchema.object(
        [
            .optional(
                "simple",
                .choice(["UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN", "ROUND_ROBIN", "RANDOM", "PASSTHROUGH"])
            ),
            .optional("consistentHash", Self.consistentHash),
            .optional("localityLbSetting", Self.locality),
            .optional(
                "zoneAwareLbSetting",
                .object(
                    [.optional("enabled", .boolean), .optional("minClusterSize", .integer(0...1_000_000))],
                    unsupported: ["failover", "failoverPriority"]
                )
            ),
            .optional(
                "warmup",
                .object([
                    .required("duration", .string(.duration)),
                    .optional("minimumPercent", .percent),
                    .optional("aggression", .number(1...100)),
                ])
            ),
            .optional("warmupDurationSecs", .string(.duration)),
        ],
        groups: [.atMostOne(["simple", "consistentHash"]), .atMostOne(["warmup", "warmupDurationSecs"])]
    )

    private static let connectionPool = ValueSchema.object([
        .optional(
            "tcp",
            .object([
                .optional("maxConnections", .count),
                .optional("connectTimeout", .string(.duration)),
                .optional("idleTimeout", .string(.duration)),
                .optional("maxConnectionDuration", .string(.duration)),
                .optional(
                    "tcpKeepalive",
                    .object([
                        .optional("probes", .integer(0...127)),
                        .optional("time", .string(.duration)),
                        .optional("interval", .string(.duration)),
                    ])
                ),
            ])
        ),
        .optional(
            "http",
            .object([
                .optional("http1MaxPendingRequests", .count),
                .optional("http2MaxRequests", .count),
                .optional("maxRequestsPerConnection", .count),
                .optional("maxRetries", .count),
                .optional("idleTimeout", .string(.duration)),
                .optional("h2UpgradePolicy", .choice(["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"])),
                .optional("useClientProtocol", .boolean),
                .optional("maxConcurrentStreams", .count),
                .optional(
                    "http2KeepAlive",
                    .object([.required("interval", .string(.duration)), .required("timeout", .string(.duration))])
                ),
            ])
        ),
    ])

    private static let outlierDetection = ValueSchema.object(
        [
            .optional("splitExternalLocalOriginErrors", .boolean),
            .optional("consecutiveLocalOriginFailures", .count),
            .optional("consecutiveGatewayErrors", .count),
            .optional("consecutive5xxErrors", .count),
            .optional("interval", .string(.duration)),
            .optional("baseEjectionTime", .string(.duration)),
            .optional("maxEjectionPercent", .integer(0...100)),
            .optional("minHealthPercent", .integer(0...100)),
        ],
        unsupported: ["consecutiveErrors"]
    )

    private static let tls = ValueSchema.object(
        [
            .required("mode", .choice(["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"])),
            // Paths of files at the waypoint.
            .optional("clientCertificate", .string(.path)),
            .optional("privateKey", .string(.path)),
            .optional("caCertificates", .string(.path)),
            .optional("sni", .string(.hostname)),
            .optional("subjectAltNames", .list(.string(.subjectName), 0...64)),
            .optional("insecureSkipVerify", .boolean),
        ],
        unsupported: ["credentialName", "caCrl"]
    )

    private static let retryBudget = ValueSchema.object([
        .optional("percent", .percent, default: .number(20)),
        .optional("minRetryConcurrency", .count, default: .integer(3)),
        .optional("budgetInterval", .string(.duration)),
    ])

    /// What a port may set of its own.
    private static let portFields: [FieldSchema] = [
        .optional("loadBalancer", Self.loadBalancer),
        .optional("connectionPool", Self.connectionPool),
        .optional("outlierDetection", Self.outlierDetection),
        .optional("tls", Self.tls),
    ]

    private static let trafficPolicy = ValueSchema.object(
        Self.portFields + [
            .optional(
                "portLevelSettings",
                .list(
                    .object(
                        [.required("port", .object([.required("number", .port)]))] + Self.portFields,
                        groups: [.atLeastOne(Self.portFields.map(\.name))]
                    ),
                    0...256
                )
            ),
            .optional("retryBudget", Self.retryBudget),
            .optional(
                "proxyProtocol",
                .object([.optional("version", .choice(["V1", "V2"]), default: .string("V1"))])
            ),
        ],
        unsupported: ["tunnel"]
    )

    static let destinationRule = ObjectSchema(
        fields: [
            .required("host", .string(.wildcardHostname(allowsAny: true))),
            .optional("trafficPolicy", Self.trafficPolicy),
            .optional(
                "subsets",
                .list(
                    .object([
                        .required("name", .string(.text(1...63))),
                        .optional("labels", .labels),
                        .optional("trafficPolicy", Self.trafficPolicy),
                    ]),
                    0...256
                )
            ),
            .optional("exportTo", .list(.string(.text(1...63)), 0...256)),
        ],
        unsupported: ["workloadSelector"]
    )
}
