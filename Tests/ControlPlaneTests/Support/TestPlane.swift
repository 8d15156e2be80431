import AWSSignature
import CertificateAuthority
import Crypto
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import Logging
import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import SwiftASN1
import Synchronization
import Testing
import X509

@testable import ControlPlane

/// STS and ECS as a test says they are.
final class FakeAWS: CallerIdentityVerifying, TaskLookup {
    static let taskID = "0123456789abcdef0123456789abcdef"
    let caller = Mutex(CallerIdentityAnswer.caller(arn: "arn:aws:sts::111122223333:assumed-role/echo/\(taskID)"))

    func callerIdentity(of request: CallerIdentityRequest) async -> CallerIdentityAnswer {
        self.caller.withLock { $0 }
    }

    func task(id: String, account: String, region: String) async -> TaskLookupAnswer {
        .found(
            AttestedTask(
                arn: "arn:aws:ecs:us-east-1:111122223333:task/c1/\(id)",
                cluster: "c1",
                lastStatus: "RUNNING",
                desiredStatus: "RUNNING",
                roleARN: "arn:aws:iam::111122223333:role/echo",
                tags: [:]
            )
        )
    }
}

enum CryptoDigest: SignatureDigest {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}

/// A workload's key with the request and attestation for it.
struct TestWorkload {
    let key = P256.Signing.PrivateKey()
    let csr: String

    init() throws {
        let request = try CertificateSigningRequest(
            version: .v1,
            subject: DistinguishedName(),
            privateKey: Certificate.PrivateKey(self.key),
            attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA256
        )
        var serializer = DER.Serializer()
        try request.serialize(into: &serializer)
        self.csr = PEMDocument(type: "CERTIFICATE REQUEST", derBytes: serializer.serializedBytes).pemString
    }

    func authorization(audience: String = "cluster.local/tulled") throws -> String {
        let digest = SHA256.hash(data: self.key.publicKey.derRepresentation).map { String(format: "%02x", $0) }.joined()
        let request = SignableRequest(
            method: "POST",
            path: "/",
            query: [],
            headers: [
                HeaderField("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                HeaderField("host", "sts.us-east-1.amazonaws.com"), HeaderField("x-tulle-audience", audience),
                HeaderField("x-tulle-key-sha256", digest),
            ],
            payload: .bytes(Array("Action=GetCallerIdentity&Version=2011-06-15".utf8))
        )
        let signature = RequestSigner(region: "us-east-1", service: "sts").sign(
            request,
            credentials: SignatureCredentials(
                accessKeyID: "ASIAEXAMPLEEXAMPLE00",
                secretAccessKey: "secret",
                sessionToken: "session"
            ),
            at: SigningDate(epochSeconds: Int64(Date().timeIntervalSince1970)),
            digest: CryptoDigest.self
        )
        var headers: [String: String] = [:]
        for field in signature.apply(to: request.headers) { headers[field.lowercasedName] = field.value }
        let payload = try JSONSerialization.data(withJSONObject: ["headers": headers, "region": "us-east-1"])
        let text = payload.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
        return "Bearer tulle-aws-sts-v1.\(text)"
    }
}

/// A listener on loopback with everything behind it but AWS.
final class TestPlane: Sendable {
    let directory: TemporaryDirectory
    let aws = FakeAWS()
    let authority: SigningAuthority
    let store = ResourceStore()
    let connections: ConnectionTable
    let metrics = ControlPlaneMetrics()
    let rotation: ServingRotation
    let server: MeshServer
    let compiler: Mutex<RegistryCompiler>

