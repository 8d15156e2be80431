import DataPlane
import MeshDNS
import MeshModel
import TunnelEngine

/// The addresses of names, as one loop knows them.
///
/// The resolver below keeps answers for as long as they allow and asks anew after that. Where its servers do not answer,
/// the last good answer serves on for a while: an outage of DNS must not become one of everything behind names. A server
/// that says that there is no such name is believed.
///
/// Confined to its loop.
final class NameBook {
    private struct Entry {
        var addresses: [IPAddress]
        /// When they were heard, in the loop's milliseconds.
        var heard: UInt64
    }

    private let loop: EventLoop
    private let resolver: NameResolver
    private var entries: [String: Entry] = [:]

    /// Names that are remembered at most.
    private static let maximumNames = 1_024
    /// For how long old addresses serve where nobody answers, in milliseconds.
    private static let patience: UInt64 = 300_000

    init(loop: EventLoop, configuration: ResolverConfiguration) {
        self.loop = loop
        self.resolver = NameResolver(loop: loop, configuration: configuration)
    }

    /// Looks a name up.
    /// - Parameter completion: called once, possibly before this returns, with at least one address or none at all.
    func lookUp(_ name: String, completion: @escaping ([IPAddress]) -> Void) {
        self.resolver.lookUp(name) { [weak self] result in
            guard let self else { return completion([]) }
            switch result {
            case .success(let answer):
                self.remember(name, answer.addresses)
                completion(answer.addresses)
            case .failure(.timedOut): completion(self.remembered(name))
            case .failure:
                self.entries[name] = nil
                completion([])
            }
        }
    }

    private func remember(_ name: String, _ addresses: [IPAddress]) {
        let now = self.loop.now
        if self.entries[name] == nil, self.entries.count >= Self.maximumNames {
            self.entries = self.entries.filter { now &- $0.value.heard <= Self.patience }
            if self.entries.count >= Self.maximumNames, let any = self.entries.keys.first { self.entries[any] = nil }
        }
        self.entries[name] = Entry(addresses: addresses, heard: now)
    }

    private func remembered(_ name: String) -> [IPAddress] {
        guard let entry = self.entries[name], self.loop.now &- entry.heard <= Self.patience else { return [] }
        return entry.addresses
    }

    /// Forgets all look-ups; their completions are not called.
    func close() { self.resolver.close() }
}
