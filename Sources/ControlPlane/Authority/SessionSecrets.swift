package import CertificateAuthority
import Crypto
package import Foundation
package import MeshModel

/// The secrets behind sessions at waypoints, in `session-secrets.json` of the state directory.
///
/// Each service has keys of its own, made of them by HKDF (RFC 5869): whoever serves one can't read or make sessions of
/// another. They go to the waypoints that serve the service, in its own resource, and to nobody else. The newest seals; the
/// one before still opens, so that a change ends no session of a client who comes in between.
package struct SessionSecrets: Sendable {
    private static let name = "session-secrets.json"
    private static let fileBytes = 64 << 10
    private static let secretBytes = 32
    /// A start that finds the newest older than this makes another.
    package static let lifetime: TimeInterval = 30 * 86_400
    /// The newest and the one before.
    private static let kept = 2

    private struct Secret: Codable {
        var created: Date
        var secret: Data
    }

    private struct Document: Codable {
        var version = 1
        var secrets: [Secret]
    }

    /// The newest first.
    private let secrets: [Data]

    /// Loads them, and makes one where there is none, or none that is young enough. A file that cannot be read counts as
    /// none: sessions begin anew then, and nothing worse comes of it.
    ///
    /// - Throws: `AuthorityError` with `state_…` when the directory does not let itself be read or written.
    package init(state: StateDirectory, now: Date) throws(AuthorityError) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        var secrets: [Secret] = []
        if let content = try state.read(Self.name, limit: Self.fileBytes),
            let document = try? decoder.decode(Document.self, from: Data(content)), document.version == 1
        {
            secrets = document.secrets.filter { $0.secret.count == Self.secretBytes }.sorted { $0.created > $1.created }
        }
        let isYoung = secrets.first.map { now.timeIntervalSince($0.created) < Self.lifetime } ?? false
        if !isYoung {
            let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
            secrets = [Secret(created: now, secret: fresh)] + secrets.prefix(Self.kept - 1)
            try Self.store(secrets, in: state)
        }
        self.secrets = secrets.prefix(Self.kept).map(\.secret)
    }

    private static func store(_ secrets: [Secret], in state: StateDirectory) throws(AuthorityError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .secondsSince1970
        let content: Data
        do {
            content = try encoder.encode(Document(secrets: secrets))
        } catch {
            throw AuthorityError(.stateUnwritable, "\(Self.name) cannot be encoded", cause: error)
        }
        try state.write(Self.name, Array(content))
    }

    /// The keys of a service's sessions, 32 bytes each; the first one seals.
    package func keys(for service: NamespacedHostname) -> [[UInt8]] {
        self.secrets.map { secret in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret),
                info: Data("tulle session key 1 \(service)".utf8),
                outputByteCount: Self.secretBytes
            ).withUnsafeBytes { Array($0) }
        }
    }
}
