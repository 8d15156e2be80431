import MeshModel
import MeshTelemetry

/// What `GET /config_dump` shows: the state of the mesh, the settings, the certificates and the live connections,
/// without any secret.
///
/// Names follow Istio's ztunnel, so that its tools can read it. The text is made piece by piece: a mesh of 100,000
/// workloads costs a list of their uids, not their text.
package struct ConfigDump {
    private let own: ServedWorkload
    private let served: [ServedWorkload]
    private let census: ConnectionCensus
    private let snapshot: MeshSnapshot
    private var writer = JSONWriter(pretty: true)
    private var part = Part.workloads
    /// Names of the list that is being written, and how many of them are done.
    private var uids: [String] = []
    private var services: [NamespacedHostname] = []
    private var index = 0

    private enum Part {
        case workloads, services, policies, staged, rest, end
    }

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
        self.writer.beginObject()
        self.writer.name("workloads")
        self.writer.beginArray()
        self.uids = self.snapshot.workloadUIDs
    }

    /// The next piece of the text; nil at the end.
    package mutating func next() -> [UInt8]? {
        guard self.part != .end else { return nil }
        while self.part != .end, self.writer.bytes.count < Self.pieceBytes { self.step() }
        return self.writer.take()
    }

    private mutating func step() {
        switch self.part {
        case .workloads:
            guard self.index < self.uids.count else {
                self.begin(.services, "services")
                self.services = self.snapshot.serviceKeys
                return
            }
            let uid = self.uids[self.index]
            self.index += 1
            if let workload = self.snapshot.workload(uid: uid) { self.writer.workload(workload) }
        case .services:
            guard self.index < self.services.count else {
                self.begin(.policies, "policies")
                self.uids = self.snapshot.policyKeys
                return
            }
            let key = self.services[self.index]
            self.index += 1
            if let service = self.snapshot.service(key) { self.writer.service(service, in: self.snapshot) }
        case .policies:
            guard self.index < self.uids.count else {
                self.writer.endArray()
                self.writer.name("stagedServices")
                self.writer.beginObject()
                self.part = .staged
                self.services = self.snapshot.stagedServiceKeys
                self.index = 0
                return
            }
            let key = self.uids[self.index]
            self.index += 1
            if let policy = self.snapshot.policy(key: key) { self.writer.policy(policy) }
        case .staged:
            guard self.index < self.services.count else {
                self.writer.endObject()
                self.part = .rest
                return
            }
            let key = self.services[self.index]
            self.index += 1
            self.writer.name("\(key)")
            self.writer.endpoints(of: key, in: self.snapshot)
        case .rest:
            self.writeRest()
            self.part = .end
        case .end: break
        }
    }

    private mutating func begin(_ part: Part, _ name: String) {
        self.writer.endArray()
        self.writer.name(name)
        self.writer.beginArray()
        self.part = part
        self.index = 0
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
        self.writer.version(self.own.mesh.configuration)
        self.writer.name("config")
        self.writer.configuration(self.own.mesh.configuration, self.own.local)
        self.writer.name("certificates")
        self.writer.certificates(self.served + [self.own], now: self.own.mesh.now)
        self.writer.name("workloadState")
        self.writer.workloadState(self.served, self.census, in: self.snapshot)
        self.writer.endObject()
    }
}
