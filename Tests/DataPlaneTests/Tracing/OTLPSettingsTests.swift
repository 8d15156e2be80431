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
}
