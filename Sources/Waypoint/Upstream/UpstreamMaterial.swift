import BoringTLS
import DataPlane
import MeshProtos
import Synchronization

/// What TLS with applications is made of: roots, and a certificate of ours where one is asked for. Written in the
/// configuration or in files of the waypoint, which are looked at again when they may have changed.
///
/// Destinations that name the same share it. It may be used from any thread.
final class UpstreamMaterial: Sendable {
    /// Why no connection can begin.
    struct Failure: Error, Hashable {
        var reason: String
    }

    /// What it is made of; each text or path is empty for nothing.
    struct Source: Hashable, Sendable {
        var authorities = ""
        var certificate = ""
        var key = ""
        var authoritiesPath = ""
        var certificatePath = ""
        var keyPath = ""
        /// Whether no roots are needed.
        let checksNobody: Bool
        var system: SystemRoots

        init(_ settings: TulleL7.UpstreamTLS, system: SystemRoots) {
            self.authorities = settings.authorities
            self.certificate = settings.certificate
            self.key = settings.privateKey
            self.authoritiesPath = settings.authoritiesPath
            self.certificatePath = settings.certificatePath
            self.keyPath = settings.privateKeyPath
            self.checksNobody = settings.insecure
            self.system = system
        }

        fileprivate var paths: [String] {
            var paths = [self.authoritiesPath, self.certificatePath, self.keyPath].filter { !$0.isEmpty }
            let needsSystem = self.authorities.isEmpty && self.authoritiesPath.isEmpty && !self.checksNobody
            if needsSystem, let file = self.system.file { paths.append(file) }
            return paths
        }
    }

    /// A context, and a number that no other has.
    struct Made: Sendable {
        var context: TLSContext
        var generation: UInt64
    }

    private struct State {
        var made: Result<Made, Failure>?
        var stamps: [FileStamp?] = []
        var nextLook: UInt64 = 0
    }

    let source: Source
    private let state = Mutex(State())
    private static let generations = Atomic<UInt64>(0)

    /// How often files are looked at, in milliseconds.
    private static let lookMilliseconds: UInt64 = 1_000
    /// TLS with applications may be of version 1.2, which many of them have alone.
    private static let policy = TLSPolicy(allowsTLS12: true)

    init(_ source: Source) { self.source = source }

    /// The context for a connection that begins now. What can't be used fails every connection until it can.
    /// - Parameter now: in the loop's milliseconds.
    func current(now: UInt64) throws(Failure) -> Made {
        let result: Result<Made, Failure> = self.state.withLock { state in
            if let made = state.made, now < state.nextLook { return made }
            state.nextLook = now &+ Self.lookMilliseconds
            // Looked at before they are read: a change in between is found the next time.
            let stamps = self.source.paths.map { FileStamp($0) }
            if let made = state.made, stamps == state.stamps { return made }
            state.stamps = stamps
            let made: Result<Made, Failure>
            do throws(Failure) {
                let generation = Self.generations.wrappingAdd(1, ordering: .relaxed).newValue
                made = .success(Made(context: try self.makeContext(), generation: generation))
            } catch {
                made = .failure(error)
            }
            state.made = made
            return made
        }
        return try result.get()
    }

    private func makeContext() throws(Failure) -> TLSContext {
        do {
            return try TLSContext(identity: try self.identity(), trust: try self.trust(), policy: Self.policy)
        } catch {
            throw (error as? Failure) ?? Failure(reason: "TLS settings can't be used: \(error)")
        }
    }

    private func identity() throws -> TLSIdentity? {
        guard let certificate = try Self.text(self.source.certificate, or: self.source.certificatePath),
            let key = try Self.text(self.source.key, or: self.source.keyPath)
        else { return nil }
        return try TLSIdentity(chain: Certificate.parse(pem: certificate), key: PrivateKey(foreignPEM: key))
    }

    /// Nil where nobody is checked.
    private func trust() throws -> TrustAnchors? {
        if let text = try Self.text(self.source.authorities, or: self.source.authoritiesPath) {
            return try TrustAnchors(pem: text)
        }
        if self.source.checksNobody { return nil }
        return try self.source.system.read()
    }

    /// The text, or that of the file; nil where neither is named.
    private static func text(_ text: String, or path: String) throws(Failure) -> String? {
        if !text.isEmpty { return text }
        guard !path.isEmpty else { return nil }
        guard let read = SmallFile.read(path, limit: PEMBlock.textLimit) else {
            throw Failure(reason: "file \(path.prefix(255)) can't be read")
        }
        return read
    }
}
