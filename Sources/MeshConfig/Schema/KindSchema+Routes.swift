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

    /// Conditions on a request, as HTTPRoutes have them.
    static let requestMatch = ValueSchema.object([
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

    static let persistence = ValueSchema.object([
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
                        .optional("matches", .list(Self.requestMatch, 0...64)),
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
