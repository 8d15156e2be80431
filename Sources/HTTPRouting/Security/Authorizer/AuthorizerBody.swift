/// The beginning of a body, for an authorizer that wants to see it. What passes through here is a copy; the caller keeps
/// the bytes and sends them on unchanged.
package struct AuthorizerBody: Sendable, Hashable {
    /// What becomes of the check when there are more bytes.
    package enum State: Sendable, Hashable {
        /// More of the body is wanted.
        case reading
        /// The authorizer can be asked.
        case complete
        /// The body is too large to be asked about: 413.
        case tooLarge
    }

    /// How many bytes are wanted.
    package let limit: Int
    private let allowsPartial: Bool
    /// The bytes.
    package private(set) var bytes: [UInt8] = []
    /// Whether there is more than ``bytes``.
    package private(set) var isPartial = false
    /// What is to be done.
    package private(set) var state = State.reading

    init(limit: Int, allowsPartial: Bool) {
        self.limit = limit
        self.allowsPartial = allowsPartial
    }

    /// Takes more of the body.
    package mutating func take(_ more: some Collection<UInt8>) -> State {
        guard self.state == .reading else { return self.state }
        let room = self.limit - self.bytes.count
        guard more.count > room else {
            self.bytes += more
            return self.state
        }
        self.isPartial = true
        if self.allowsPartial {
            self.bytes += more.prefix(room)
            self.state = .complete
        } else {
            self.bytes = []
            self.state = .tooLarge
        }
        return self.state
    }

    /// Says that the body has ended.
    package mutating func finish() -> State {
        if self.state == .reading { self.state = .complete }
        return self.state
    }
}
