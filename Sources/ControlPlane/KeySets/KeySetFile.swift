import CertificateAuthority
import Foundation
import MeshCompile

/// Keeps keys for tokens over restarts, in `keys.json` of the state directory: a control plane that starts while an issuer
/// is away must not turn every token away.
struct KeySetFile: Sendable {
    private static let name = "keys.json"

    private struct Document: Codable {
        var version = 1
        var urls: [String: String]
        var issuers: [String: String]
    }

    private let state: StateDirectory

    init(state: StateDirectory) { self.state = state }

    /// What was kept. A file that can't be read counts as none: keys are fetched anew.
    func load() -> [KeySource: String] {
        guard let content = try? self.state.read(Self.name, limit: 64 << 20),
            let document = try? JSONDecoder().decode(Document.self, from: Data(content)), document.version == 1
        else { return [:] }
        var keySets: [KeySource: String] = [:]
        for (url, keys) in document.urls { keySets[.url(url)] = keys }
        for (issuer, keys) in document.issuers { keySets[.issuer(issuer)] = keys }
        return keySets
    }

    /// Keeps them.
    ///
    /// - Throws: `AuthorityError` with `state_unwritable`.
    func store(_ keySets: [KeySource: String]) throws(AuthorityError) {
        var document = Document(urls: [:], issuers: [:])
        for (source, keys) in keySets {
            switch source {
            case .url(let url): document.urls[url] = keys
            case .issuer(let issuer): document.issuers[issuer] = keys
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content: Data
        do {
            content = try encoder.encode(document)
        } catch {
            throw AuthorityError(.stateUnwritable, "\(Self.name) cannot be encoded", cause: error)
        }
        try self.state.write(Self.name, Array(content))
    }
}
