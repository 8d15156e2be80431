package import MeshTelemetry

/// Where spans go, as OpenTelemetry's `OTEL_…` variables say.
package struct OTLPSettings: Hashable, Sendable {
    /// How spans are sent.
    package enum Wire: String, Hashable, Sendable {
        /// gRPC over HTTP/2.
        case grpc
        /// Protobuf in an HTTP POST.
        case httpProtobuf = "http/protobuf"
    }

    /// The collector.
    package var target: DialTarget
    /// Whether the connection is encrypted.
    package var usesTLS: Bool
    /// The path of the HTTP request; gRPC has its own.
    package var path: String
    /// How spans are sent.
    package var wire: Wire
    /// `OTEL_EXPORTER_OTLP_HEADERS`: headers that go along, such as a token.
    package var headers: [MetadataEntry] = []
    /// `OTEL_EXPORTER_OTLP_CERTIFICATE`: the file of roots for TLS.
    package var certificateFile: String?
    /// `OTEL_EXPORTER_OTLP_TIMEOUT`: how long one export may take, in milliseconds.
    package var milliseconds: UInt64 = 10_000
    /// `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`: facts about this process, by name.
    package var resource: [String: String] = [:]
    /// `OTEL_TRACES_SAMPLER` and its argument.
    package var sampler = TraceSampler()

    /// `https://otel.example:4317`, without anything secret.
    package var endpoint: String {
        "\(self.usesTLS ? "https" : "http")://\(self.target)\(self.wire == .grpc ? "" : self.path)"
    }
}

extension OTLPSettings {
    /// The variables that are read.
    package static let variables =
        [
            "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
            "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
        ]
        + ["ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "CERTIFICATE"].flatMap {
            ["OTEL_EXPORTER_OTLP_\($0)", "OTEL_EXPORTER_OTLP_TRACES_\($0)"]
        }

    /// Members of one list, in headers and attributes.
    private static let maximumMembers = 64

    /// Reads the variables; nil when no endpoint is named, or something switches traces off.
    package init?(_ environment: inout Environment) {
        if environment.flag("OTEL_SDK_DISABLED", default: false) { return nil }
        let exporters = ["otlp": true, "none": false]
        let isWanted = environment.value("OTEL_TRACES_EXPORTER", allowed: "otlp or none") { exporters[$0] } ?? true
        guard isWanted else { return nil }
        /// The variable for traces wins over the one for all signals.
        func name(_ suffix: String) -> String {
            let own = "OTEL_EXPORTER_OTLP_TRACES_\(suffix)"
            return environment.text(own) == nil ? "OTEL_EXPORTER_OTLP_\(suffix)" : own
        }
        let endpointName = name("ENDPOINT")
        let allowed = "http://host[:port][/path] or https://…"
        guard let url = environment.value(endpointName, allowed: allowed, Self.url) else { return nil }
        self.target = url.target
        self.usesTLS = url.usesTLS
        self.wire =
            environment.value(name("PROTOCOL"), allowed: "grpc or http/protobuf") { Wire(rawValue: $0) }
            ?? .httpProtobuf
        let isForTraces = endpointName == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
        let base = url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
        self.path = isForTraces ? (url.path.isEmpty ? "/" : url.path) : base + "/v1/traces"
        let allowedHeaders = "name=value, joined by commas, percent-encoded where needed"
        if let headers = environment.value(name("HEADERS"), allowed: allowedHeaders, Self.headers) {
            self.headers = headers
        }
        if let milliseconds = environment.number(name("TIMEOUT"), in: UInt64(1)...300_000) {
            self.milliseconds = milliseconds
        }
        let certificate = name("CERTIFICATE")
        self.certificateFile = environment.value(
            certificate,
            allowed: ConfigurationText.allowedPath,
            ConfigurationText.path
        )
        if self.usesTLS, self.certificateFile == nil {
            environment.reject(certificate, allowed: "the path of a PEM file with the collector's roots, for https")
        }
        self.readResource(&environment)
        self.readSampler(&environment)
    }

    private mutating func readResource(_ environment: inout Environment) {
        let allowed = "name=value, joined by commas, percent-encoded where needed"
        let attributes = environment.value("OTEL_RESOURCE_ATTRIBUTES", allowed: allowed) { text in
            Self.list(text)
        }
        for (name, value) in attributes ?? [] { self.resource[name] = value }
        let service = environment.value("OTEL_SERVICE_NAME", allowed: "1 to 255 bytes") { text in
            (1...255).contains(text.utf8.count) ? text : nil
        }
        if let service { self.resource["service.name"] = service }
    }

    private mutating func readSampler(_ environment: inout Environment) {
        let argument = environment.text("OTEL_TRACES_SAMPLER_ARG")
        let name = environment.text("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on"
        guard let sampler = TraceSampler(name: name, argument: argument) else {
            let isKnown = TraceSampler.names.contains(name)
            return environment.reject(
                isKnown ? "OTEL_TRACES_SAMPLER_ARG" : "OTEL_TRACES_SAMPLER",
                allowed: isKnown ? "a number from 0 to 1" : TraceSampler.names.joined(separator: ", ")
            )
        }
        self.sampler = sampler
    }

    /// Reads an endpoint.
    private static func url(_ text: String) -> (target: DialTarget, usesTLS: Bool, path: String)? {
        guard text.utf8.count <= 2_048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let schemes: [(String, Bool)] = [("http://", false), ("https://", true)]
        for (scheme, usesTLS) in schemes where text.lowercased().hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            let path = String(rest[slash...])
            guard !path.contains("?"), !path.contains("#"),
                let target = DialTarget(authority: rest[..<slash], defaultPort: usesTLS ? 443 : 80)
            else { return nil }
            return (target, usesTLS, path)
        }
        return nil
    }

    private static func headers(_ text: String) -> [MetadataEntry]? {
        guard let members = self.list(text) else { return nil }
        var headers: [MetadataEntry] = []
        for (name, value) in members {
            // Tokens often stand in `authorization`, which only the control plane's metadata must not have.
            let isAllowed = name.lowercased() == "authorization" || ConfigurationText.metadataName(name) != nil
            guard isAllowed, ConfigurationText.isMetadataValue(value), name.lowercased() != "content-length" else {
                return nil
            }
            headers.append(MetadataEntry(name: name.lowercased(), value: Secret(value)))
        }
        return headers
    }

    /// Reads `name=value` pairs as W3C Baggage writes them; nil when one is malformed.
    private static func list(_ text: String) -> [(String, String)]? {
        guard text.utf8.count <= 16_384 else { return nil }
        let members = text.split(separator: ",")
        guard members.count <= Self.maximumMembers else { return nil }
        var list: [(String, String)] = []
        for member in members {
            guard let sign = member.firstIndex(of: "="),
                let value = PercentCoding.decode(Self.trimmed(member[member.index(after: sign)...])),
                let name = PercentCoding.decode(Self.trimmed(member[..<sign])), !name.isEmpty
            else { return nil }
            list.append((name, value))
        }
        return list
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
