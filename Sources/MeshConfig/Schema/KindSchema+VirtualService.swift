extension KindSchema {
    /// Istio's `StringMatch`; without any of the three it means "is there".
    private static let stringMatch = ValueSchema.object(
        [
            .optional("exact", .string(.text(0...4096))),
            .optional("prefix", .string(.text(0...4096))),
            .optional("regex", .string(.regexOrAny)),
        ],
        groups: [.atMostOne(["exact", "prefix", "regex"])]
    )

    private static let destination = ValueSchema.object([
        .required("host", .string(.wildcardHostname(allowsAny: false))),
        .optional("subset", .string(.text(1...63))),
        .optional("port", .object([.required("number", .port)])),
    ])

    private static let headerOperations = ValueSchema.object([
        .optional("set", .map(.text(1...256), .string(.headerValue), 0...64)),
        .optional("add", .map(.text(1...256), .string(.headerValue), 0...64)),
        .optional("remove", .list(.string(.headerName), 0...64)),
    ])

    private static let headers = FieldSchema.optional(
        "headers",
        .object([.optional("request", Self.headerOperations), .optional("response", Self.headerOperations)])
    )

    /// Istio's `Percent`.
    static let percentage = ValueSchema.object([.optional("value", .percent, default: .number(0))])

    private static let weight = FieldSchema.optional("weight", .integer(0...Int64(Int32.max)))

    private static let gateways = FieldSchema.optional("gateways", .list(.string(.namespacedName), 0...64))

    private static let httpMatch = ValueSchema.object(
        [
            .optional("name", .string(.text(1...253))),
            .optional("uri", Self.stringMatch),
            .optional("scheme", Self.stringMatch),
            .optional("method", Self.stringMatch),
            .optional("authority", Self.stringMatch),
            .optional("headers", .map(.text(1...512), Self.stringMatch, 0...64)),
            .optional("withoutHeaders", .map(.text(1...512), Self.stringMatch, 0...64)),
            .optional("queryParams", .map(.text(1...256), Self.stringMatch, 0...64)),
            .optional("ignoreUriCase", .boolean, default: .bool(false)),
            .optional("port", .port),
            Self.gateways,
            .optional("sourceNamespace", .string(.dnsLabel)),
            .optional("statPrefix", .string(.text(1...253))),
        ],
        unsupported: ["sourceLabels"]
    )

    private static let redirect = ValueSchema.object(
        [
            .optional("uri", .string(.text(1...2048))),
            .optional("authority", .string(.text(1...253))),
            .optional("scheme", .choice(["http", "https"])),
            .optional("port", .port),
            .optional("derivePort", .choice(["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"])),
            .optional("redirectCode", .integer(300...399), default: .integer(301)),
        ],
        groups: [.atMostOne(["port", "derivePort"])]
    )

    private static let directResponse = ValueSchema.object([
        .required("status", .integer(200...599)),
        .optional(
            "body",
            .object(
                [
                    .optional("string", .string(.text(0...1_048_576))),
                    .optional("bytes", .string(.text(0...1_398_104))),
                ],
                groups: [.exactlyOne(["string", "bytes"])]
            )
        ),
    ])

    private static let rewrite = ValueSchema.object(
        [
            .optional("uri", .string(.text(1...2048))),
            .optional("authority", .string(.text(1...253))),
            .optional(
                "uriRegexRewrite",
                .object([.required("match", .string(.regex)), .required("rewrite", .string(.text(0...2048)))])
            ),
        ],
        groups: [.atMostOne(["uri", "uriRegexRewrite"])]
    )

    private static let fault = ValueSchema.object(
        [
            .optional(
                "delay",
                .object(
                    [.optional("percentage", Self.percentage), .required("fixedDelay", .string(.duration))],
                    unsupported: ["percent", "exponentialDelay"]
                )
            ),
            .optional(
                "abort",
                .object(
                    [
                        .optional("percentage", Self.percentage),
                        .optional("httpStatus", .integer(200...599)),
                        .optional("grpcStatus", .string(.text(1...32))),
                    ],
                    groups: [.exactlyOne(["httpStatus", "grpcStatus"])],
                    unsupported: ["http2Error"]
                )
            ),
        ],
        groups: [.atLeastOne(["delay", "abort"])]
    )

    private static let retries = ValueSchema.object([
        .optional("attempts", .integer(0...100)),
        .optional("perTryTimeout", .string(.duration)),
        .optional("retryOn", .string(.text(1...1024))),
        .optional("retryRemoteLocalities", .boolean),
        .optional("retryIgnorePreviousHosts", .boolean),
        .optional("backoff", .string(.duration)),
    ])

    private static let cors = ValueSchema.object(
        [
            .optional("allowOrigins", .list(Self.stringMatch, 0...64)),
            .optional("allowMethods", .list(.string(.headerName), 0...16)),
            .optional("allowHeaders", .list(.string(.headerName), 0...64)),
            .optional("exposeHeaders", .list(.string(.headerName), 0...64)),
            .optional("maxAge", .string(.duration)),
            .optional("allowCredentials", .boolean),
            .optional("unmatchedPreflights", .choice(["UNSPECIFIED", "FORWARD", "IGNORE"])),
        ],
        unsupported: ["allowOrigin"]
    )

    private static let mirrorField = ValueSchema.object([
        .required("destination", Self.destination),
        .optional("percentage", Self.percentage),
    ])

    private static let http = ValueSchema.object(
        [
            .optional("name", .string(.text(1...253))),
            .optional("match", .list(Self.httpMatch, 0...128)),
            .optional(
                "route",
                .list(.object([.required("destination", Self.destination), Self.weight, Self.headers]), 1...64)
            ),
            .optional("redirect", Self.redirect),
            .optional("directResponse", Self.directResponse),
            .optional(
                "delegate",
                .object([.required("name", .string(.dnsSubdomain)), .optional("namespace", .string(.dnsLabel))])
            ),
            .optional("rewrite", Self.rewrite),
            .optional("timeout", .string(.duration)),
            .optional("retries", Self.retries),
            .optional("fault", Self.fault),
            .optional("mirror", Self.destination),
            .optional("mirrorPercentage", Self.percentage),
            .optional("mirrors", .list(Self.mirrorField, 0...16)),
            .optional("corsPolicy", Self.cors),
            Self.headers,
        ],
        groups: [
            .exactlyOne(["route", "redirect", "directResponse", "delegate"]),
            .atMostOne(["mirror", "mirrors"]),
        ],
        unsupported: ["mirrorPercent", "mirror_percent"]
    )

    private static let streamRoutes = FieldSchema.required(
        "route",
        .list(.object([.required("destination", Self.destination), Self.weight]), 1...64)
    )

    private static let tls = ValueSchema.object([
        .required(
            "match",
            .list(
                .object(
                    [
                        .required("sniHosts", .list(.string(.wildcardHostname(allowsAny: true)), 1...64)),
                        .optional("port", .port),
                        .optional("sourceNamespace", .string(.dnsLabel)),
                        Self.gateways,
                    ],
                    unsupported: ["destinationSubnets", "sourceLabels"]
                ),
                1...64
            )
        ),
        Self.streamRoutes,
    ])

    private static let tcp = ValueSchema.object([
        .optional(
            "match",
            .list(
                .object(
                    [
                        .optional("port", .port),
                        .optional("sourceNamespace", .string(.dnsLabel)),
                        Self.gateways,
                    ],
                    unsupported: ["destinationSubnets", "sourceLabels", "sourceSubnet"]
                ),
                0...64
            )
        ),
        Self.streamRoutes,
    ])

    static let virtualService = ObjectSchema(fields: [
        .optional("hosts", .list(.string(.wildcardHostname(allowsAny: true)), 0...256)),
        Self.gateways,
        .optional("http", .list(Self.http, 0...512)),
        .optional("tls", .list(Self.tls, 0...512)),
        .optional("tcp", .list(Self.tcp, 0...512)),
        .optional("exportTo", .list(.string(.text(1...63)), 0...256)),
    ])
}
