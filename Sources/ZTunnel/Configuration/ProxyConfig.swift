import DataPlane
import MeshYAML

/// The part of Istio's `ProxyConfig` that a ztunnel follows: `defaultConfig` of the mesh configuration, then
/// `PROXY_CONFIG` over it, key by key. Other keys of either are not ours and are passed over.
struct ProxyConfig: Hashable, Sendable {
    /// `discoveryAddress`.
    var discoveryAddress: ControlPlaneURL?
    /// `proxyAdminPort`.
    var adminPort: UInt16?
    /// `statsPort`; Istio's API calls it `statusPort`.
    var metricsPort: UInt16?
    /// `concurrency`.
    var concurrency: WorkerThreads.Choice?
    /// `proxyMetadata`, without the prefix `ISTIO_META_` of names.
    var metadata: [String: String] = [:]

    /// Where Istio mounts the mesh configuration.
    static let meshPath = "./etc/istio/config/mesh"
    /// The most bytes that are read of it.
    static let byteLimit = 1 << 20

    init() {}

    /// Reads `ProxyConfig` as `PROXY_CONFIG` has it.
    init(yaml text: String) throws(YAMLError) {
        self.init()
        if let document = try Self.document(text) { try self.read(YAMLValue(document)) }
    }

    /// Reads the mesh configuration.
    init(meshConfiguration text: String) throws(YAMLError) {
        self.init()
        guard let document = try Self.document(text) else { return }
        var fields = try YAMLValue(document).fields()
        if let config = fields.take("defaultConfig") ?? fields.take("default_config") { try self.read(config) }
    }

    private static func document(_ text: String) throws(YAMLError) -> YAMLNode? {
        var limits = YAMLLimits()
        limits.bytes = self.byteLimit
        limits.nodes = 65_536
        return try YAMLReader.read(Array(text.utf8), limits: limits)
    }

    private mutating func read(_ value: YAMLValue) throws(YAMLError) {
        var fields = try value.fields()
        if let address = fields.take("discoveryAddress") {
            guard let url = ControlPlaneURL(parsing: try address.text()) else {
                throw address.error(allowed: "https://host:port")
            }
            self.discoveryAddress = url
        }
        self.adminPort = try fields.take("proxyAdminPort")?.integer(in: 1...UInt16.max)
        self.metricsPort = try (fields.take("statsPort") ?? fields.take("statusPort"))?.integer(in: 1...UInt16.max)
        if let value = fields.take("concurrency") {
            let count: Int = try value.integer(in: 0...WorkerThreads.maximum)
            self.concurrency = count == 0 ? .all : .count(count)
        }
        for (key, value) in try fields.take("proxyMetadata")?.entries() ?? [] {
            let name = try key.text()
            let prefix = "ISTIO_META_"
            self.metadata[name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name] = try value.text()
        }
    }

    /// What `other` sets replaces what is here; metadata are joined.
    func merged(with other: ProxyConfig) -> ProxyConfig {
        var merged = self
        merged.discoveryAddress = other.discoveryAddress ?? self.discoveryAddress
        merged.adminPort = other.adminPort ?? self.adminPort
        merged.metricsPort = other.metricsPort ?? self.metricsPort
        merged.concurrency = other.concurrency ?? self.concurrency
        merged.metadata.merge(other.metadata) { _, new in new }
        return merged
    }
}
