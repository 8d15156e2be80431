import Foundation
import SwiftASN1
import X509

/// Certificates of what signed before, without keys: leaves that it signed are still in use, and come alone.
///
/// Kept in `retired.pem` of the state directory, where there is one. It decides nothing: a way up counts only if it leads
/// to a root in force.
struct RetiredSigners: Sendable {
    private static let file = "retired.pem"
    private static let limit = 1 << 20
    /// The most ways; the oldest goes.
    private static let capacity = 16

    private let state: StateDirectory?
    /// Each from a signer up, the signer first; the newest last.
    private(set) var ways: [[Certificate]]

    /// Reads what was kept; nothing where it can't be read, as each way can be done without.
    init(state: StateDirectory?) {
        self.state = state
        let content = (try? state?.read(Self.file, limit: Self.limit)) ?? nil
        let text = content.map { String(decoding: $0, as: UTF8.self) } ?? ""
        // Ways are divided by an empty line, which PEM has none of inside.
        self.ways = text.split(separator: "\n\n").compactMap { part -> [Certificate]? in
            try? PEMDocument.parseMultiple(pemString: String(part) + "\n").map {
                try Certificate(derEncoded: $0.derBytes)
            }
        }.filter { !$0.isEmpty }
    }

    /// Keeps what signed until now, unless it goes on.
    mutating func retire(_ signer: Signer, in next: SigningSet) {
        guard signer.certificate != next.workload.certificate else { return }
        let now = Date()
        self.ways.removeAll { $0.first == signer.certificate || ($0.first?.notValidAfter ?? .distantPast) < now }
        self.ways.append([signer.certificate] + signer.above)
        self.ways = self.ways.suffix(Self.capacity)
        guard let state = self.state,
            let texts = try? self.ways.map({ way in try way.map { try $0.pemText() }.joined() })
        else { return }
        // Without the file, machines that come back after a restart need a new token; nothing else depends on it.
        try? state.write(Self.file, Array(texts.joined(separator: "\n").utf8))
    }
}
