import DataPlane
import MeshModel
import MeshTelemetry
import MeshYAML
import ZTunnel

extension FuzzTarget {
    /// Small texts of settings, headers and certificates, and what processes tell each other.
    static let texts = [
        FuzzTarget("restart-message") { bytes throws(FuzzViolation) in
            guard let message = RestartMessage(bytes) else { return }
            try FuzzViolation.unless(RestartMessage(message.bytes) == message, "\(message) reads as another")
        },
        FuzzTarget("json") { bytes throws(FuzzViolation) in
            guard let value = try? JSONReader.parse(bytes) else { return }
            try FuzzViolation.unless(Self.depth(value) <= 64, "nested \(Self.depth(value)) deep")
        },
        FuzzTarget("tunnel-headers") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = WorkloadBaggage(parsing: [text, "k8s.namespace.name=a"])
            if let host = InboundTarget.serviceHost(forwarded: text) {
                try FuzzViolation.unless(!host.isEmpty && host.utf8.count <= bytes.count * 3, "the host \(host)")
            }
        },
        FuzzTarget("yaml") { bytes throws(FuzzViolation) in
            _ = try? YAMLReader.read(bytes)
        },
        FuzzTarget("spiffe-id") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let id = try? SPIFFEID(parsing: text) else { return }
            try FuzzViolation.unless(id.uri == text, "\(id.uri) was read from another text")
        },
        FuzzTarget("ip-address") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            if let ip = IPAddress(parsing: text) {
                try FuzzViolation.unless(IPAddress(parsing: "\(ip)") == ip, "the address \(ip) reads as another")
            }
            if let address = SocketAddress(parsing: text) {
                try FuzzViolation.unless(SocketAddress(parsing: "\(address)") == address, "\(address) reads as another")
            }
        },
        FuzzTarget("control-plane-url") { bytes throws(FuzzViolation) in
            guard let url = ControlPlaneURL(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
            let again = ControlPlaneURL(parsing: "https://\(url.target)")
            try FuzzViolation.unless(again == url, "\(url) reads as another")
        },
        FuzzTarget("duration") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let milliseconds = GoDuration.milliseconds(text) else { return }
            try FuzzViolation.unless(
                GoDuration.milliseconds("\(milliseconds)ms") == milliseconds,
                "\(milliseconds) ms reads as another duration"
            )
        },
    ]

    private static func depth(_ value: JSONValue) -> Int {
        switch value {
        case .array(let elements): 1 + (elements.map { Self.depth($0) }.max() ?? 0)
        case .object(let object): 1 + (object.members.map { Self.depth($0.value) }.max() ?? 0)
        default: 0
        }
    }
}
