import MeshConfig
import Testing

@Suite struct KindSchemaTests {
    @Test(arguments: Documents.good.indices)
    func takesGoodDocuments(_ index: Int) throws {
        let (kind, spec) = Documents.good[index]
        let file = ConfigurationReader().read(Documents.document(kind, spec: spec), path: "a.yaml")
        let errors = file.allDiagnostics.filter { $0.severity == .error }
        #expect(errors.isEmpty, "\(errors)")
        let resource = try #require(file.resources.first)
        #expect(resource.spec.kind == kind)
        #expect(resource.key.name == (kind == .meshConfig ? "default" : "example"))
        #expect(resource.metadata.namespace == (kind.isNamespaced ? "default" : ""))
    }

    @Test func everyKindHasAGoodDocument() {
        #expect(Set(Documents.good.map(\.kind)) == Set(ResourceKind.allCases))
    }

    @Test(arguments: ResourceKind.allCases)
    func everyVersionIsRead(_ kind: ResourceKind) throws {
        let (_, spec) = try #require(Documents.good.first { $0.kind == kind })
        for version in kind.apiVersions {
            let text = Documents.document(kind, spec: spec)
                .replacing("apiVersion: \(kind.apiVersions[0])\n", with: "apiVersion: \(version)\n")
            #expect(ConfigurationReader().read(text, path: "a").resources.first?.apiVersion == version)
        }
    }

    /// Fields that a kind does not have, and that its API has but Tulle does not carry out.
    @Test(arguments: ResourceKind.allCases.filter { $0 != .namespace })
    func refusesUnknownFields(_ kind: ResourceKind) throws {
        let (_, spec) = try #require(Documents.good.first { $0.kind == kind })
        let file = ConfigurationReader().read(Documents.document(kind, spec: spec + "\nnope: 1"), path: "a")
        let fault = try #require(file.allDiagnostics.first { $0.code == .unknownField })
        #expect(fault.field == "spec.nope")
        #expect(fault.reason.contains("allowed are"))
        #expect(file.resources.isEmpty)
    }