    init(limits: ServerLimits = ServerLimits(), trustDomainAliases: Set<String> = []) throws {
        self.directory = try TemporaryDirectory()
        let state = try StateDirectory(path: self.directory.path)
        let logger = Logger(label: "test")
        self.authority = try SigningAuthority(
            state: state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        let role = try #require(RoleName(arn: "arn:aws:iam::111122223333:role/echo"))
        let binding = RoleBinding(role: role, namespace: "shop", serviceAccount: "echo")
        let attestor = ECSAttestor(
            policy: AttestationPolicy(
                audience: "cluster.local/tulled",
                trustDomain: "cluster.local",
                regions: ["us-east-1"],
                accounts: ["111122223333"],
                clusters: [],
                bindings: [binding]
            ),
            verifier: self.aws,
            tasks: self.aws
        )
        let names = ["127.0.0.1", "localhost"].compactMap { ServerName(parsing: $0) }
        self.rotation = try ServingRotation(
            authority: self.authority,
            names: names,
            first: try self.authority.makeServingCertificate(names: names, now: Date()),
            metrics: self.metrics,
            logger: logger
        )
        self.connections = ConnectionTable(limit: limits.streams, identityLimit: limits.streamsPerIdentity)
        self.server = MeshServer(
            address: MeshModel.SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0),
            tls: self.rotation.tls,
            trustDomain: "cluster.local",
            trustDomainAliases: trustDomainAliases,
            issuer: CertificateIssuer(
                authority: self.authority,
                attestor: attestor,
                journal: IssuanceJournal(state: state, logger: logger)
            ),
            attestor: ECSStreamAttestor(attestor),
            store: self.store,
            connections: self.connections,
            metrics: self.metrics,
            limits: limits,
            logger: logger
        )
        self.compiler = Mutex(TestObservations.compiler(bindings: [binding]))
    }

    /// Publishes a mesh of services with one task each.
    func publish(_ names: [String], resources: [DeclaredResource]? = nil) {
        let services = names.map { TestObservations.service($0) }
        let tasks = services.enumerated().map { TestObservations.task($0.offset + 1, of: $0.element) }
        let change = self.compiler.withLock {
            $0.compile([TestObservations.snapshot(services, tasks)], resources: resources)
        }
        self.store.publish(change)
    }

    /// What the debug pages would show.
    var overview: RegistryPublisher.Overview {
        self.compiler.withLock { compiler in
            RegistryPublisher.Overview(
                services: [],
                findings: [],
                statuses: compiler.statuses,
                waypoints: compiler.waypointResources,
                routeCarriers: compiler.routeCarriers,
                snapshots: [:],
                encodings: 0
            )
        }
    }

    /// Publishes policies by name, their content a number.
    func publish(policies: [String: UInt8], removing removed: [String] = []) {
        let policies = policies.map { name, content in
            let policy = IstioSecurity.Authorization.with {
                $0.name = name
                $0.namespace = "shop-\(content)"
            }
            return ResourceCatalog.Resource(name: "shop/\(name)", bytes: policy.serialized)
        }
        self.store.publish([ResourceChange(XDSTypes.authorization, changed: policies, removed: removed)])
    }

    /// What a client shows.
    enum Credential {
        case none
        case workload(String)
        case foreign
    }

    /// Runs the server, and a client connected to it.
    func withClient<Result: Sendable>(
        _ credential: Credential,
        _ body: @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.server.run() }
            let port = try #require(await self.server.port)
            defer {
                self.server.stop()
                group.cancelAll()
            }
            return try await self.client(credential, port: port, body)
        }
    }

    func client<Result: Sendable>(
        _ credential: Credential,
        port: Int,
        _ body: @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Result
    ) async throws -> Result {
        let chain: (chain: String, key: String)?
        switch credential {
        case .none: chain = nil
        case .workload(let uri): chain = try self.certificate(uri)
        case .foreign:
            let directory = try TemporaryDirectory()
            let other = try SigningAuthority(
                state: try StateDirectory(path: directory.path),
                trustDomain: "cluster.local",
                lifetimes: AuthorityLifetimes(),
                now: Date()
            )
            chain = try Self.certificate("spiffe://cluster.local/ns/shop/sa/echo", from: other)
        }
        let transport = try HTTP2ClientTransport.Posix(
            target: .ipv4(address: "127.0.0.1", port: port),
            transportSecurity: .tls { tls in
                tls.trustRoots = .certificates([.bytes(Array(self.authority.trustBundle.utf8), format: .pem)])
                tls.serverCertificateVerification = .noHostnameVerification
                if let chain {
                    tls.certificateChain = [.bytes(Array(chain.chain.utf8), format: .pem)]
                    tls.privateKey = .bytes(Array(chain.key.utf8), format: .pem)
                }
            }
        )
        return try await withGRPCClient(transport: transport) { try await body($0) }
    }

    /// A certificate of this plane's roots. One of another trust domain is from before the mesh was renamed: the same
    /// authority, which issues in no domain but its own, under the name that it had.
    private func certificate(_ uri: String) throws -> (chain: String, key: String) {
        let domain = try SPIFFEID(parsing: uri).trustDomain
        guard domain != self.authority.trustDomain else { return try Self.certificate(uri, from: self.authority) }
        let directory = try TemporaryDirectory()
        for file in ["root.pem", "intermediate.pem"] {
            try FileManager.default.copyItem(
                atPath: "\(self.directory.path)/\(file)",
                toPath: "\(directory.path)/\(file)"
            )
        }
        return try withExtendedLifetime(directory) {
            let former = try SigningAuthority(
                state: try StateDirectory(path: directory.path),
                trustDomain: domain,
                lifetimes: AuthorityLifetimes(),
                now: Date()
            )
            return try Self.certificate(uri, from: former)
        }
    }

    private static func certificate(_ uri: String, from authority: SigningAuthority) throws -> (
        chain: String, key: String
    ) {
        let workload = try TestWorkload()
        let issued = try authority.issue(
            for: try SPIFFEID(parsing: uri),
            request: try SigningRequest(pem: workload.csr),
            lifetime: nil,
            now: Date()
        )
        return (issued.chain.dropLast().joined(), workload.key.pemRepresentation)
    }
}

