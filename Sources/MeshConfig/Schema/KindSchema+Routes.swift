extension KindSchema {
    /// A parent of a route: in a mesh a Service or ServiceEntry, or a waypoint.
    private static let parentReference = ValueSchema.object([
        .optional(
            "group",
            .choice(["", "gateway.networking.k8s.io", "networking.istio.io"]),
            default: .string("gateway.networking.k8s.io")
        ),
        .optional("kind", .choice(["Service", "ServiceEntry", "Gateway"]), default: .string("Gateway")),
        .optional("namespace", .string(.dnsLabel)),
        .required("name", .string(.wildcardHostname(allowsAny: false))),
        .optional("sectionName", .string(.dnsSubdomain)),
        .optional("port", .port),
    ])

    static let parentReferences = FieldSchema.required("parentRefs", .list(Self.parentReference, 1...32))

    static let backendFields: [FieldSchema] = [
        .optional("group", .choice(["", "networking.istio.io"]), default: .string("")),
        .optional("kind", .choice(["Service", "ServiceEntry", "Hostname"]), default: .string("Service")),
        .required("name", .string(.hostname)),
        .optional("namespace", .string(.dnsLabel)),
        .optional("port", .port),
    ]

    private static let weight = FieldSchema.optional("weight", .integer(0...1_000_000), default: .integer(1))

    static let routeBackend = ValueSchema.object(Self.backendFields + [Self.weight])

    private static let headerValues = ValueSchema.list(
        .object([.required("name", .string(.headerName)), .required("value", .string(.headerValue))]),
        0...16
    )

    static let headerModifier = ValueSchema.object([
        .optional("set", Self.headerValues),
        .optional("add", Self.headerValues),
        .optional("remove", .list(.string(.headerName), 0...16)),
    ])

    private static let pathModifier = ValueSchema.object(
        [
            .required("type", .choice(["ReplaceFullPath", "ReplacePrefixMatch"])),
            .optional("replaceFullPath", .string(.text(0...1024))),
            .optional("replacePrefixMatch", .string(.text(0...1024))),
        ],
        groups: [.exactlyOne(["replaceFullPath", "replacePrefixMatch"])]
    )

    static let mirrorFilter = ValueSchema.object(
        [
            .required("backendRef", .object(Self.backendFields)),
            .optional("percent", .integer(0...100)),
            .optional(
                "fraction",
                .object([
                    .required("numerator", .integer(0...Int64(Int32.max))),
                    .optional("denominator", .integer(1...Int64(Int32.max)), default: .integer(100)),
                ])
            ),
        ],
        groups: [.atMostOne(["percent", "fraction"])]
    )

    private static let redirectFilter = ValueSchema.object([
        .optional("scheme", .choice(["http", "https"])),
        .optional("hostname", .string(.hostname)),
        .optional("path", Self.pathModifier),
        .optional("port", .port),
        .optional("statusCode", .integer(301...308), default: .integer(302)),
    ])

    private static let rewriteFilter = ValueSchema.object([
        .optional("hostname", .string(.hostname)),
        .optional("path", Self.pathModifier),
    ])

    private static let corsFilter = ValueSchema.object([
        .optional("allowOrigins", .list(.string(.text(1...253)), 0...64)),
        .optional("allowCredentials", .boolean, default: .bool(false)),
        .optional("allowMethods", .list(.string(.headerName), 0...9)),
        .optional("allowHeaders", .list(.string(.headerName), 0...64)),
        .optional("exposeHeaders", .list(.string(.headerName), 0...64)),
        .optional("maxAge", .integer(1...Int64(Int32.max)), default: .integer(5)),
    ])

    private static func filter(_ types: [(type: String, field: String, schema: ValueSchema)]) -> ValueSchema {
        let all = ["ExtensionRef", "ExternalAuth", "RequestRedirect", "URLRewrite", "CORS", "RequestMirror"]
        let names = types.map(\.type)
        let fields = [
            "extensionRef", "externalAuth", "requestRedirect", "urlRewrite", "cors", "requestMirror",
        ].filter { field in !types.contains { $0.field == field } }
        return .object(
            [.required("type", .choice(names, refused: all.filter { !names.contains($0) }))]
                + types.map { .optional($0.field, $0.schema) },
            groups: [.exactlyOne(types.map(\.field))],
            unsupported: fields
        )
    }

    private static let headerFilters = [
        ("RequestHeaderModifier", "requestHeaderModifier", headerModifier),
        ("ResponseHeaderModifier", "responseHeaderModifier", headerModifier),
    ]

    private static let httpFilters = ValueSchema.list(
        Self.filter(
            Self.headerFilters + [
                ("RequestRedirect", "requestRedirect", Self.redirectFilter),
                ("URLRewrite", "urlRewrite", Self.rewriteFilter),
                ("RequestMirror", "requestMirror", Self.mirrorFilter),
                ("CORS", "cors", Self.corsFilter),
            ]
        ),
        0...16
    )

    private static let httpBackendFilters = ValueSchema.list(
        Self.filter(
            Self.headerFilters + [
                ("RequestRedirect", "requestRedirect", Self.redirectFilter),
                ("URLRewrite", "urlRewrite", Self.rewriteFilter),
            ]
        ),
        0...16
    )

    private static let grpcFilters = ValueSchema.list(
        Self.filter(Self.headerFilters + [("RequestMirror", "requestMirror", Self.mirrorFilter)]),
        0...16
    )

    private static let grpcBackendFilters = ValueSchema.list(Self.filter(Self.headerFilters), 0...16)

    private static func valueMatch(_ name: StringFormat) -> ValueSchema {
        .list(
            .object([
                .optional("type", .choice(["Exact", "RegularExpression"]), default: .string("Exact")),
                .required("name", .string(name)),
                .required("value", .string(.text(0...4096))),
            ]),
            0...16
        )
    }

    private static let httpMatch = ValueSchema.object([
        .optional(
            "path",
            .object([
                .optional(
                    "type",
                    .choice(["Exact", "PathPrefix", "RegularExpression"]),
                    default: .string("PathPrefix")
                ),
                .optional("value", .string(.text(1...1024)), default: .string("/")),
            ])
        ),
        .optional("headers", Self.valueMatch(.headerName)),
        .optional("queryParams", Self.valueMatch(.headerName)),
        .optional(
            "method",
            .choice(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"])
        ),
    ])

    private static let persistence = ValueSchema.object([
        .optional("sessionName", .string(.headerName)),
        .optional("absoluteTimeout", .string(.gatewayDuration)),
        .optional("idleTimeout", .string(.gatewayDuration)),
        .optional("type", .choice(["Cookie", "Header"]), default: .string("Cookie")),
        .optional(
            "cookieConfig",
            .object([.optional("lifetimeType", .choice(["Session", "Permanent"]), default: .string("Session"))])
        ),
    ])

    private static let hostnames = FieldSchema.optional(
        "hostnames",
        .list(.string(.wildcardHostname(allowsAny: false)), 0...16)
    )

    static let httpRoute = ObjectSchema(
        fields: [
            Self.parentReferences, Self.hostnames,
            .optional(
                "rules",
                .list(
                    .object([
                        .optional("name", .string(.dnsSubdomain)),
                        .optional("matches", .list(Self.httpMatch, 0...64)),
                        .optional("filters", Self.httpFilters),
                        .optional(
                            "backendRefs",
                            .list(
                                .object(
                                    Self.backendFields + [Self.weight, .optional("filters", Self.httpBackendFilters)]
                                ),
                                0...16
                            )
                        ),
                        .optional(
                            "timeouts",
                            .object([
                                .optional("request", .string(.gatewayDuration)),
                                .optional("backendRequest", .string(.gatewayDuration)),
                            ])
                        ),
                        .optional(
                            "retry",
                            .object([
                                .optional("codes", .list(.integer(400...599), 0...64)),
                                .optional("attempts", .integer(0...100)),
                                .optional("backoff", .string(.gatewayDuration)),
                            ])
                        ),
                        .optional("sessionPersistence", Self.persistence),
                    ]),
                    1...16
                )
            ),
        ],
        unsupported: ["useDefaultGateways"]
    )

    static let grpcRoute = ObjectSchema(
        fields: [
            Self.parentReferences, Self.hostnames,
            .optional(
                "rules",
                .list(
                    .object(
                        [
                            .optional("name", .string(.dnsSubdomain)),
                            .optional(
                                "matches",
                                .list(
                                    .object([
                                        .optional(
                                            "method",
                                            .object(
                                                [
                                                    .optional(
                                                        "type",
                                                        .choice(["Exact", "RegularExpression"]),
                                                        default: .string("Exact")
                                                    ),
                                                    .optional("service", .string(.text(1...1024))),
                                                    .optional("method", .string(.text(1...1024))),
                                                ],
                                                groups: [.atLeastOne(["service", "method"])]
                                            )
                                        ),
                                        .optional("headers", Self.valueMatch(.headerName)),
                                    ]),
                                    0...64
                                )
                            ),
                            .optional("filters", Self.grpcFilters),
                            .optional(
                                "backendRefs",
                                .list(
                                    .object(
                                        Self.backendFields + [
                                            Self.weight, .optional("filters", Self.grpcBackendFilters),
                                        ]
                                    ),
                                    0...16
                                )
                            ),
                        ],
                        unsupported: ["sessionPersistence"]
                    ),
                    1...16
                )
            ),
        ],
        unsupported: ["useDefaultGateways"]
    )

    private static let streamRules = FieldSchema.required(
        "rules",
        .list(
            .object([
                .optional("name", .string(.dnsSubdomain)),
                .required("backendRefs", .list(Self.routeBackend, 1...16)),
            ]),
            1...16
        )
    )

    static let tcpRoute = ObjectSchema(
        fields: [Self.parentReferences, Self.streamRules],
        unsupported: ["useDefaultGateways"]
    )

    static let tlsRoute = ObjectSchema(
        fields: [Self.parentReferences, Self.hostnames, Self.streamRules],
        unsupported: ["useDefaultGateways"]
    )

    static let referenceGrant = ObjectSchema(fields: [
        .required(
            "from",
            .list(
                .object([
                    .required("group", .string(.text(0...253))),
                    .required("kind", .string(.text(1...63))),
                    .required("namespace", .string(.dnsLabel)),
                ]),
                1...16
            )
        ),
        .required(
            "to",
            .list(
                .object([
                    .required("group", .string(.text(0...253))),
                    .required("kind", .string(.text(1...63))),
                    .optional("name", .string(.name)),
                ]),
                1...16
            )
        ),
    ])
}
