import MeshModel
import MeshTelemetry
import Testing

@testable import DataPlane

struct OTLPSettingsTests {
    private func read(_ variables: [String: String]) -> (settings: OTLPSettings?, wrong: [String]) {
        var environment = Environment(variables)
        let settings = OTLPSettings(&environment)
        return (settings, environment.errors.map(\.variable))
    }

    @Test func isOffWithoutAnEndpoint() {
        #expect(self.read([:]).settings == nil)
        #expect(self.read(["OTEL_SERVICE_NAME": "x", "OTEL_TRACES_SAMPLER": "always_on"]).settings == nil)
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"]
        #expect(self.read(endpoint.merging(["OTEL_SDK_DISABLED": "true"]) { $1 }).settings == nil)
        #expect(self.read(endpoint.merging(["OTEL_TRACES_EXPORTER": "none"]) { $1 }).settings == nil)
        #expect(self.read(endpoint.merging(["OTEL_TRACES_EXPORTER": "otlp"]) { $1 }).settings != nil)
    }

    @Test(arguments: [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel.example:4318", "/v1/traces"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "HTTP://otel.example:4318/base/", "/base/v1/traces"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://otel.example:4318", "/"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://otel.example:4318/mine", "/mine"),
    ])
    func findsThePath(_ name: String, _ endpoint: String, _ path: String) throws {
        let settings = try #require(self.read([name: endpoint]).settings)
        #expect(settings.path == path)
        #expect(settings.target == .name("otel.example", port: 4_318))
        #expect(!settings.usesTLS)
        #expect(settings.wire == .httpProtobuf)
        #expect(settings.milliseconds == 10_000)
        #expect(settings.sampler == TraceSampler())
    }

