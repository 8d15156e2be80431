import DataPlane
import MeshModel
import MeshTelemetry

/// What `GET /config_dump` shows: the state of the mesh, the settings, the certificates and the live connections,
/// without any secret.
///
/// Names follow Istio's ztunnel, so that its tools can read it. The text is made piece by piece.
package struct ConfigDump {
    private let own: ServedWorkload
    private let served: [ServedWorkload]
    private let census: ConnectionCensus
    private let snapshot: MeshSnapshot
    private var mesh: MeshDump
    private var writer = JSONWriter(pretty: true)
    private var isAtEnd = false

    /// What is written at once; the largest honest workload has about 2 KiB.
    private static let pieceBytes = 32 * 1024

    /// Takes the state of this moment.
    /// - Parameters:
    ///   - own: whom the control plane knows this process as.
    ///   - served: whom it serves.
    ///   - census: their live connections.
    package init(own: ServedWorkload, served: [ServedWorkload], census: ConnectionCensus) {
        self.own = own
        self.served = served
        self.census = census
        self.snapshot = own.mesh.state.snapshot
        self.mesh = MeshDump(self.snapshot)
        self.writer.beginObject()
    }

    /// The next piece of the text; nil at the end.
    package mutating func next() -> [UInt8]? {
        guard !self.isAtEnd else { return nil }
        while !self.isAtEnd, self.writer.bytes.count < Self.pieceBytes {
            guard !self.mesh.step(&self.writer) else { continue }
            self.writeRest()
            self.isAtEnd = true
        }
        return self.writer.take()
    }

    private mutating func writeRest() {
        self.writer.name("staticConfig")
        self.writer.object { writer in
            // State from a file is applied like the control plane's, and stands among it above.
            for name in ["workloads", "policies", "services"] {
                writer.name(name)
                writer.array { _ in }
            }
        }
        if let status = self.own.mesh.localState.status {
            self.writer.name("localState")
            self.writer.localState(status)
        }
        self.writer.name("version")
        self.writer.version(istioVersion: self.own.mesh.configuration.proxyMetadata["ISTIO_VERSION"])
        self.writer.name("config")
        self.writer.configuration(self.own.mesh.configuration, self.own.local)
        self.writer.name("certificates")
        self.writer.certificates(self.served + [self.own], now: self.own.mesh.now)
        self.writer.name("workloadState")
        self.writer.workloadState(self.served, self.census, in: self.snapshot)
        self.writer.endObject()
    }
}
