import Glibc
import Testing

@testable import MeshProtos

/// One line of a file in `Fixtures`: a message that Python's protobuf wrote.
struct Fixture: Sendable, CustomTestStringConvertible {
    let type: String
    let bytes: [UInt8]

    var testDescription: String { "\(self.type), \(self.bytes.count) bytes" }

    static func load(_ name: String, beside file: String = #filePath) -> [Fixture] {
        let folder = file.prefix(through: file.lastIndex(of: "/") ?? file.startIndex)
        return readFile("\(folder)Fixtures/\(name)").split(separator: "\n").map { line in
            let parts = line.split(separator: " ")
            let digits = parts.count > 1 ? Array(parts[1]) : []
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(digits[$0...$0 + 1]), radix: 16)
            }
            return Fixture(type: String(parts[0]), bytes: bytes)
        }
    }

    /// The Swift type of the message.
    var messageType: (any ProtoMessage.Type)? { Self.types[self.type] }

    static let types: [String: any ProtoMessage.Type] = [
        "istio.workload.Address": IstioWorkload.Address.self,
        "istio.workload.Workload": IstioWorkload.Workload.self,
        "istio.workload.Service": IstioWorkload.Service.self,
        "istio.security.Authorization": IstioSecurity.Authorization.self,
        "istio.v1.auth.IstioCertificateRequest": IstioAuth.CertificateRequest.self,
        "istio.v1.auth.IstioCertificateResponse": IstioAuth.CertificateResponse.self,
        "envoy.service.discovery.v3.DeltaDiscoveryRequest": EnvoyDiscovery.DeltaDiscoveryRequest.self,
        "envoy.service.discovery.v3.DeltaDiscoveryResponse": EnvoyDiscovery.DeltaDiscoveryResponse.self,
        "envoy.service.auth.v3.CheckRequest": EnvoyAuth.CheckRequest.self,
        "envoy.service.auth.v3.CheckResponse": EnvoyAuth.CheckResponse.self,
        "envoy.service.auth.v3.OkHttpResponse": EnvoyAuth.OKResponse.self,
        "google.protobuf.Struct": GoogleProtobuf.Struct.self,
        "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest":
            OpenTelemetry.ExportTraceServiceRequest.self,
        "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse":
            OpenTelemetry.ExportTraceServiceResponse.self,
        "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest": OpenTelemetry.ExportLogsServiceRequest.self,
        "opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse": OpenTelemetry.ExportLogsServiceResponse.self,
        "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest":
            OpenTelemetry.ExportMetricsServiceRequest.self,
        "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse":
            OpenTelemetry.ExportMetricsServiceResponse.self,
        "opentelemetry.proto.metrics.v1.Sum": OpenTelemetry.Sum.self,
        "opentelemetry.proto.metrics.v1.Histogram": OpenTelemetry.Histogram.self,
    ]
}

private func readFile(_ path: String) -> String {
    guard let file = fopen(path, "r") else {
        Issue.record("cannot open \(path)")
        return ""
    }
    defer { fclose(file) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        text += chunk.prefix(count)
    }
    return String(decoding: text, as: UTF8.self)
}

/// A small seeded generator, so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
