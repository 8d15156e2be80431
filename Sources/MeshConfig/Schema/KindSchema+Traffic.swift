/// The fields of MeshConfig that waypoints carry out, in the shape of Istio's.
extension KindSchema {
    private static let provider: [FieldSchema] = [
        .required("service", .string(.text(1...317))),
        .required("port", .port),
    ]

    private static let bodyCheck = ValueSchema.object([
        .optional("maxRequestBytes", .integer(0...1_048_576), default: .integer(0)),
        .optional("allowPartialMessage", .boolean, default: .bool(false)),
        .optional("packAsBytes", .boolean, default: .bool(false)),
    ])

    private static let authorizer: [FieldSchema] =
        Self.provider + [
            .optional("timeout", .string(.duration)),
            .optional("failOpen", .boolean, default: .bool(false)),
            .optional("statusOnError", .string(.text(3...3))),
            .optional("includeRequestBodyInCheck", Self.bodyCheck),
        ]

    private static let names = ValueSchema.list(.string(.text(1...256)), 0...64)

    private static let httpAuthorizer = ValueSchema.object(
        Self.authorizer + [
            .optional("pathPrefix", .string(.path)),
            .optional("includeRequestHeadersInCheck", Self.names),
            .optional("includeAdditionalHeadersInCheck", .map(.headerName, .string(.headerValue), 0...64)),
            .optional("headersToUpstreamOnAllow", Self.names),
            .optional("headersToDownstreamOnDeny", Self.names),
            .optional("headersToDownstreamOnAllow", Self.names),
        ],
        unsupported: ["clearRouteCache", "includeHeadersInCheck"]
    )

    private static let logFormat = ValueSchema.object(
        [
            .optional("text", .string(.text(1...4096))),
            .optional("labels", .map(.text(1...128), .string(.text(1...1024)), 0...64)),
        ],
        groups: [.atLeastOne(["text", "labels"])]
    )

    private static let extensionProvider = ValueSchema.object(
        [
            .required("name", .string(.name)),
            .optional("envoyExtAuthzHttp", Self.httpAuthorizer),
            .optional("envoyExtAuthzGrpc", .object(Self.authorizer, unsupported: ["clearRouteCache"])),
            .optional(
                "envoyFileAccessLog",
                .object(
                    [
                        .optional("path", .string(.path), default: .string("/dev/stdout")),
                        .optional("logFormat", Self.logFormat),
                    ],
                    unsupported: ["omitEmptyValues"]
                )
            ),
            .optional(
                "envoyOtelAls",
                .object(
                    Self.provider + [.optional("logFormat", Self.logFormat)],
                    unsupported: ["logName", "resourceAttributes", "filterStateObjectsToLog"]
                )
            ),
            .optional(
                "opentelemetry",
                .object(
                    Self.provider + [
                        .optional(
                            "http",
                            .object([.required("path", .string(.path))], unsupported: ["timeout", "headers"])
                        )
                    ],
                    unsupported: ["grpc", "maxTagLength", "resourceDetectors", "serviceAttributeEnrichment"]
                )
            ),
            .optional("prometheus", .object([])),
        ],
        groups: [
            .exactlyOne([
                "envoyExtAuthzHttp", "envoyExtAuthzGrpc", "envoyFileAccessLog", "envoyOtelAls", "opentelemetry",
                "prometheus",
            ])
        ],
        unsupported: [
            "zipkin", "lightstep", "datadog", "stackdriver", "opencensus", "skywalking", "envoyHttpAls", "envoyTcpAls",
            "sds",
        ]
    )

    static let traffic: [FieldSchema] = [
        .optional("extensionProviders", .list(Self.extensionProvider, 0...64)),
        .optional(
            "defaultProviders",
            .object([
                .optional("accessLogging", .list(.string(.name), 0...16)),
                .optional("tracing", .list(.string(.name), 0...1)),
                .optional("metrics", .list(.string(.name), 0...1)),
            ])
        ),
        .optional("accessLogFile", .string(.text(0...1024))),
        .optional("accessLogEncoding", .choice(["TEXT", "JSON"])),
        .optional("accessLogFormat", .string(.text(0...4096))),
        .optional(
            "pathNormalization",
            .object([
                .optional(
                    "normalization",
                    .choice(["DEFAULT", "NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"])
                )
            ])
        ),
        .optional("pathParameters", .choice(["keep", "strip", "reject"])),
        .optional("protocolDetectionTimeout", .string(.duration)),
        .optional("connectTimeout", .string(.duration)),
        .optional("h2UpgradePolicy", .choice(["DO_NOT_UPGRADE", "UPGRADE"])),
        .optional("localityLbSetting", Self.locality),
        .optional("http10", .boolean),
        .optional(
            "defaultConfig",
            .object([
                .optional("tracing", .object([.optional("sampling", .percent)])),
                .optional("terminationDrainDuration", .string(.duration)),
                .optional(
                    "gatewayTopology",
                    .object(
                        [.optional("numTrustedProxies", .integer(0...16))],
                        unsupported: ["forwardClientCertDetails", "proxyProtocol"]
                    )
                ),
            ])
        ),
    ]

    static let trafficFields = Set(Self.traffic.map(\.name))
}
