import Glibc
import MeshDNS
import MeshModel
import TunnelEngine

/// Resolves names that the mesh doesn't know, by the task's own DNS servers.
///
/// Confined to its loop. There is no cache: names that matter are the mesh's and need no DNS.
final class NameResolver {
    private let loop: EventLoop
    private let configuration: ResolverConfiguration
    private let scope: SocketScope
    private var lookups: [ObjectIdentifier: NameLookup] = [:]

    /// Look-ups at once; more fail at once.
    private static let maximumLookups = 512

    /// Makes a resolver that asks the servers of `configuration`.
    /// - Parameter scope: where the sockets are made.
    init(loop: EventLoop, configuration: ResolverConfiguration, scope: SocketScope = .process) {
        self.loop = loop
        self.scope = scope
        self.configuration = configuration
    }

    /// Looks `name` up and gives the first address; the completion is called once, possibly before this returns.
    func resolve(_ name: String, completion: @escaping (Result<IPAddress, DialFailure>) -> Void) {
        self.lookUp(name) { result in
            completion(result.flatMap { $0.addresses.first.map { .success($0) } ?? .failure(.nameNotFound) })
        }
    }

    /// Looks `name` up; the completion is called once, possibly before this returns, with at least one address.
    func lookUp(_ name: String, completion: @escaping (Result<DNSAnswer, DialFailure>) -> Void) {
        guard self.lookups.count < Self.maximumLookups else { return completion(.failure(.nameNotFound)) }
        let lookup = NameLookup(loop: self.loop, name: name, configuration: self.configuration, scope: self.scope)
        let key = ObjectIdentifier(lookup)
        self.lookups[key] = lookup
        lookup.start { [weak self] result in
            self?.lookups[key] = nil
            completion(result)
        }
    }
}

/// One look-up on a socket of its own, whose random port an attacker would have to guess too.
private final class NameLookup: DatagramDelegate {
    private var lookup: DNSLookup
    private var sockets: [Bool: DatagramSocket] = [:]
    private var completion: ((Result<DNSAnswer, DialFailure>) -> Void)?
    private var random = SystemRandomNumberGenerator()
    private let loop: EventLoop
    private let scope: SocketScope
    private let alarm: LoopAlarm

    init(loop: EventLoop, name: String, configuration: ResolverConfiguration, scope: SocketScope) {
        self.scope = scope
        self.lookup = DNSLookup(host: name, configuration: configuration, now: .milliseconds(Int64(clamping: loop.now)))
        self.loop = loop
        self.alarm = LoopAlarm(loop: loop)
    }

    private var now: Duration { .milliseconds(Int64(clamping: self.loop.now)) }

    func start(completion: @escaping (Result<DNSAnswer, DialFailure>) -> Void) {
        self.completion = completion
        self.follow(self.lookup.start(now: self.now, random: &self.random))
    }

    private func follow(_ action: DNSLookup.Action?) {
        switch action {
        case .finish(.success(let answer)):
            self.finish(answer.addresses.isEmpty ? .failure(.nameNotFound) : .success(answer))
        case .finish(.failure(let error)):
            switch error {
            case .noAnswer, .timedOut: self.finish(.failure(.timedOut))
            default: self.finish(.failure(.nameNotFound))
            }
        case .send(let queries):
            for query in queries where self.completion != nil { self.send(query) }
            self.startTimer()
        case nil:
            self.startTimer()
        }
    }

    private func startTimer() {
        guard self.completion != nil else { return }
        let wait = self.lookup.deadline - self.now
        self.alarm.set(after: wait.milliseconds) { [weak self] in
            guard let self else { return }
            self.follow(self.lookup.timeOut(now: self.now, random: &self.random))
        }
    }

    private func send(_ query: DNSLookup.Query) {
        // An answer that needs TCP holds more addresses than we would use; the servers' next one is asked instead.
        guard !query.usesTCP, let socket = self.socket(isV4: query.server.ip.isV4),
            socket.send(query.bytes, to: query.server)
        else {
            return self.follow(self.lookup.unreachable(query.server, now: self.now, random: &self.random))
        }
    }

    private func socket(isV4: Bool) -> DatagramSocket? {
        if let socket = self.sockets[isV4] { return socket }
        let any = isV4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, v6Low: 0)
        let socket = try? DatagramSocket(
            loop: self.loop,
            address: SocketAddress(ip: any, port: 0),
            scope: self.scope,
            delegate: self
        )
        self.sockets[isV4] = socket
        return socket
    }

    func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket) {
        guard self.completion != nil, datagram.count <= 4_096 else { return }
        self.follow(
            self.lookup.receive(Array(datagram), from: peer, usesTCP: false, now: self.now, random: &self.random)
        )
    }

    private func finish(_ result: Result<DNSAnswer, DialFailure>) {
        let completion = self.completion
        self.completion = nil
        self.alarm.cancel()
        for socket in self.sockets.values { socket.close() }
        self.sockets = [:]
        completion?(result)
    }
}
