import DataPlane
import MeshDNS
import MeshModel
import TunnelEngine

/// The addresses of endpoints that are known by name only: asked for when a connection needs them, kept for a while.
///
/// Confined to its loop.
final class EndpointNames {
    private struct Entry {
        var addresses: [IPAddress]
        /// In the loop's milliseconds.
        var until: UInt64
    }

    private let loop: EventLoop
    private let resolver: NameResolver
    private var entries: [String: Entry] = [:]
    private var waiting: [String: [(Result<[IPAddress], DialFailure>) -> Void]] = [:]

    /// Names kept at once; when there are more, those go that would be asked for again soonest.
    static let maximumNames = 4_096
    /// Connections that may wait for one name; more fail at once.
    static let maximumWaiting = 1_024
    /// However long or short the server says that an answer may be kept.
    private static let keptMilliseconds: ClosedRange<UInt64> = 1_000...300_000

    init(loop: EventLoop, resolver: NameResolver) {
        self.loop = loop
        self.resolver = resolver
    }

    /// The addresses of a name, at least one; the completion is called once, possibly before this returns.
    func addresses(of name: String, completion: @escaping (Result<[IPAddress], DialFailure>) -> Void) {
        if let entry = self.entries[name], entry.until > self.loop.now { return completion(.success(entry.addresses)) }
        if let others = self.waiting[name] {
            guard others.count < Self.maximumWaiting else { return completion(.failure(.timedOut)) }
            self.waiting[name]?.append(completion)
            return
        }
        self.waiting[name] = [completion]
        self.resolver.lookUp(name) { [weak self] result in self?.resolved(name, result) }
    }

    private func resolved(_ name: String, _ result: Result<DNSAnswer, DialFailure>) {
        let waiting = self.waiting.removeValue(forKey: name) ?? []
        if case .success(let answer) = result {
            let kept = UInt64(clamping: answer.timeToLive.milliseconds)
            let range = Self.keptMilliseconds
            if self.entries.count >= Self.maximumNames { self.makeRoom() }
            self.entries[name] = Entry(
                addresses: answer.addresses,
                until: self.loop.now + min(max(kept, range.lowerBound), range.upperBound)
            )
        }
        let addresses = result.map(\.addresses)
        for completion in waiting { completion(addresses) }
    }

    private func makeRoom() {
        let now = self.loop.now
        self.entries = self.entries.filter { $0.value.until > now }
        guard self.entries.count >= Self.maximumNames else { return }
        let oldest = self.entries.sorted { $0.value.until < $1.value.until }.prefix(Self.maximumNames / 8)
        for entry in oldest { self.entries[entry.key] = nil }
    }
}
