/// Responses of servers for as long as they are good, within bounds.
///
/// When it is full the oldest go first. Nothing is given out after its time.
struct AnswerCache: Sendable {
    private struct Entry: Sendable {
        let response: DNSResponse
        let stored: Duration
        let expiry: Duration
        /// Tells a stored entry from an older one of the same question in the queue.
        let number: UInt64
    }

    private var entries: [ForwardedQuestion: Entry] = [:]
    /// Questions in the order in which they were stored; some are gone by now.
    private var queue: [(number: UInt64, question: ForwardedQuestion)] = []
    private var queueStart = 0
    private var nextNumber: UInt64 = 0
    /// Bytes of all responses, each with what it takes to keep it.
    private(set) var bytes = 0
    private let limits: ForwarderLimits

    /// What an entry takes besides its message, roughly; measured values are below it.
    private static let overhead = 512

    init(limits: ForwarderLimits) { self.limits = limits }

    var count: Int { self.entries.count }

    /// A response that is still good, and its age in seconds.
    mutating func response(to question: ForwardedQuestion, now: Duration) -> (DNSResponse, age: UInt32)? {
        guard let entry = self.entries[question] else { return nil }
        guard now < entry.expiry else {
            self.remove(question)
            return nil
        }
        // Rounded up, so that nobody keeps it for longer than its server allowed.
        let age = now - entry.stored
        let seconds = age.components.seconds + (age.components.attoseconds > 0 ? 1 : 0)
        return (entry.response, UInt32(clamping: seconds))
    }

    /// Keeps a response for as long as it allows, if it does.
    mutating func store(_ response: DNSResponse, for question: ForwardedQuestion, now: Duration) {
        let most = response.answerCount > 0 ? self.limits.longestAnswer : self.limits.longestLack
        guard let seconds = response.lifetime.map({ min($0, most) }), seconds > 0,
            response.count <= self.limits.cachedMessageBytes
        else { return }
        self.remove(question)
        self.nextNumber += 1
        self.entries[question] = Entry(
            response: response,
            stored: now,
            expiry: now + .seconds(Int64(seconds)),
            number: self.nextNumber
        )
        self.queue.append((self.nextNumber, question))
        self.bytes += response.count + Self.overhead
        while self.entries.count > self.limits.cachedAnswers || self.bytes > self.limits.cachedBytes {
            guard self.dropOldest() else { return }
        }
        self.tidy()
    }

    private mutating func remove(_ question: ForwardedQuestion) {
        guard let entry = self.entries.removeValue(forKey: question) else { return }
        self.bytes -= entry.response.count + Self.overhead
    }

    private mutating func dropOldest() -> Bool {
        while self.queueStart < self.queue.count {
            let (number, question) = self.queue[self.queueStart]
            self.queueStart += 1
            guard self.entries[question]?.number == number else { continue }
            self.remove(question)
            return true
        }
        return false
    }

    /// Keeps the queue in proportion to what is kept.
    private mutating func tidy() {
        guard self.queue.count > 2 * self.entries.count + 64 else { return }
        let entries = self.entries
        self.queue = self.queue[self.queueStart...].filter { entries[$0.question]?.number == $0.number }
        self.queueStart = 0
    }
}