/// Our messages on the client's side.
struct WireSerializer<Message: ProtoMessage>: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes { Bytes(message.serialized) }
}

struct WireDeserializer<Message: ProtoMessage>: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
        try Message(decoding: bytes.withUnsafeBytes { Array($0) })
    }
}

typealias DeltaRequest = EnvoyDiscovery.DeltaDiscoveryRequest
typealias DeltaResponse = EnvoyDiscovery.DeltaDiscoveryResponse

extension GRPCClient {
    /// Opens a discovery stream, and hands over how to send and what comes.
    func discover(
        authorization: String? = nil,
        _ body:
            @escaping @Sendable (
                AsyncStream<DeltaRequest>.Continuation, inout RPCAsyncSequence<DeltaResponse, any Error>.AsyncIterator
            ) async throws -> Void
    ) async throws {
        let (requests, sending) = AsyncStream<DeltaRequest>.makeStream()
        var metadata: Metadata = [:]
        if let authorization { metadata.addString(authorization, forKey: "authorization") }
        try await self.bidirectionalStreaming(
            request: StreamingClientRequest(metadata: metadata) { writer in
                for await request in requests { try await writer.write(request) }
            },
            descriptor: MethodDescriptor(
                fullyQualifiedService: "envoy.service.discovery.v3.AggregatedDiscoveryService",
                method: "DeltaAggregatedResources"
            ),
            serializer: WireSerializer<DeltaRequest>(),
            deserializer: WireDeserializer<DeltaResponse>(),
            options: .defaults
        ) { response in
            defer { sending.finish() }
            var iterator = response.messages.makeAsyncIterator()
            try await body(sending, &iterator)
        }
    }

    /// Calls `CreateCertificate`.
    func createCertificate(csr: String, authorization: String?) async throws -> [String] {
        var metadata: Metadata = [:]
        if let authorization { metadata.addString(authorization, forKey: "authorization") }
        return try await self.unary(
            request: ClientRequest(
                message: IstioAuth.CertificateRequest.with {
                    $0.csr = csr
                    $0.validityDuration = 3600
                },
                metadata: metadata
            ),
            descriptor: MethodDescriptor(
                fullyQualifiedService: "istio.v1.auth.IstioCertificateService",
                method: "CreateCertificate"
            ),
            serializer: WireSerializer<IstioAuth.CertificateRequest>(),
            deserializer: WireDeserializer<IstioAuth.CertificateResponse>(),
            options: .defaults
        ) { try $0.message.certificateChain }
    }
}

extension DeltaRequest {
    /// The first request of a type.
    static func first(
        _ type: String = XDSTypes.address,
        metadata: [String: String] = ["NAMESPACE": "shop", "SERVICE_ACCOUNT": "echo"]
    ) -> DeltaRequest {
        .with { request in
            request.typeURL = type
            request.node = .with { node in
                node.id = "ztunnel~10.0.12.1~echo.shop~shop.svc.cluster.local"
                node.metadata = .with { $0.fields = metadata.mapValues { GoogleProtobuf.Value(.string($0)) } }
            }
        }
    }

    /// An ACK, or with a text a NACK.
    static func answer(_ response: DeltaResponse, error: String? = nil) -> DeltaRequest {
        .with { request in
            request.typeURL = response.typeURL
            request.responseNonce = response.nonce
            request.errorDetail = error.map { text in GoogleRPCStatus.with { $0.message = text } }
        }
    }
}
