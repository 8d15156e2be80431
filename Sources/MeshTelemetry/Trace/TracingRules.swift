/// How the requests of a service are traced, ready for use.
package struct TracingRules: Sendable {
    /// A tag of the operator's own.
    package struct CustomTag: Hashable, Sendable {
        /// Where its value comes from.
        package enum Source: Hashable, Sendable {
            /// It is written in the configuration.
            case literal(String)
            /// A variable of the process' environment.
            case environment(String)
            /// A header of the request.
            case header(String)
            /// Operators of the access log.
            case format(String)
        }

        /// The name.
        package var name: String
        /// Where the value comes from.
        package var source: Source
        /// The value where the source has none; without one the tag is left out then.
        package var fallback: String

        /// Names a tag.
        package init(_ name: String, _ source: Source, fallback: String = "") {
            self.name = name
            self.source = source
            self.fallback = fallback
        }
    }

    /// What Telemetry resources and the mesh's settings say.
    package struct Settings: Sendable {
        /// Which requests are recorded.
        package var sampler = RequestSampler()
        /// Whether no span is sent; context is propagated all the same.
        package var isDisabled = false
        /// Whether the headers of a trace are left as they came.
        package var keepsContext = false
        /// The forms in which the trace goes on.
        package var forms: IncomingTrace.Form = .w3c
        /// Tags of the operator's own.
        package var tags: [CustomTag] = []
        /// Whether Istio's tags stand in spans.
        package var hasIstioTags = true
        /// Whether OpenTelemetry's stable names for HTTP stand beside Envoy's.
        package var hasSemanticNames = false
        /// The longest path that a tag shows, in bytes.
        package var maximumPathBytes = 256

        /// Istio's defaults.
        package init() {}
    }

    /// The most tags of the operator's own.
    package static let maximumTags = 64
    /// The longest value of a tag, in bytes.
    package static let maximumValueBytes = 1_024

    struct Tag: Sendable {
        let name: String
        let template: AccessTemplate?
        let value: AccessOperator?
        let fallback: String
    }

    /// What was compiled.
    package let settings: Settings
    let tags: [Tag]
    let userAgent: AccessOperator
    let grpcContentType: AccessOperator
    let grpcTimeout: AccessOperator
    let downstreamCluster: AccessOperator

    /// Compiles settings.
    /// - Parameter headers: takes the headers that spans show.
    package init(
        _ settings: Settings,
        context: AccessLogContext,
        headers: inout HeaderPlan
    ) throws(AccessLogError) {
        guard settings.tags.count <= Self.maximumTags else { throw .tooLong(limit: Self.maximumTags) }
        var parser = AccessOperatorParser(context: context, headers: headers)
        var tags: [Tag] = []
        for tag in settings.tags {
            var template: AccessTemplate?
            var value: AccessOperator?
            switch tag.source {
            case .literal(let text): value = .constant(text)
            case .environment(let name): value = try parser.read("ENVIRONMENT", name)
            case .header(let name): value = try parser.read("REQ", name)
            case .format(let text): template = try AccessTemplate(text, parser: &parser)
            }
            tags.append(Tag(name: tag.name, template: template, value: value, fallback: tag.fallback))
        }
        self.tags = tags
        self.userAgent = try parser.read("REQ", "user-agent")
        self.grpcContentType = try parser.read("REQ", "content-type")
        self.grpcTimeout = try parser.read("REQ", "grpc-timeout")
        self.downstreamCluster = try parser.read("REQ", "x-envoy-downstream-service-cluster")
        headers = parser.headers
        self.settings = settings
    }
}
