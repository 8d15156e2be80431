import Crypto
package import Foundation
package import MeshModel

/// The secrets behind sessions at waypoints, the newest first.
///
/// Each service has keys of its own, made of them by HKDF (RFC 5869): whoever serves one can't read or make sessions of
/// another. They go to the waypoints that serve the service, in its own resource, and to nobody else. The newest seals; the
/// one before still opens, so that a change ends no session of a client who comes in between.
package struct SessionSecrets: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    private static let secretBytes = 32
    /// When the newest is older than this, in seconds, another is made.
    package static let lifetime: TimeInterval = 30 * 86_400
    /// The newest and the one before.
    private static let kept = 2

    private struct Secret: Codable, Hashable {
        var created: Date
        var secret: Data
    }

    private struct Document: Codable {
        var version = 1
        var secrets: [Secret]
    }

    private var secrets: [Secret]

    /// Whether the newest is there, and young enough.
    package func isYoung(at now: Date) -> Bool {
        self.secrets.first.map { now.timeIntervalSince($0.created) < Self.lifetime } ?? false
    }

    /// When the newest was made; nil where there is none.
    package var created: Date? { self.secrets.first?.created }

    /// Reads what was stored. What can't be read counts as none: sessions begin anew then, and nothing worse comes of it.
    package init(stored content: [UInt8]) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        guard let document = try? decoder.decode(Document.self, from: Data(content)), document.version == 1 else {
            self.secrets = []
            return
        }
        let whole = document.secrets.filter { $0.secret.count == Self.secretBytes }
        self.secrets = Array(whole.sorted { $0.created > $1.created }.prefix(Self.kept))
    }

    /// A new secret in front.
    ///
    /// - Parameter keepsLast: whether the one before still opens; without it all sessions begin anew.
    package func renewed(at now: Date, keepsLast: Bool) -> SessionSecrets {
        // Whole seconds come back from where they are stored as they were.
        let now = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        var next = self
        next.secrets = [Secret(created: now, secret: fresh)] + (keepsLast ? self.secrets.prefix(Self.kept - 1) : [])
        return next
    }

    /// What is to be stored.
    ///
    /// - Throws: what the encoder says.
    package func stored() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .secondsSince1970
        return Array(try encoder.encode(Document(secrets: self.secrets)))
    }

    /// The keys of a service's sessions, 32 bytes each; the first one seals.
    package func keys(for service: NamespacedHostname) -> [[UInt8]] {
        self.secrets.map { secret in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret.secret),
                info: Data("tulle session key 1 \(service)".utf8),
                outputByteCount: Self.secretBytes
            ).withUnsafeBytes { Array($0) }
        }
    }

    /// How many there are, without them.
    package var description: String { "\(self.secrets.count) secrets of sessions, which are not shown" }

    /// When they were made, without them: what `dump` reads.
    package var customMirror: Mirror { Mirror(self, children: ["created": self.secrets.map(\.created)]) }
}
