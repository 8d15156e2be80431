import BoringTLS
import DataPlane
import MeshDNS
import MeshIdentity
import MeshModel
import TunnelEngine
import ZTunnel

/// What two ztunnels do for a request, for a new connection, and for a new link between them. A client and a server are in
/// the counts too: they send and receive, and no more.
final class TunnelScripts {
    private static let requests = 400
    private static let streams = 80
    private static let links = 8

    private let loop: EventLoop
    private let authority: ScriptAuthority
    private let shell: WorkloadProxy
    private let echo: WorkloadProxy
    private let application: ScriptApplication
    private let pool: TunnelPool
    private let context: TLSContext
    private var client: ScriptClient?
    private var done = 0

    private static let shellAddress = ScriptMesh.address(11)
    private static let echoAddress = ScriptMesh.address(12)
    private static let destination = SocketAddress(ip: ScriptMesh.virtualAddress(12), port: 80)

    static func run() throws {
        let loop = try EventLoop(index: 1)
        let scripts = try TunnelScripts(loop)
        scripts.beginRequests()
        loop.run()
        withExtendedLifetime(scripts) {}
    }

    private init(_ loop: EventLoop) throws {
        var change = MeshChange()
        change.workloads = [
            try ScriptMesh.workload("shell", Self.shellAddress), try ScriptMesh.workload("echo", Self.echoAddress),
        ]
        change.services = [
            ScriptMesh.service("shell", ScriptMesh.virtualAddress(11)),
            ScriptMesh.service("echo", ScriptMesh.virtualAddress(12)),
        ]
        let mesh = MeshSnapshot(change)
        let authority = try ScriptAuthority()
        self.loop = loop
        self.authority = authority
        self.context = try authority.context("shell")
        self.pool = TunnelPool(loop: loop)
        self.application = try ScriptApplication(
            loop: loop,
            address: SocketAddress(ip: Self.echoAddress, port: ScriptMesh.applicationPort)
        ) { bytes, connection in connection.send(bytes) }
        self.shell = try Self.proxy("shell", Self.shellAddress, mesh, authority, loop)
        self.echo = try Self.proxy("echo", Self.echoAddress, mesh, authority, loop)
    }

    private static func proxy(
        _ name: String,
        _ address: IPAddress,
        _ mesh: MeshSnapshot,
        _ authority: ScriptAuthority,
        _ loop: EventLoop
    ) throws -> WorkloadProxy {
        let configuration = try Configuration(environment: [
            "BOOTSTRAP_TOKEN": "x", "TULLE_LISTEN_ADDRESS": "\(address)", "ISTIO_META_DNS_CAPTURE": "false",
        ])
        let workload = ServedWorkload(
            key: name,
            mesh: MeshContext(configuration: configuration, state: MeshState(mesh), log: ScriptMesh.log),
            local: try ScriptMesh.local(name, address),
            nameServers: ResolverConfiguration(servers: [])
        )
        try workload.identities.install(authority.issue(name))
        let proxy = WorkloadProxy(loop: loop, workload: workload)
        try proxy.listen()
        return proxy
    }

    private func connect(_ bytes: Int, _ onAnswer: @escaping () -> Void) -> ScriptClient {
        ScriptClient(
            loop: self.loop,
            proxy: Self.shellAddress,
            destination: Self.destination,
            message: [UInt8](repeating: 0x61, count: bytes),
            onAnswer: onAnswer
        )
    }

    // MARK: One KiB there and back on a connection that stands

    private func beginRequests() {
        self.done = -1
        self.client = self.connect(1_024) { [unowned self] in self.nextRequest() }
    }

    private func nextRequest() {
        self.done += 1
        if self.done == Script.warmUp { Script.begin("tunnel.request_1k", Self.requests) }
        if self.done == Script.warmUp + Self.requests {
            Script.end()
            return self.beginStreams()
        }
        self.client?.send()
    }

    // MARK: A connection on the link that stands: opened, one byte there and back, closed

    private func beginStreams() {
        self.done = -1
        self.client?.onClosed = { [unowned self] in self.nextStream() }
        self.client?.close()
    }

    private func nextStream() {
        self.done += 1
        if self.done == Script.warmUp { Script.begin("tunnel.stream", Self.streams) }
        if self.done == Script.warmUp + Self.streams {
            Script.end()
            return self.beginLinks()
        }
        var isOpen = false
        let client = self.connect(1) { [unowned self] in
            if isOpen { self.client?.close() } else { self.client?.send() }
            isOpen = true
        }
        client.onClosed = { [unowned self] in self.nextStream() }
        self.client = client
    }

    // MARK: A link of its own: TCP, TLS handshake with both certificates, HTTP/2, one tunnel that is refused

    private func beginLinks() {
        self.done = -1
        self.nextLink()
    }

    private func nextLink() {
        self.done += 1
        if self.done == 2 { Script.begin("tunnel.link", Self.links) }
        if self.done == 2 + Self.links {
            Script.end()
            return self.loop.stop()
        }
        do {
            let key = TunnelKey(
                source: try ScriptMesh.identity("shell").uri,
                generation: UInt64(1_000 + self.done),
                expected: [try ScriptMesh.identity("echo").uri],
                address: SocketAddress(ip: Self.echoAddress, port: MeshPorts.inboundTunnel),
                from: Self.shellAddress
            )
            // A port where nobody listens would be dialled; an address that is not the peer's is refused at once.
            let headers = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", "\(Self.shellAddress):80")]
            _ = self.pool.open(key, context: self.context, headers: { headers }) { [unowned self] result in
                if case .failure(.link(let error)) = result { Script.fail("no link: \(error)") }
                self.nextLink()
            }
        } catch {
            Script.fail("\(error)")
        }
    }
}
