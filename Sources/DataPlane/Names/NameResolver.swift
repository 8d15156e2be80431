package import MeshDNS
package import MeshModel
package import TunnelEngine

/// Resolves names that the mesh doesn't know, by a workload's own DNS servers.
///
/// Confined to its loop. It shares servers and kept answers with the workload's DNS proxy.
package final class NameResolver {
    private let loop: EventLoop
    private let upstream: DNSUpstream
    private var lookups: [ObjectIdentifier: NameLookup] = [:]

    /// Look-ups at once; more fail at once.
    private static let maximumLookups = 512

    /// Makes a resolver that asks by `upstream`.
    package init(loop: EventLoop, upstream: DNSUpstream) {
        self.loop = loop
        self.upstream = upstream
    }

    /// Makes a resolver that asks the servers of `configuration`.
    package convenience init(loop: EventLoop, configuration: ResolverConfiguration) {
        self.init(loop: loop, upstream: DNSUpstream(loop: loop, configuration: configuration))
    }

    /// Looks `name` up and gives the first address; the completion is called once, possibly before this returns.
    package func resolve(_ name: String, completion: @escaping (Result<IPAddress, DialFailure>) -> Void) {
        self.lookUp(name) { result in
            completion(result.flatMap { $0.addresses.first.map { .success($0) } ?? .failure(.nameNotFound) })
        }
    }

    /// Looks `name` up; the completion is called once, possibly before this returns, with at least one address.
    package func lookUp(_ name: String, completion: @escaping (Result<DNSAnswer, DialFailure>) -> Void) {
        guard self.lookups.count < Self.maximumLookups else { return completion(.failure(.nameNotFound)) }
        let lookup = NameLookup(loop: self.loop, name: name, upstream: self.upstream)
        let key = ObjectIdentifier(lookup)
        self.lookups[key] = lookup
        lookup.start { [weak self] result in
            self?.lookups[key] = nil
            completion(result)
        }
    }

    /// Forgets all look-ups; their completions are not called.
    package func close() {
        for lookup in self.lookups.values { lookup.cancel() }
        self.lookups = [:]
    }
}

/// One look-up, with the search list and for both families.
private final class NameLookup {
    private var lookup: AddressLookup
    private let upstream: DNSUpstream
    private let deadline: LoopAlarm
    private let patience: LoopAlarm
    private var completion: ((Result<DNSAnswer, DialFailure>) -> Void)?

    /// How long addresses of one family wait for those of the other, in milliseconds.
    private static let patienceMilliseconds: UInt64 = 500

    init(loop: EventLoop, name: String, upstream: DNSUpstream) {
        self.lookup = AddressLookup(host: name, configuration: upstream.configuration)
        self.upstream = upstream
        self.deadline = LoopAlarm(loop: loop)
        self.patience = LoopAlarm(loop: loop)
    }

    func start(completion: @escaping (Result<DNSAnswer, DialFailure>) -> Void) {
        self.completion = completion
        self.deadline.set(after: self.upstream.configuration.deadline.milliseconds) { [weak self] in
            self?.finish(.failure(.timedOut))
        }
        self.follow(self.lookup.start())
    }

    private func follow(_ step: AddressLookup.Step) {
        guard self.completion != nil else { return }
        switch step {
        case .ask(let queries):
            self.patience.cancel()
            for query in queries where self.completion != nil { self.ask(query) }
        case .wait:
            guard let answer = self.lookup.answer else { return }
            self.patience.set(after: Self.patienceMilliseconds) { [weak self] in self?.finish(.success(answer)) }
        case .finish(.success(let answer)):
            self.finish(.success(answer))
        case .finish(.failure(.failed(.timedOut))), .finish(.failure(.failed(.unreachable))):
            self.finish(.failure(.timedOut))
        case .finish(.failure):
            self.finish(.failure(.nameNotFound))
        }
    }

    private func ask(_ query: DNSQuery) {
        let question = query.question
        self.upstream.ask(query) { [weak self] result in
            guard let self, self.completion != nil else { return }
            switch result {
            case .success(.response(let response, let age)):
                self.follow(self.lookup.receive(question.type, .success(response), age: age ?? 0))
            case .success(.message):
                self.follow(self.lookup.receive(question.type, .failure(.unreachable)))
            case .failure(let error):
                self.follow(self.lookup.receive(question.type, .failure(error)))
            }
        }
    }

    func cancel() {
        self.completion = nil
        self.deadline.cancel()
        self.patience.cancel()
    }

    private func finish(_ result: Result<DNSAnswer, DialFailure>) {
        let completion = self.completion
        self.cancel()
        completion?(result)
    }
}
