/// The SHA-256 of a text, for comparing.
struct TextDigest: Hashable, Sendable {
    private let words: [4 of UInt64]

    /// Nil for anything but 32 bytes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        var words: [4 of UInt64] = [0, 0, 0, 0]
        for (place, byte) in bytes.enumerated() { words[place / 8] = words[place / 8] << 8 | UInt64(byte) }
        self.words = words
    }

    static func == (left: TextDigest, right: TextDigest) -> Bool {
        left.words[0] == right.words[0] && left.words[1] == right.words[1] && left.words[2] == right.words[2]
            && left.words[3] == right.words[3]
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(self.words[0])
        hasher.combine(self.words[1])
    }
}

/// A token whose signature fits.
struct VerifiedToken: Sendable, Hashable {
    /// The payload, as it was signed.
    let payload: ClaimValue
    /// The payload with the claims that are lists of words as lists, as policies see it.
    let claims: ClaimValue
    let encodedPayload: String
    let times: TokenTimes
}

/// Tokens that were verified lately, so that a client's next request costs no signature. One for each worker.
package struct TokenCache: Sendable {
    /// The longest token that is kept, in bytes.
    static let tokenBytes = 4_096
    /// How long a token is kept, in seconds.
    static let lifetime: Int64 = 300

    /// A token under one rule; the rule's digest covers its issuer, audiences and keys, so that a change of them finds
    /// nothing here.
    struct Key: Hashable, Sendable {
        let token: TextDigest
        let rule: TextDigest
    }

    private struct Entry: Sendable {
        let key: Key
        let token: VerifiedToken
        let added: Int64
    }

    private let capacity: Int
    private var entries: [Entry] = []
    private var places: [Key: Int] = [:]
    /// Where the next one goes once all places are taken: in the oldest's.
    private var next = 0

    /// A cache of at most `capacity` tokens.
    package init(capacity: Int = 512) { self.capacity = max(0, capacity) }

    /// How many tokens are held.
    package var count: Int { self.entries.count }

    func token(_ key: Key, now: Int64) -> VerifiedToken? {
        guard let place = self.places[key] else { return nil }
        let entry = self.entries[place]
        guard now >= entry.added, now - entry.added < Self.lifetime else { return nil }
        return entry.token
    }

    mutating func add(_ token: VerifiedToken, _ key: Key, now: Int64) {
        guard self.capacity > 0 else { return }
        let entry = Entry(key: key, token: token, added: now)
        if let place = self.places[key] {
            self.entries[place] = entry
        } else if self.entries.count < self.capacity {
            self.places[key] = self.entries.count
            self.entries.append(entry)
        } else {
            self.places[self.entries[self.next].key] = nil
            self.places[key] = self.next
            self.entries[self.next] = entry
            self.next = (self.next + 1) % self.capacity
        }
    }
}
