/// The filters of the Gateway API's routes.
extension KindSchema {
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
        .optional("allowOrigins", .list(.string(.origin), 0...64)),
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

    static let httpFilters = ValueSchema.list(
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

    static let httpBackendFilters = ValueSchema.list(
        Self.filter(
            Self.headerFilters + [
                ("RequestRedirect", "requestRedirect", Self.redirectFilter),
                ("URLRewrite", "urlRewrite", Self.rewriteFilter),
            ]
        ),
        0...16
    )

    static let grpcFilters = ValueSchema.list(
        Self.filter(Self.headerFilters + [("RequestMirror", "requestMirror", Self.mirrorFilter)]),
        0...16
    )

    static let grpcBackendFilters = ValueSchema.list(Self.filter(Self.headerFilters), 0...16)
}
