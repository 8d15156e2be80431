import CertificateAuthority
import ControlPlane
import Crypto
import Foundation
import Glibc
import Logging
import MeshModel
import MeshXDS
import SwiftASN1
import X509

/// The control plane's serving stack over a synthetic mesh, and the measurements on it.
struct BenchmarkPlane {
    private let mesh: SyntheticMesh
    private let clients: Int
    private let changes: Int
    private let directory: String
    private let store = ResourceStore()
    private let connections: ConnectionTable
    private let server: MeshServer

    init(workloads: Int, clients: Int, changes: Int) throws {
        raiseDescriptorLimit()
        self.mesh = SyntheticMesh(workloads: workloads)
        self.clients = clients
        self.changes = changes
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("tulle-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: url,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        self.directory = url.path
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let state = try StateDirectory(path: self.directory)
        let metrics = ControlPlaneMetrics()
        let authority = try SigningAuthority(
            state: state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        try Self.writeClientCertificate(of: authority, into: self.directory)
        let names = ["127.0.0.1", "localhost"].compactMap { ServerName(parsing: $0) }
        let rotation = try ServingRotation(
            authority: authority,
            names: names,
            first: try authority.makeServingCertificate(names: names, now: Date()),
            metrics: metrics,
            logger: logger
        )
        var limits = ServerLimits()
        // One certificate stands for all data planes here.
        limits.streamsPerIdentity = limits.streams
        // A machine that does other work as well lets a handshake wait.
        limits.handshake = .seconds(60)
        self.connections = ConnectionTable(limit: limits.streams, identityLimit: limits.streamsPerIdentity)
        self.server = MeshServer(
            address: MeshModel.SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0),
            tls: rotation.tls,
            trustDomain: "cluster.local",
            issuer: CertificateIssuer(
                authority: authority,
                attestor: ECSAttestor(
                    policy: AttestationPolicy(
                        audience: "",
                        trustDomain: "cluster.local",
                        regions: [],
                        accounts: [],
                        clusters: [],
                        bindings: []
                    ),
                    verifier: NoAWS(),
                    tasks: NoAWS()
                ),
                journal: IssuanceJournal(state: state, logger: logger)
            ),
            store: self.store,
            connections: self.connections,
            metrics: metrics,
            limits: limits,
            logger: logger
        )
    }

    /// AWS has no part in this.
    private struct NoAWS: CallerIdentityVerifying, TaskLookup {
        func callerIdentity(of request: CallerIdentityRequest) async -> CallerIdentityAnswer { .refused(code: "none") }
        func task(id: String, account: String, region: String) async -> TaskLookupAnswer { .missing }
    }

    private static func writeClientCertificate(of authority: SigningAuthority, into directory: String) throws {
        let key = P256.Signing.PrivateKey()
        let request = try CertificateSigningRequest(
            version: .v1,
            subject: DistinguishedName(),
            privateKey: Certificate.PrivateKey(key),
            attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA256
        )
        var serializer = DER.Serializer()
        try request.serialize(into: &serializer)
        let pem = PEMDocument(type: "CERTIFICATE REQUEST", derBytes: serializer.serializedBytes).pemString
        let issued = try authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/mesh/sa/ztunnel"),
            request: try SigningRequest(pem: pem),
            lifetime: nil,
            now: Date()
        )
        try issued.chain.dropLast().joined().write(toFile: "\(directory)/chain", atomically: true, encoding: .utf8)
        try key.pemRepresentation.write(toFile: "\(directory)/key", atomically: true, encoding: .utf8)
        try authority.trustBundle.write(toFile: "\(directory)/roots", atomically: true, encoding: .utf8)
    }

    func run() async throws -> Result {
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.server.run() }
            guard let port = await self.server.port else { throw CancellationError() }
            defer {
                self.server.stop()
                group.cancelAll()
            }
            return try await self.measure(port: port)
        }
    }

    private func measure(port: Int) async throws -> Result {
        let empty = ProcessUsage.now()
        let addresses = self.mesh.addresses
        let bytes = addresses.reduce(0) { $0 + $1.bytes.count + $1.name.utf8.count }
        self.store.publish([
            ResourceChange(XDSTypes.address, changed: addresses), ResourceChange(XDSTypes.authorization),
        ])
        let filled = ProcessUsage.now()

        let load = try LoadProcess(port: port, clients: self.clients, directory: self.directory)
        defer { load.stop() }
        let start = monotonicSeconds()
        try await load.wait(for: "ready")
        let joined = monotonicSeconds()
        let full = ProcessUsage.now()
        var latencies: [Double] = []
        var pushBytes = 0
        let encodings = self.store.catalog?.sharedEncodings ?? 0
        let before = ProcessUsage.now()
        for number in 0..<self.changes {
            // Apart from each other, so that no push waits for the one before.
            try await Task.sleep(for: .milliseconds(100))
            let changed = self.mesh.workload(number * 7 % self.mesh.workloads, isHealthy: false)
            let change = monotonicSeconds()
            self.store.publish([ResourceChange(XDSTypes.address, changed: [changed])])
            let version = String(self.store.catalog?.revision(of: XDSTypes.address) ?? 0)
            pushBytes = Int(try await load.wait(for: "taken \(version)")) ?? 0
            while !self.isAcknowledged(version) { try await Task.sleep(for: .milliseconds(1)) }
            latencies.append((monotonicSeconds() - change) * 1000)
        }
        let after = ProcessUsage.now()
        let heap = ProcessMemory.heap
        ProcessMemory.trim()
        let trimmed = ProcessUsage.now()
        var averages = [0.0, 0, 0]
        getloadavg(&averages, 3)
        return Result(
            workloads: self.mesh.workloads,
            services: self.mesh.services,
            clients: self.clients,
            changes: self.changes,
            catalogBytes: bytes,
            joinSeconds: joined - start,
            lastAnswerMilliseconds: Result.Percentiles(latencies),
            joinProcessorSeconds: full.processor - filled.processor,
            processorMicrosecondsPerPush: (after.processor - before.processor) * 1e6
                / Double(self.changes * self.clients),
            bytesPerPush: pushBytes,
            encodings: (self.store.catalog?.sharedEncodings ?? 0) - encodings,
            residentBytesPer1000Workloads: (filled.resident - empty.resident) * 1000 / self.mesh.workloads,
            residentBytesPerConnection: (after.resident - filled.resident) / self.clients,
            residentBytes: after.resident,
            residentBytesTrimmed: trimmed.resident,
            residentBytesPeak: trimmed.peak,
            heapBytesUsed: heap.used,
            heapBytesKept: heap.kept,
            loadAverage: averages[0]
        )
    }

    private func isAcknowledged(_ version: String) -> Bool {
        self.clients
            == self.connections.count { connection in
                connection.types.contains { $0.typeURL == XDSTypes.address && $0.acknowledgedVersion == version }
            }
    }
}
