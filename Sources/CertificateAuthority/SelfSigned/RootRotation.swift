package import Foundation

/// How far the replacement of a self-signed root has come.
///
/// Peers learn roots only with their next certificate. So the new root is handed out before anything is signed under
/// it, and the old one goes only when nothing that it signed can still be in use. Each step waits for the end of the
/// longest-lived certificate that was given out before it.
package struct RotationStatus: Sendable, Hashable, Codable {
    /// Where the replacement stands.
    package enum Phase: String, Sendable, Hashable, Codable, CaseIterable {
        /// One root; nothing is under way.
        case steady
        /// Both roots are in the bundle, the old one signs.
        case distributing
        /// Both roots are in the bundle, the new one signs.
        case signing
    }

    /// What comes next.
    package enum Step: String, Sendable, Hashable, Codable, CaseIterable {
        case begin, advance, finish
    }

    /// Where it stands.
    package var phase: Phase
    /// When the phase began; nil in `steady`.
    package var since: Date?
    /// What comes next.
    package var next: Step
    /// Before this instant the next step cuts somebody off; nil when it may be taken at any time.
    package var earliestNext: Date?
    /// Lower-case hex SHA-256 of the DER of the root in use before the replacement.
    package var root: String
    /// The same of the new root; nil in `steady`.
    package var newRoot: String?
}

/// The rotation as it is kept in the state directory: `rotation.json`.
struct RotationRecord: Sendable, Hashable, Codable {
    enum Phase: String, Sendable, Codable {
        case distributing, signing
        /// The new root takes the old one's place in the files; a start in the middle of it completes it.
        case finishing
    }

    var phase: Phase
    /// When the phase began, in seconds since 1970.
    var since: Date
    /// Until when certificates that were given out before the phase may be in use, in seconds since 1970.
    var earliestNext: Date

    static let file = "rotation.json"

    /// Reads the record.
    ///
    /// - Returns: nil when no rotation is under way.
    /// - Throws: `AuthorityError` with `state_…`.
    static func load(_ state: StateDirectory) throws(AuthorityError) -> RotationRecord? {
        guard let content = try state.read(Self.file, limit: 4 << 10) else { return nil }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        do {
            return try decoder.decode(RotationRecord.self, from: Data(content))
        } catch {
            throw AuthorityError(
                .stateCorrupt,
                "\(state.path)/\(Self.file) cannot be read: restore it from a backup",
                cause: error
            )
        }
    }

    func store(_ state: StateDirectory) throws(AuthorityError) {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .secondsSince1970
        encoder.outputFormatting = [.sortedKeys]
        let content: Data
        do {
            content = try encoder.encode(self)
        } catch {
            throw AuthorityError(.signingFailed, "\(Self.file) cannot be encoded", cause: error)
        }
        try state.write(Self.file, Array(content))
    }
}