    @Test func takesWhatIsSaidOfTracesFirst() throws {
        let settings = try #require(
            self.read([
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://all", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://10.0.0.9",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "B=2%203, authorization=x",
                "OTEL_EXPORTER_OTLP_TIMEOUT": "1", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2500",
                "OTEL_EXPORTER_OTLP_CERTIFICATE": "/roots.pem", "OTEL_SERVICE_NAME": "edge",
                "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment=a%2Cb",
                "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5",
            ]).settings
        )
        #expect(settings.target == .address(SocketAddress(ip: IPAddress(v4: 0x0a00_0009), port: 443)))
        #expect(settings.usesTLS)
        #expect(settings.wire == .grpc)
        #expect(settings.headers.map(\.name) == ["b", "authorization"])
        #expect(settings.headers.map(\.value.text) == ["2 3", "x"])
        #expect(settings.milliseconds == 2_500)
        #expect(settings.certificateFile == "/roots.pem")
        #expect(settings.resource == ["service.name": "edge", "deployment.environment": "a,b"])
        #expect(settings.sampler == TraceSampler(name: "traceidratio", argument: "0.5"))
        #expect(settings.endpoint == "https://10.0.0.9:443")
    }

    @Test(arguments: [
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "otel:4317"], ["OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://a"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a b"], ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a/?x"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://user@a"], ["OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"],
        ["OTEL_EXPORTER_OTLP_HEADERS": "alone"], ["OTEL_EXPORTER_OTLP_HEADERS": "a=%zz"],
        ["OTEL_EXPORTER_OTLP_HEADERS": "te=x"], ["OTEL_EXPORTER_OTLP_HEADERS": "content-length=3"],
        ["OTEL_EXPORTER_OTLP_HEADERS": "a=%0d%0ab"], ["OTEL_EXPORTER_OTLP_TIMEOUT": "0"],
        ["OTEL_RESOURCE_ATTRIBUTES": "=x"], ["OTEL_TRACES_SAMPLER": "jaeger_remote"],
        ["OTEL_TRACES_EXPORTER": "zipkin"],
    ])
    func namesWhatItCannotUse(_ variables: [String: String]) throws {
        let wrong = self.read(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"].merging(variables) { $1 }).wrong
        #expect(wrong == Array(variables.keys))
    }

    @Test func asksForRootsWithTLSAndForAFittingArgument() {
        let tls = self.read(["OTEL_EXPORTER_OTLP_ENDPOINT": "https://a"])
        #expect(tls.wrong == ["OTEL_EXPORTER_OTLP_CERTIFICATE"])
        let ratio = self.read([
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_SAMPLER": "traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "2",
        ])
        #expect(ratio.wrong == ["OTEL_TRACES_SAMPLER_ARG"])
    }

    private func read(_ signal: OTLPSignal, _ variables: [String: String]) -> (settings: OTLPSettings?, wrong: [String])
    {
        var environment = Environment(variables)
        let settings = OTLPSettings(&environment, signal: signal)
        return (settings, environment.errors.map(\.variable))
    }

    @Test("logs and metrics go nowhere unless they are asked for", arguments: [OTLPSignal.logs, .metrics])
    func asked(_ signal: OTLPSignal) throws {
        let all = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"]
        #expect(self.read(signal, all).settings == nil)
        let wanted = self.read(signal, all.merging(["OTEL_\(signal.word)_EXPORTER": "otlp"]) { $1 }).settings
        #expect(wanted?.path == signal.httpPath)
        #expect(wanted?.signal == signal)
        let own = ["OTEL_EXPORTER_OTLP_\(signal.word)_ENDPOINT": "http://b:4318/mine"]
        #expect(self.read(signal, all.merging(own) { $1 }).settings?.path == "/mine")
        #expect(self.read(.traces, own).settings == nil)
        let none = own.merging(["OTEL_\(signal.word)_EXPORTER": "none"]) { $1 }
        #expect(self.read(signal, none).settings == nil)
        #expect(self.read(signal, ["OTEL_\(signal.word)_EXPORTER": "kafka"]).wrong == ["OTEL_\(signal.word)_EXPORTER"])
    }

    @Test func readsHowMetricsAreSent() {
        let base = ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://a"]
        let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
        #expect(self.read(.metrics, base).settings?.isDelta == false)
        #expect(self.read(.metrics, base).settings?.intervalMilliseconds == nil)
        #expect(self.read(.metrics, base.merging([name: "Delta"]) { $1 }).settings?.isDelta == true)
        #expect(self.read(.metrics, base.merging([name: "often"]) { $1 }).wrong == [name])
        let often = base.merging(["OTEL_METRIC_EXPORT_INTERVAL": "15000"]) { $1 }
        #expect(self.read(.metrics, often).settings?.intervalMilliseconds == 15_000)
        let never = base.merging(["OTEL_METRIC_EXPORT_INTERVAL": "10"]) { $1 }
        #expect(self.read(.metrics, never).wrong == ["OTEL_METRIC_EXPORT_INTERVAL"])
    }

    @Test(
        "the mesh's configuration names a provider, the environment its secrets",
        arguments: [
            ("grpc://otel:4317", OTLPSettings.Wire.grpc, "/v1/logs", 4_317),
            ("http://otel:4318", .httpProtobuf, "/v1/logs", 4_318),
            ("http://otel/mine", .httpProtobuf, "/mine", 80), ("http://otel:1/", .httpProtobuf, "/v1/logs", 1),
        ]
    )
    func provider(_ endpoint: String, _ wire: OTLPSettings.Wire, _ path: String, _ port: UInt16) throws {
        var environment = Environment(["OTEL_EXPORTER_OTLP_HEADERS": "x-token=abc", "OTEL_SERVICE_NAME": "w"])
        let settings = try #require(OTLPSettings(provider: endpoint, signal: .logs, &environment))
        #expect(settings.wire == wire)
        #expect(settings.path == path)
        #expect(settings.target == .name("otel", port: port))
        #expect(settings.headers.map(\.value.text) == ["abc"])
        #expect(settings.resource == ["service.name": "w"])
        #expect(environment.errors.isEmpty)
    }

    @Test(arguments: ["", "otel:4317", "ftp://otel", "grpc://otel:4317/path", "http://otel:99999", "grpc://"])
    func refusesProviders(_ endpoint: String) {
        var environment = Environment([:])
        #expect(OTLPSettings(provider: endpoint, signal: .traces, &environment) == nil)
    }

    @Test func wantsRootsForProvidersWithTLS() {
        var environment = Environment([:])
        _ = OTLPSettings(provider: "grpcs://otel:4317", signal: .traces, &environment)
        _ = OTLPSettings(provider: "https://otel", signal: .traces, &environment)
        #expect(environment.errors.map(\.variable) == ["OTEL_EXPORTER_OTLP_CERTIFICATE"])
    }
}
