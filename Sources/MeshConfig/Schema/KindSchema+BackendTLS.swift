/// TLS with applications by the Gateway API, and the roots that it names.
extension KindSchema {
    private static let backendTarget = ValueSchema.object(
        [
            .optional("group", .string(.text(0...253)), default: .string("")),
            .required("kind", .choice(["Service", "ServiceEntry"])),
            .required("name", .string(.hostname)),
            .optional("sectionName", .string(.text(1...253))),
        ],
        unsupported: ["namespace"]
    )

    private static let bundleReference = ValueSchema.object([
        .optional("group", .string(.text(0...253)), default: .string("")),
        .required("kind", .string(.name)),
        .required("name", .string(.hostname)),
    ])

    static let backendTLSPolicy = ObjectSchema(
        fields: [
            .required("targetRefs", .list(Self.backendTarget, 1...16)),
            .required(
                "validation",
                .object(
                    [
                        .optional("caCertificateRefs", .list(Self.bundleReference, 1...8)),
                        .optional("wellKnownCACertificates", .choice(["System"])),
                        .required("hostname", .string(.hostname)),
                        .optional(
                            "subjectAltNames",
                            .list(
                                .object(
                                    [
                                        .required("type", .choice(["Hostname", "URI"])),
                                        .optional("hostname", .string(.hostname)),
                                        .optional("uri", .string(.subjectName)),
                                    ],
                                    groups: [.exactlyOne(["hostname", "uri"])]
                                ),
                                1...5
                            )
                        ),
                    ],
                    groups: [.exactlyOne(["caCertificateRefs", "wellKnownCACertificates"])]
                )
            ),
        ],
        unsupported: ["options"]
    )

    /// Our own kind, in place of Kubernetes' ConfigMap with `ca.crt`.
    static let caBundle = ObjectSchema(fields: [.required("pem", .string(.text(1...131_072)))])
}
