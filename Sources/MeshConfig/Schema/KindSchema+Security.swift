extension KindSchema {
    /// Istio's `WorkloadSelector`.
    static let selector = ValueSchema.object([.optional("matchLabels", .map(.labelKey, .string(.anyText), 0...64))])

    /// Istio's `PolicyTargetReference`.
    static let targetReference = ValueSchema.object(
        [
            .optional("group", .string(.text(0...253)), default: .string("")),
            .required("kind", .choice(["Service", "ServiceEntry", "Gateway", "GatewayClass"])),
            .required("name", .string(.wildcardHostname(allowsAny: false))),
        ],
        unsupported: ["namespace"]
    )

    static let targetReferences = ValueSchema.list(Self.targetReference, 0...16)

    private static let source = ValueSchema.object(
        [
            "principals", "notPrincipals", "requestPrincipals", "notRequestPrincipals", "namespaces", "notNamespaces",
            "serviceAccounts", "notServiceAccounts", "trustDomains", "notTrustDomains",
        ].map { .optional($0, .strings(.text(1...320), atLeast: 1)) }
            + ["ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"].map {
                .optional($0, .strings(.ipOrCIDR, atLeast: 1))
            }
    )

    private static let operation = ValueSchema.object(
        ["hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"].map {
            .optional($0, .strings(.text(1...1024), atLeast: 1))
        } + ["ports", "notPorts"].map { .optional($0, .strings(.portText, atLeast: 1)) }
    )

    private static let rule = ValueSchema.object([
        .optional("from", .list(.object([.required("source", Self.source)]), atLeast: 1)),
        .optional("to", .list(.object([.required("operation", Self.operation)]), atLeast: 1)),
        .optional(
            "when",
            .list(
                .object([
                    .required("key", .string(.text(1...512))),
                    .optional("values", .strings(.anyText)),
                    .optional("notValues", .strings(.anyText)),
                ]),
                atLeast: 1
            )
        ),
    ])

    static let authorizationPolicy = ObjectSchema(
        fields: [
            .optional("selector", Self.selector),
            .optional("targetRef", Self.targetReference),
            .optional("targetRefs", Self.targetReferences),
            .optional("action", .choice(Declared.AuthorizationPolicy.Action.self), default: .string("ALLOW")),
            .optional("provider", .object([.required("name", .string(.name))])),
            .optional("rules", .list(Self.rule, 0...ConfigurationLimits.standard.policyRules)),
        ],
        groups: [.atMostOne(["selector", "targetRef", "targetRefs"])]
    )

    private static let mutualTLS = ValueSchema.object([
        .optional("mode", .choice(Declared.PeerAuthentication.Mode.self), default: .string("UNSET"))
    ])

    static let peerAuthentication = ObjectSchema(fields: [
        .optional("selector", Self.selector),
        .optional("mtls", Self.mutualTLS),
        .optional("portLevelMtls", .map(.portText, Self.mutualTLS)),
    ])

    private static let jwtRule = ValueSchema.object(
        [
            .optional("issuer", .string(.text(1...2048))),
            .optional("audiences", .strings(.text(1...2048), atLeast: 1)),
            .optional("jwksUri", .string(.httpURL)),
            .optional("jwks", .string(.text(2...262_144))),
            .optional(
                "fromHeaders",
                .list(.object([.required("name", .string(.headerName)), .optional("prefix", .string(.headerValue))]))
            ),
            .optional("fromParams", .strings(.text(1...256))),
            .optional("fromCookies", .strings(.headerName)),
            .optional("outputPayloadToHeader", .string(.headerName)),
            .optional(
                "outputClaimToHeaders",
                .list(
                    .object([.required("header", .string(.headerName)), .required("claim", .string(.text(1...256)))])
                )
            ),
            .optional("forwardOriginalToken", .boolean, default: .bool(false)),
            .optional("timeout", .string(.duration)),
            .optional("spaceDelimitedClaims", .strings(.text(1...256))),
        ],
        groups: [.atMostOne(["jwksUri", "jwks"]), .atLeastOne(["issuer", "jwksUri"])]
    )

    static let requestAuthentication = ObjectSchema(
        fields: [
            .optional("selector", Self.selector),
            .optional("targetRef", Self.targetReference),
            .optional("targetRefs", Self.targetReferences),
            .optional("jwtRules", .list(Self.jwtRule, 0...64)),
        ],
        groups: [.atMostOne(["selector", "targetRef", "targetRefs"])]
    )
}
