import BoringTLS
import DataPlaneTestSupport
import Foundation
import MeshDNS
import MeshIdentity
import MeshModel
import MeshProtos
import MeshTelemetry
import MeshXDS
import Synchronization
import Testing
import TunnelEngine

@testable import DataPlane

/// The client of the control plane against a server on the same HTTP/2 core.
@Suite(.serialized)
struct DiscoveryClientTests {
    /// A control plane that answers each subscription with fixed resources, and can hang up.
    private final class Plane: ListenerDelegate, LinkOwner, @unchecked Sendable {
        let loop: TestLoop
        private let context: TLSContext
        private let resources: [String: [(name: String, bytes: [UInt8])]]
        private var listener: Listener?
        private var links: [Link] = []
        let requests = Mutex<[EnvoyDiscovery.DeltaDiscoveryRequest]>([])
        let streams = Mutex(0)

        init(_ context: TLSContext, _ resources: [String: [(name: String, bytes: [UInt8])]]) throws {
            self.loop = try TestLoop()
            self.context = context
            self.resources = resources
        }

        func listen() throws -> SocketAddress {
            try self.loop.sync {
                let address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)
                let listener = try Listener(loop: self.loop.loop, address: address, delegate: self)
                self.listener = listener
                return listener.address
            }
        }

        func hangUp() throws { try self.loop.sync { for link in self.links { link.close(.closedLocally) } } }