    static let bad: [(ResourceKind, String, ConfigurationCode, String)] = [
        (.gateway, "listeners: []", .missingField, "spec.gatewayClassName"),
        (.gateway, "gatewayClassName: a\ntls: {}", .unsupportedField, "spec.tls"),
        (.gateway, "gatewayClassName: a\nlisteners: [{name: a, port: 0, protocol: HBONE}]", .outOfRange, ".port"),
        (
            .httpRoute, "parentRefs: [{kind: Service, group: '', name: a}]\nrules: [{filters: [{type: ExternalAuth}]}]",
            .unsupportedValue, "spec.rules[0].filters[0].type"
        ),
        (.httpRoute, "rules: [{}]", .missingField, "spec.parentRefs"),
        (.httpRoute, "parentRefs: []", .tooManyValues, "spec.parentRefs"),
        (
            .httpRoute, "parentRefs: [{name: a}]\nrules: [{timeouts: {request: 1.5s}}]", .badValue,
            "spec.rules[0].timeouts.request"
        ),
        (.httpRoute, "parentRefs: [{name: a}]\nrules: [{matches: [{method: FETCH}]}]", .badValue, ".method"),
        (.grpcRoute, "parentRefs: [{name: a}]\nrules: [{matches: [{method: {}}]}]", .oneOf, ".method"),
        (.grpcRoute, "parentRefs: [{name: a}]\nrules: [{sessionPersistence: {}}]", .unsupportedField, "sessionPers"),
        (.tcpRoute, "parentRefs: [{name: a}]", .missingField, "spec.rules"),
        (.tlsRoute, "parentRefs: [{name: a}]\nrules: [{backendRefs: []}]", .tooManyValues, "backendRefs"),
        (.referenceGrant, "from: []\nto: []", .tooManyValues, "spec.from"),
        (.virtualService, "hosts: [a]\nhttp: [{}]", .oneOf, "spec.http[0]"),
        (
            .virtualService, "hosts: [a]\nhttp: [{route: [{destination: {host: a}}], redirect: {uri: /}}]", .oneOf,
            "http[0]"
        ),
        (.virtualService, "hosts: [a]\nhttp: [{directResponse: {status: 999}}]", .outOfRange, "status"),
        (
            .virtualService, "hosts: [a]\nhttp: [{match: [{sourceLabels: {a: b}}], redirect: {uri: /}}]",
            .unsupportedField, "sourceLabels"
        ),
        (
            .virtualService, "hosts: [a]\nhttp: [{match: [{uri: {regex: '(?=a)'}}], redirect: {uri: /}}]", .badValue,
            "uri.regex"
        ),
        (.destinationRule, "host: a\nworkloadSelector: {}", .unsupportedField, "spec.workloadSelector"),
        (
            .destinationRule, "host: a\ntrafficPolicy: {tls: {mode: SIMPLE, credentialName: a}}", .unsupportedField,
            "tls.credentialName"
        ),
        (
            .destinationRule, "host: a\ntrafficPolicy: {portLevelSettings: [{port: {number: 1}}]}", .oneOf,
            "portLevelSettings[0]"
        ),
        (
            .destinationRule, "host: a\ntrafficPolicy: {outlierDetection: {maxEjectionPercent: 101}}", .outOfRange,
            "maxEjectionPercent"
        ),
        (.destinationRule, "host: a\ntrafficPolicy: {loadBalancer: {consistentHash: {}}}", .oneOf, "consistentHash"),
        (
            .destinationRule, "host: a\ntrafficPolicy: {connectionPool: {http: {http2KeepAlive: {interval: 1s}}}}",
            .missingField, "http2KeepAlive.timeout"
        ),
        (.destinationRule, "host: a\ntrafficPolicy: {loadBalancer: {warmup: {}}}", .missingField, "warmup.duration"),
        (.serviceEntry, "hosts: ['*']", .badValue, "spec.hosts[0]"),
        (.serviceEntry, "hosts: []", .tooManyValues, "spec.hosts"),
        (.serviceEntry, "hosts: [a.b]\naddresses: [10.0.0.0/33]", .badValue, "spec.addresses[0]"),
        (.serviceEntry, "hosts: [a.b]\nports: [{number: 70000, name: a}]", .outOfRange, "ports[0].number"),
        (.serviceEntry, "hosts: [a.b]\nendpoints: [{address: a}]\nworkloadSelector: {labels: {a: b}}", .oneOf, "spec"),
        (.workloadEntry, "address: 1.2.3.4\nports: {a: '80'}", .wrongType, "spec.ports[a]"),
        (.workloadEntry, "address: 1.2.3.4\nweight: -1", .outOfRange, "spec.weight"),
        (.authorizationPolicy, "action: REFUSE", .badValue, "spec.action"),
        (.authorizationPolicy, "rules: [{from: []}]", .tooManyValues, "spec.rules[0].from"),
        (.authorizationPolicy, "rules: [{to: [{operation: {ports: [80]}}]}]", .wrongType, "operation.ports[0]"),
        (.authorizationPolicy, "rules: [{to: [{operation: {ports: ['0']}}]}]", .badValue, "operation.ports[0]"),
        (.authorizationPolicy, "rules: [{from: [{source: {ipBlocks: [10.0.0.0/64]}}]}]", .badValue, "ipBlocks[0]"),
        (
            .authorizationPolicy, "selector: {}\ntargetRefs: [{kind: Service, name: a}]", .oneOf, "spec"
        ),
        (.authorizationPolicy, "targetRefs: [{kind: Service, name: a, namespace: b}]", .unsupportedField, "namespace"),
        (.peerAuthentication, "mtls: {mode: MAYBE}", .badValue, "spec.mtls.mode"),
        (.peerAuthentication, "selector: {matchLabels: {a: b}}\nportLevelMtls: {0: {}}", .badValue, "portLevelMtls[0]"),
        (.requestAuthentication, "jwtRules: [{}]", .oneOf, "spec.jwtRules[0]"),
        (.requestAuthentication, "jwtRules: [{issuer: ''}]", .badValue, "issuer"),
        (.requestAuthentication, "jwtRules: [{issuer: a, jwksUri: ftp://x}]", .badValue, "jwksUri"),
        (.requestAuthentication, "jwtRules: [{issuer: a, timeout: -1s}]", .badValue, "timeout"),
        (.requestAuthentication, "jwtRules: [{issuer: a, outputPayloadToHeader: 'a b'}]", .badValue, "outputPayload"),
        (.telemetry, "tracing: [{randomSamplingPercentage: 101}]", .outOfRange, "randomSampling"),
        (.telemetry, "accessLogging: [{providers: [{name: ''}]}]", .badValue, "providers[0].name"),
        (.meshConfig, "rootNamespace: A", .badValue, "spec.rootNamespace"),
        (.meshConfig, "allowsWaypoints: 'true'", .wrongType, "spec.allowsWaypoints"),
        (.ecsAccount, "regions: [eu-west-1]", .missingField, "spec.account"),
        (.ecsAccount, "account: 111122223333\nregions: [eu-west-1]", .wrongType, "spec.account"),
        (.ecsAccount, "account: '1'\nregions: [moon]", .badValue, "spec.regions[0]"),
        (.serviceAccountBinding, "role: x\nnamespace: a\nserviceAccount: b", .badValue, "spec.role"),
        (.payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: []", .tooManyValues, "spec.rules"),
        (.payloadPolicy, "rules: [{json: {pointer: /a, exists: true}}]", .oneOf, "spec"),
        (
            .payloadPolicy, "targetRefs: [{kind: Service, name: a}]\nrules: [{json: {pointer: /a}}]", .oneOf,
            "spec.rules[0].json"
        ),
        (
            .payloadPolicy,
            "targetRefs: [{kind: Service, name: a}]\ncompressed: Decode\nrules: [{json: {pointer: /a, exists: true}}]",
            .unsupportedValue, "spec.compressed"
        ),
    ]

    @Test(arguments: bad.indices)
    func refusesBadFields(_ index: Int) {
        let (kind, spec, code, field) = Self.bad[index]
        let file = ConfigurationReader().read(Documents.document(kind, spec: spec), path: "a.yaml")
        let faults = file.allDiagnostics
        #expect(faults.contains { $0.code == code && $0.severity == .error && $0.field.contains(field) }, "\(faults)")
        #expect(file.resources.isEmpty)
        #expect(file.documents.first?.key?.kind == kind, "the key can be read however bad the rest is")
    }

    @Test func guessesWhatWasMeant() {
        let text = Documents.document(.peerAuthentication, spec: "mtsl: {mode: STRICT}")
        let reasons = ConfigurationReader().read(text, path: "a").allDiagnostics.map(\.reason)
        #expect(reasons.contains { $0.contains("did you mean mtls?") }, "\(reasons)")
        let word = Documents.document(.peerAuthentication, spec: "mtls: {mode: strict}")
        let others = ConfigurationReader().read(word, path: "a").allDiagnostics.map(\.reason)
        #expect(others.contains { $0.contains("did you mean STRICT?") }, "\(others)")
    }

    @Test func saysToQuote() {
        let text = Documents.document(.authorizationPolicy, spec: "rules: [{to: [{operation: {ports: [80]}}]}]")
        let reasons = ConfigurationReader().read(text, path: "a").allDiagnostics.map(\.reason)
        #expect(reasons == ["80 is a number here, not a text: write it in quotes"])
    }
}
