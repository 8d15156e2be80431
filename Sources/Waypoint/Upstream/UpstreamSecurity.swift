import BoringTLS
import MeshProtos
import Synchronization
import TunnelEngine

/// TLS with the applications of one destination: whom they must prove to be, and what it is made of.
///
/// It may be used from any thread.
final class UpstreamSecurity: Sendable {
    /// What holds for connections that begin now.
    struct Moment: Sendable {
        /// Connections of another mark were made by other rules.
        var mark: Mark
        fileprivate var context: TLSContext
        fileprivate var expectation: PeerExpectation

        /// A session of a loop that has not begun.
        func session(_ protocols: TLSProtocols, on loop: EventLoop) throws(TLSError) -> TLSSession {
            try TLSSession(
                context: self.context,
                role: .client,
                expectation: self.expectation,
                protocols: protocols,
                buffers: loop.tlsBuffers,
                outputLimit: UpstreamSecurity.outputBytes
            )
        }
    }

    /// Tells the rules that connections were made by apart.
    struct Mark: Hashable, Sendable {
        var settings: UInt64
        var material: UInt64
    }

    /// As the control plane said them.
    let settings: TulleL7.UpstreamTLS
    private let material: UpstreamMaterial
    private let number: UInt64
    /// Bytes of ciphertext that may wait for one application: a piece of plaintext, and what a handshake says.
    private static let outputBytes = 256 * 1024
    private static let numbers = Atomic<UInt64>(0)

    init(_ settings: TulleL7.UpstreamTLS, material: UpstreamMaterial) {
        self.settings = settings
        self.material = material
        self.number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// What holds now.
    /// - Parameters:
    ///   - now: in the loop's milliseconds.
    ///   - host: whom the settings mean where they name nobody: of a wildcard it is known for each request only.
    func moment(now: UInt64, host: String? = nil) throws(UpstreamMaterial.Failure) -> Moment {
        guard !self.settings.unresolved else {
            throw UpstreamMaterial.Failure(reason: "what the TLS settings name is not there")
        }
        let expectation = try self.expectation(host)
        let made = try self.material.current(now: now)
        return Moment(
            mark: Mark(settings: self.number, material: made.generation),
            context: made.context,
            expectation: expectation
        )
    }

    private func expectation(_ host: String?) throws(UpstreamMaterial.Failure) -> PeerExpectation {
        let name = self.settings.serverName.isEmpty ? host : self.settings.serverName
        if self.settings.insecure { return .unchecked(serverName: name) }
        let own = self.settings.subjectAltNames
        let names = own.isEmpty ? [name].compactMap(\.self) : own
        guard !names.isEmpty else {
            throw UpstreamMaterial.Failure(reason: "the TLS settings name nobody: neither sni nor subjectAltNames")
        }
        return .anyName(names, serverName: name)
    }
}
