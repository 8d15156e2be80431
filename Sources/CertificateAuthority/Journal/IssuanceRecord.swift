package import Foundation

/// One line of the journal: a certificate given out, or a caller turned away.
package struct IssuanceRecord: Sendable, Hashable, Codable {
    /// When.
    package var time: Date
    /// `issued`, `refused` or `failed` (a fault of ours).
    package var outcome: String
    /// The refusal's or fault's code; for refusals that tell the caller little, the reason behind it.
    package var code: String?
    /// What the refusal told the caller to check.
    package var hint: String?
    /// Whom the certificate names.
    package var identity: String?
    /// Its serial number, lower-case hex.
    package var serial: String?
    /// Its end.
    package var expires: Date?
    /// Hash of its key, lower-case hex SHA-256 of the SubjectPublicKeyInfo.
    package var keyDigest: String?
    /// How the caller proved itself or tried to: `ecs_task`, `join_token` or `client_certificate`.
    package var attestor: String?
    /// Who proved the identity: a role session, `join-token/<id>`, or `certificate/<serial>`.
    package var caller: String?
    /// The task that runs with it.
    package var task: String?
    /// The network address that called.
    package var peer: String?

    /// Makes a record; texts are cut to 512 characters, because some come from outside.
    package init(
        time: Date,
        outcome: String,
        code: String? = nil,
        hint: String? = nil,
        identity: String? = nil,
        serial: String? = nil,
        expires: Date? = nil,
        keyDigest: String? = nil,
        attestor: String? = nil,
        caller: String? = nil,
        task: String? = nil,
        peer: String? = nil
    ) {
        func cut(_ text: String?) -> String? { text.map { String($0.prefix(512)) } }
        self.time = time
        self.outcome = outcome
        self.code = cut(code)
        self.hint = cut(hint)
        self.identity = cut(identity)
        self.serial = serial
        self.expires = expires
        self.keyDigest = keyDigest
        self.attestor = attestor
        self.caller = cut(caller)
        self.task = cut(task)
        self.peer = cut(peer)
    }
}
