package import MeshTelemetry

/// Where telemetry of one kind goes, as OpenTelemetry's `OTEL_…` variables say.
package struct OTLPSettings: Hashable, Sendable {
    /// How it is sent.
    package enum Wire: String, Hashable, Sendable {
        /// gRPC over HTTP/2.
        case grpc
        /// Protobuf in an HTTP POST.
        case httpProtobuf = "http/protobuf"
    }

    /// What is sent.
    package var signal: OTLPSignal
    /// The collector.
    package var target: DialTarget
    /// Whether the connection is encrypted.
    package var usesTLS: Bool
    /// The path of the HTTP request; gRPC has its own.
    package var path: String
    /// How it is sent.
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
    /// `OTEL_METRIC_EXPORT_INTERVAL`: milliseconds between rounds; nil for the signal's default.
    package var intervalMilliseconds: UInt64?
    /// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`: whether counts are sent as what was added since the last
    /// round.
    package var isDelta = false

    /// `https://otel.example:4317`, without anything secret.
    package var endpoint: String {
        "\(self.usesTLS ? "https" : "http")://\(self.target)\(self.wire == .grpc ? "" : self.path)"
    }
}

extension OTLPSettings {
    /// The variables that are read.
    package static let variables =
        [
            "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER", "OTEL_METRICS_EXPORTER",
            "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
            "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        ]
        + ["ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "CERTIFICATE"].flatMap { suffix in
            ["OTEL_EXPORTER_OTLP_\(suffix)"]
                + OTLPSignal.allCases.map { "OTEL_EXPORTER_OTLP_\($0.word)_\(suffix)" }
        }

    /// Members of one list, in headers and attributes.
    private static let maximumMembers = 64

    /// Reads the variables; nil when no endpoint is named, or something switches the signal off.
    ///
    /// An endpoint for all signals is enough for traces. Logs and metrics are sent where they have an endpoint of their
    /// own or their exporter is asked for: many collectors take traces only.
    package init?(_ environment: inout Environment, signal: OTLPSignal = .traces) {
        if environment.flag("OTEL_SDK_DISABLED", default: false) { return nil }
        let exporters = ["otlp": true, "none": false]
        let isWanted = environment.value("OTEL_\(signal.word)_EXPORTER", allowed: "otlp or none") { exporters[$0] }
        let endpointName = Self.name("ENDPOINT", signal, &environment)
        let isOwn = endpointName == "OTEL_EXPORTER_OTLP_\(signal.word)_ENDPOINT"
        guard isWanted ?? (signal == .traces || isOwn) else { return nil }
        let allowed = "http://host[:port][/path] or https://…"
        guard let url = environment.value(endpointName, allowed: allowed, Self.url) else { return nil }
        self.signal = signal
        self.target = url.target
        self.usesTLS = url.usesTLS
        let protocolName = Self.name("PROTOCOL", signal, &environment)
        self.wire =
            environment.value(protocolName, allowed: "grpc or http/protobuf") { Wire(rawValue: $0) }
            ?? .httpProtobuf
        let base = url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
        self.path = isOwn ? (url.path.isEmpty ? "/" : url.path) : base + signal.httpPath
        self.readSending(&environment)
        self.readResource(&environment)
        if signal == .traces { self.readSampler(&environment) }
        if signal == .metrics { self.readMetrics(&environment) }
    }

    /// Sends to a provider that the mesh's configuration names; headers, roots, time-out and resource stand in the
    /// variables, as secrets don't belong in a configuration that everyone reads.
    /// - Parameter endpoint: `grpc://host[:port]`, `http://host[:port][/path]`, or `grpcs://`, `https://` with TLS.
    /// - Returns: nil for a malformed endpoint; other errors are the environment's.
    package init?(provider endpoint: String, signal: OTLPSignal, _ environment: inout Environment) {
        var text = endpoint
        var wire = Wire.httpProtobuf
        for (scheme, plain) in [("grpc://", "http://"), ("grpcs://", "https://")] where endpoint.hasPrefix(scheme) {
            text = plain + endpoint.dropFirst(scheme.count)
            wire = .grpc
        }
        guard let url = Self.url(text), wire == .httpProtobuf || url.path.isEmpty || url.path == "/" else { return nil }
        self.signal = signal
        self.target = url.target
        self.usesTLS = url.usesTLS
        self.wire = wire
        self.path = url.path.isEmpty || url.path == "/" ? signal.httpPath : url.path
        self.readSending(&environment)
        self.readResource(&environment)
    }

    /// The variable of a signal, which wins over the one for all signals.
    private static func name(_ suffix: String, _ signal: OTLPSignal, _ environment: inout Environment) -> String {
        let own = "OTEL_EXPORTER_OTLP_\(signal.word)_\(suffix)"
        return environment.text(own) == nil ? "OTEL_EXPORTER_OTLP_\(suffix)" : own
    }

    private mutating func readSending(_ environment: inout Environment) {
        let allowedHeaders = "name=value, joined by commas, percent-encoded where needed"
        let headersName = Self.name("HEADERS", self.signal, &environment)
        if let headers = environment.value(headersName, allowed: allowedHeaders, Self.headers) {
            self.headers = headers
        }
        let timeoutName = Self.name("TIMEOUT", self.signal, &environment)
        if let milliseconds = environment.number(timeoutName, in: UInt64(1)...300_000) {
            self.milliseconds = milliseconds
        }
        let certificate = Self.name("CERTIFICATE", self.signal, &environment)
        self.certificateFile = environment.value(
            certificate,
            allowed: ConfigurationText.allowedPath,
            ConfigurationText.path
        )
        if self.usesTLS, self.certificateFile == nil {
            environment.reject(certificate, allowed: "the path of a PEM file with the collector's roots, for https")
        }
    }

    private mutating func readMetrics(_ environment: inout Environment) {
        self.intervalMilliseconds = environment.number("OTEL_METRIC_EXPORT_INTERVAL", in: UInt64(1_000)...3_600_000)
        let preferences = ["cumulative": false, "delta": true, "lowmemory": false]
        let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
        self.isDelta =
            environment.value(name, allowed: "cumulative, delta or lowmemory") { preferences[$0.lowercased()] } ?? false
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