        func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
            let link = try? Link.serve(
                loop: self.loop.loop,
                descriptor: descriptor,
                peer: peer,
                context: self.context,
                expecting: .anyIdentity(trustDomain: "cluster.local"),
                limits: LinkLimits(),
                owner: self
            )
            if let link { self.links.append(link) }
        }

        func linkOpened(_ link: Link) {}
        func linkCapacityChanged(_ link: Link) {}
        func linkClosed(_ link: Link, _ error: LinkError) { self.links.removeAll { $0 === link } }
        func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
            self.streams.withLock { $0 += 1 }
            stream.owner = Reading(link: link, plane: self)
            let head = [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc")]
            link.sendHeaders(stream, head, endStream: false)
        }

        fileprivate func answer(_ bytes: [UInt8], _ link: Link, _ stream: HTTP2Stream) {
            guard let request = try? EnvoyDiscovery.DeltaDiscoveryRequest(decoding: bytes) else { return }
            self.requests.withLock { $0.append(request) }
            guard request.responseNonce.isEmpty else { return }
            let response = EnvoyDiscovery.DeltaDiscoveryResponse.with { response in
                response.typeURL = request.typeURL
                response.nonce = "n-\(request.typeURL.suffix(7))"
                response.resources = (self.resources[request.typeURL] ?? []).map { resource in
                    .with {
                        $0.name = resource.name
                        $0.version = "1"
                        $0.resource = .with {
                            $0.typeURL = request.typeURL
                            $0.value = resource.bytes
                        }
                    }
                }
            }
            (GRPCMessageReader.frame(response.serialized) ?? []).withUnsafeBytes { link.sendData(stream, $0) }
        }
    }

    private final class Reading: HTTP2StreamOwner {
        private let link: Link
        private let plane: Plane
        private var reader = GRPCMessageReader(limit: 1 << 20)

        init(link: Link, plane: Plane) {
            self.link = link
            self.plane = plane
        }

        func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {}
        func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
            self.reader.receive(bytes)
            self.link.consumed(stream, bytes.count)
            while let message = try? self.reader.next() { self.plane.answer(message, self.link, stream) }
        }
        func streamWindowOpened(_ stream: HTTP2Stream) {}
        func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {}
    }

    private static let addressType = IstioWorkload.addressTypeURL
    private static let policyType = IstioSecurity.authorizationTypeURL

    /// A server that is known by the roots of our own certificate.
    private func server(_ url: ControlPlaneURL, _ resolver: NameResolver, _ own: TestSubject, _ log: Log)
        -> ControlServer
    {
        let roots = own.identities.latest.map { ServerRoots.Source.known($0.bundle.anchors) }
        return ControlServer(
            address: ControlPlaneAddress(url, resolver: resolver),
            roots: ServerRoots(roots ?? .configured(.system), policy: TLSPolicy(), log: log),
            alternatives: [],
            headers: []
        )
    }

    /// Starts a client against a plane with these resources; gives both and how often the client was synced.
    /// - Parameter further: what is followed besides the mesh's state.
    private func start(
        _ resources: [String: [(name: String, bytes: [UInt8])]],
        further: [DiscoverySubscription] = []
    ) throws -> (plane: Plane, state: MeshState, log: TestLog, synced: Box) {
        let authority = try TestAuthority()
        let plane = try Plane(try authority.hostContext(), resources)
        let address = try plane.listen()
        let log = TestLog()
        let state = MeshState()
        let workload = try TestSubject("echo")
        let context = ControlContext(program: "test", log: log.log, registry: MetricsRegistry())
        try workload.identities.install(authority.issue(TestMesh.identity("echo")))
        let loop = try TestLoop()
        let synced = Box()
        let url = try #require(ControlPlaneURL(parsing: "https://\(address)"))
        try loop.sync {
            let resolver = NameResolver(loop: loop.loop, configuration: .init(servers: []))
            let client = DiscoveryClient(
                loop: loop.loop,
                context: context,
                own: workload,
                node: NodeDescription(kind: "ztunnel"),
                server: self.server(url, resolver, workload, log.log),
                proof: .certificate(nil),
                subscriptions: state.subscriptions() + further
            ) { synced.count.withLock { $0 += 1 } }
            synced.kept = (loop, client, resolver)
            client.start()
        }
        return (plane, state, log, synced)
    }

    /// How often the client was synced, and what must live as long as the test.
    private final class Box: @unchecked Sendable {
        let count = Mutex(0)
        var kept: Any?
    }

    private func workload() -> (name: String, bytes: [UInt8]) {
        let workload = IstioWorkload.Workload.with {
            $0.uid = "demo/echo"
            $0.name = "echo-1"
            $0.namespace = "demo"
            $0.serviceAccount = "echo"
            $0.addresses = [[10, 0, 0, 2]]
        }
        return ("demo/echo", IstioWorkload.Address.with { $0.kind = .workload(workload) }.serialized)
    }

    @Test func takesOverTheStateAndAcknowledgesIt() throws {
        let (plane, state, _, synced) = try self.start([Self.addressType: [self.workload()]])
        #expect(eventually { synced.count.withLock { $0 } == 1 })
        #expect(state.snapshot.workload(uid: "demo/echo")?.name == "echo-1")
        #expect(eventually { plane.requests.withLock { $0.count } == 4 })
        let requests = plane.requests.withLock { $0 }
        #expect(requests.prefix(2).map(\.typeURL) == [Self.policyType, Self.addressType])
        #expect(requests.first?.node?.metadata?.string("NAMESPACE") == "demo")
        #expect(requests.dropFirst(2).allSatisfy { !$0.responseNonce.isEmpty && $0.errorDetail == nil })
    }

    @Test func refusesABadResourceByNameAndKeepsTheGoodOnes() throws {
        let bad = (name: "demo/bad", bytes: [UInt8](repeating: 0xff, count: 3))
        let (plane, state, log, synced) = try self.start([Self.addressType: [self.workload(), bad]])
        #expect(eventually { plane.requests.withLock { $0.contains { $0.errorDetail != nil } } })
        let refusal = plane.requests.withLock { $0.compactMap(\.errorDetail).first }
        #expect(refusal?.message.hasPrefix("demo/bad: ") == true)
        #expect(state.snapshot.workload(uid: "demo/echo") != nil)
        #expect(eventually { log.lines.contains { $0.contains("resource rejected") && $0.contains("demo/bad") } })
        #expect(eventually { synced.count.withLock { $0 } == 1 }, "one bad resource must not keep us from serving")
    }

    @Test func comesBackAndAsksOnlyForWhatChanged() throws {
        let (plane, state, _, synced) = try self.start([Self.addressType: [self.workload()]])
        #expect(eventually { synced.count.withLock { $0 } == 1 })
        #expect(eventually { plane.requests.withLock { $0.count } == 4 })
        try plane.hangUp()
        #expect(eventually { plane.streams.withLock { $0 } == 2 })
        #expect(state.snapshot.workload(uid: "demo/echo") != nil)
        #expect(eventually { plane.requests.withLock { $0.count } >= 6 })
        let again = plane.requests.withLock { $0 }.dropFirst(4).first { $0.typeURL == Self.addressType }
        #expect(again?.initialResourceVersions == ["demo/echo": "1"])
        #expect(synced.count.withLock { $0 } == 1)
    }

    @Test func sendsItsCertificateToNobodyElse() throws {
        // The server's certificate names another host than the one asked for.
        let authority = try TestAuthority()
        let plane = try Plane(try authority.hostContext(address: [127, 0, 0, 99]), [:])
        let address = try plane.listen()
        let log = TestLog()
        let workload = try TestSubject("echo")
        let context = ControlContext(program: "test", log: log.log, registry: MetricsRegistry())
        try workload.identities.install(authority.issue(TestMesh.identity("echo")))
        let loop = try TestLoop()
        let url = try #require(ControlPlaneURL(parsing: "https://\(address)"))
        let box = Box()
        try loop.sync {
            let resolver = NameResolver(loop: loop.loop, configuration: .init(servers: []))
            let client = DiscoveryClient(
                loop: loop.loop,
                context: context,
                own: workload,
                node: NodeDescription(kind: "ztunnel"),
                server: self.server(url, resolver, workload, log.log),
                proof: .certificate(nil),
                subscriptions: MeshState().subscriptions(),
                onSynced: {}
            )
            box.kept = (client, resolver)
            client.start()
        }
        #expect(eventually { log.lines.contains { $0.contains("peer_identity_mismatch") } })
        #expect(plane.streams.withLock { $0 } == 0)
    }

    @Test("a further type travels on the same stream, and its handler's refusals are answered and named")
    func followsFurtherTypes() throws {
        let type = "type.googleapis.com/test.Further"
        let taken = Mutex<[String]>([])
        let further = DiscoverySubscription(typeURL: type) { update in
            taken.withLock { $0 += update.resources.map(\.name) }
            return [XDSRejection(name: "bad", reason: "not wanted")]
        }
        let good = (name: "good", bytes: [UInt8]())
        let bad = (name: "bad", bytes: [UInt8]())
        let (plane, state, log, synced) = try self.start(
            [Self.addressType: [self.workload()], type: [good, bad]],
            further: [further]
        )
        #expect(eventually { synced.count.withLock { $0 } == 1 })
        #expect(state.snapshot.workload(uid: "demo/echo") != nil)
        #expect(taken.withLock { $0 } == ["good", "bad"])
        #expect(plane.streams.withLock { $0 } == 1)
        #expect(eventually { plane.requests.withLock { $0.contains { $0.errorDetail != nil } } })
        let refusal = plane.requests.withLock { $0.first { $0.errorDetail != nil } }
        #expect(refusal?.typeURL == type)
        #expect(refusal?.errorDetail?.message == "bad: not wanted")
        #expect(eventually { log.lines.contains { $0.contains("resource rejected") && $0.contains("not wanted") } })
    }
}
