import BoringTLS
import Foundation
import MeshDNS
import MeshIdentity
import MeshModel
import MeshTelemetry
import Synchronization
import TunnelEngine

@testable import ZTunnel

/// The mesh of the tests: services `shell` and `echo` of namespace `demo`, one task each.
enum TestMesh {
    static func identity(_ name: String) throws -> SPIFFEID {
        try SPIFFEID(trustDomain: "cluster.local", namespace: "demo", serviceAccount: name)
    }

    static func key(_ name: String) -> NamespacedHostname {
        NamespacedHostname(namespace: "demo", hostname: "\(name).demo.mesh.internal")
    }

    static func workload(_ name: String, _ address: IPAddress, port: UInt16) throws -> Workload {
        var workload = Workload(uid: "demo/\(name)", identity: try self.identity(name))
        workload.name = "\(name)-1"
        workload.workloadName = name
        workload.canonicalName = name
        workload.clusterID = "c1"
        workload.addresses = [address]
        workload.tunnel = .hbone
        workload.services[self.key(name)] = [ServicePort(port: 80, targetPort: port)]
        return workload
    }

    static func service(_ name: String, vip: String, port: UInt16) -> Service {
        var service = Service(key: self.key(name), name: name)
        service.ports = [ServicePort(port: 80, targetPort: port)]
        service.vips = IPAddress(parsing: vip).map { [NetworkAddress(network: "", ip: $0)] } ?? []
        return service
    }

    static func denyAll(of name: String) throws -> AuthorizationPolicy {
        var match = PolicyMatch()
        match.principals = [.exact(try self.identity(name).principal)]
        return AuthorizationPolicy(
            name: "deny-\(name)",
            namespace: "demo",
            scope: .namespace,
            action: .deny,
            rules: [.init(clauses: [.init(matches: [match])])]
        )
    }

    static func local(_ name: String, _ address: IPAddress, network: String = "") throws -> LocalWorkload {
        LocalWorkload(
            identity: try self.identity(name),
            network: network,
            cluster: "c1",
            meshDomain: "mesh.internal",
            name: "",
            addresses: [address]
        )
    }

    /// A workload that is served at an address, without a certificate.
    static func served(
        _ name: String,
        _ address: IPAddress,
        state: MeshState,
        log: Log = TestLog().log
    ) throws -> ServedWorkload {
        ServedWorkload(
            key: "",
            mesh: try self.context(address, state: state, log: log),
            local: try self.local(name, address),
            nameServers: ResolverConfiguration(servers: [])
        )
    }

    static func context(
        _ address: IPAddress,
        state: MeshState,
        log: Log = TestLog().log
    ) throws -> MeshContext {
        let configuration = try Configuration(environment: [
            "BOOTSTRAP_TOKEN": "secret-marker", "TULLE_LISTEN_ADDRESS": "\(address)",
        ])
        return MeshContext(
            configuration: configuration,
            state: state,
            log: log
        )
    }
}

/// Keeps the lines of a log.
final class TestLog: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { self.kept.withLock { $0 } }

    var log: Log {
        Log(scope: "test", format: .plain, threshold: Log.Threshold(.debug)) { [self] line in
            self.kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }
}

/// An authority for the identities of a test.
struct TestAuthority {
    private let key: PrivateKey
    private let root: Certificate

    init() throws {
        self.key = try PrivateKey()
        let now = Int64(Date().timeIntervalSince1970)
        var builder = CertificateBuilder(commonName: "root", serial: 1, notBefore: now - 60, notAfter: now + 3_600)
        builder.isAuthority = true
        self.root = try builder.issue(subjectKey: self.key, issuer: "root", issuerKey: self.key)
    }

    func issue(_ identity: SPIFFEID, serial: UInt64 = 2) throws -> IssuedIdentity {
        let files = try self.files(identity, serial: serial)
        let now = Int64(Date().timeIntervalSince1970)
        return try IssuedIdentity(
            certChain: [files.certificate, files.roots],
            key: try PrivateKey(pkcs8PEM: files.key),
            requested: identity,
            now: now
        )
    }

    /// The same as PEM, valid for `seconds`.
    func files(
        _ identity: SPIFFEID,
        serial: UInt64 = 2,
        seconds: Int64 = 3_600
    ) throws -> (certificate: String, key: String, roots: String) {
        let now = Int64(Date().timeIntervalSince1970)
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: serial, notBefore: now - 60, notAfter: now + seconds)
        builder.uris = [identity.uri]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: "root", issuerKey: self.key)
        return (leaf.pem, try leafKey.pkcs8PEM(), self.root.pem)
    }

    /// A revocation list of these serial numbers, as PEM.
    func revoking(_ serials: [UInt64]) throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        return try RevocationListBuilder(issuer: "root", serials: serials, thisUpdate: now - 60, nextUpdate: now + 60)
            .pem(signedWith: self.key)
    }

    /// A server's side for a host at a loopback address.
    func hostContext(address: [UInt8] = [127, 0, 0, 1]) throws -> TLSContext {
        let now = Int64(Date().timeIntervalSince1970)
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: 3, notBefore: now - 60, notAfter: now + 3_600)
        builder.addresses = [address]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: "root", issuerKey: self.key)
        return try TLSContext(
            identity: TLSIdentity(chain: [leaf], key: leafKey),
            trust: TrustAnchors([self.root])
        )
    }
}
