package import MeshModel

/// Why a name has no address.
package enum DNSLookupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is no domain name.
    case invalidName
    /// There is no such name, or it has no address.
    case notFound
    /// No server answered; the payload is the one asked last.
    case noAnswer(SocketAddress)
    /// Every server refused or failed; the payload is the last code.
    case refused(DNSMessage.ResponseCode)
    /// The look-up took longer than ``ResolverConfiguration/deadline``.
    case timedOut

    package var description: String {
        switch self {
        case .invalidName: "this is not a domain name"
        case .notFound: "the name does not exist or has no address"
        case .noAnswer(let server): "no DNS server answers, the last one asked is \(server)"
        case .refused(let code): "the DNS servers answer \(code)"
        case .timedOut: "the DNS look-up took too long"
        }
    }
}

/// The addresses of a name.
package struct DNSAnswer: Hashable, Sendable {
    /// IPv4 first, otherwise as the server ordered them.
    package var addresses: [IPAddress]
    /// How long they may be kept.
    package var timeToLive: Duration
}

/// One look-up of a stub resolver as a pure machine: it says what to send where, and until when to wait.
///
/// It asks for A and AAAA records at once, goes on to the next server when one is silent or fails, to TCP when an answer is
/// truncated, and to the next name of the search list when there is no such name. An answer counts only if it comes from
/// the server asked, with the query's id and question. Use one socket, with a random port, a look-up.
package struct DNSLookup: Sendable {
    /// A query to send.
    package struct Query: Hashable, Sendable {
        /// The message, without TCP's length in front.
        package var bytes: [UInt8]
        /// To whom.
        package var server: SocketAddress
        /// Whether by TCP instead of UDP.
        package var usesTCP: Bool
    }

    /// What the owner does next.
    package enum Action: Hashable, Sendable {
        /// Send these, and come back at ``DNSLookup/deadline``.
        case send([Query])
        /// The look-up is over.
        case finish(Result<DNSAnswer, DNSLookupError>)
    }

    private enum Outcome {
        case addresses([IPAddress], UInt32)
        case nothing
        case failed(DNSLookupError)
    }

    private struct Question {
        let type: DNSType
        var id: UInt16 = 0
        var tries = 0
        var usesTCP = false
        var deadline = Duration.zero
        var outcome: Outcome?
    }

    private let configuration: ResolverConfiguration
    private let types: [DNSType]
    private var names: ArraySlice<DNSName>
    private var questions: [Question] = []
    private let end: Duration
    private var failure: DNSLookupError?

    /// A look-up of `host`.
    ///
    /// - Parameters:
    ///   - types: ``DNSType/a``, ``DNSType/aaaa`` or both.
    ///   - now: the time since any fixed moment, as in all other calls.
    package init(
        host: String,
        types: [DNSType] = [.a, .aaaa],
        configuration: ResolverConfiguration,
        now: Duration
    ) {
        self.configuration = configuration
        self.types = types
        self.names = configuration.candidates(for: host)[...]
        self.end = now + configuration.deadline
    }

    /// The first queries, or why there are none.
    package mutating func start(now: Duration, random: inout some RandomNumberGenerator) -> Action {
        guard !self.names.isEmpty, !self.configuration.servers.isEmpty, !self.types.isEmpty else {
            return .finish(.failure(.invalidName))
        }
        return self.ask(now: now, random: &random)
    }

    /// When ``timeOut(now:random:)`` is due.
    package var deadline: Duration {
        self.questions.lazy.filter { $0.outcome == nil }.map(\.deadline).min().map { min($0, self.end) } ?? self.end
    }

    /// Reads an answer; nil when it changes nothing.
    package mutating func receive(
        _ bytes: [UInt8],
        from server: SocketAddress,
        usesTCP: Bool,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> Action? {
        guard let message = try? DNSMessage(decoding: bytes), message.isResponse, message.operation == 0,
            message.questions.count == 1, let asked = message.questions.first, let name = self.names.first,
            asked.name == name, asked.classCode == DNSQuestion.internet,
            let index = self.questions.firstIndex(where: { question in
                question.outcome == nil && question.id == message.id && question.type == asked.type
                    && question.usesTCP == usesTCP && self.server(question.tries) == server
            })
        else { return nil }
        switch message.code {
        case .noError where message.isTruncated && !usesTCP:
            self.questions[index].usesTCP = true
            return .send([self.query(index, name, now: now, random: &random)])
        case .noError:
            self.questions[index].outcome = Self.outcome(of: message, asked)
        case .noSuchName:
            self.questions[index].outcome = .nothing
        default:
            return self.tryNext([index], .refused(message.code), now: now, random: &random)
        }
        return self.settle(now: now, random: &random)
    }

    /// A server cannot be reached: goes on to the next one; nil when nothing waits for it.
    package mutating func unreachable(
        _ server: SocketAddress,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> Action? {
        let indices = self.questions.indices.filter {
            self.questions[$0].outcome == nil && self.server(self.questions[$0].tries) == server
        }
        guard !indices.isEmpty else { return nil }
        return self.tryNext(indices, .noAnswer(server), now: now, random: &random)
    }

    /// To be called at ``deadline``; nil when it is not due.
    package mutating func timeOut(now: Duration, random: inout some RandomNumberGenerator) -> Action? {
        if now >= self.end {
            self.failure = self.failure ?? .timedOut
            self.names = self.names.prefix(1)
            for index in self.questions.indices where self.questions[index].outcome == nil {
                self.questions[index].outcome = .nothing
            }
            return self.settle(now: now, random: &random)
        }
        let late = self.questions.indices.filter {
            self.questions[$0].outcome == nil && self.questions[$0].deadline <= now
        }
        guard let first = late.first else { return nil }
        let server = self.server(self.questions[first].tries)
        return self.tryNext(late, .noAnswer(server), now: now, random: &random)
    }

    private func server(_ tries: Int) -> SocketAddress {
        self.configuration.servers[tries % self.configuration.servers.count]
    }

    /// Asks for all types of the first name that is left.
    private mutating func ask(now: Duration, random: inout some RandomNumberGenerator) -> Action {
        guard let name = self.names.first else { return .finish(.failure(self.failure ?? .notFound)) }
        self.questions = self.types.map { Question(type: $0) }
        return .send(self.questions.indices.map { self.query($0, name, now: now, random: &random) })
    }

    private mutating func query(
        _ index: Int,
        _ name: DNSName,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> Query {
        let id = UInt16.random(in: .min ... .max, using: &random)
        self.questions[index].id = id
        self.questions[index].deadline = now + self.configuration.timeout
        let question = self.questions[index]
        var message = DNSMessage(id: id)
        message.wantsRecursion = true
        message.questions = [DNSQuestion(name: name, type: question.type)]
        message.edns = DNSMessage.EDNS()
        return Query(bytes: message.encoded(), server: self.server(question.tries), usesTCP: question.usesTCP)
    }

    /// Asks the next server, or gives up when the list was gone through often enough.
    private mutating func tryNext(
        _ indices: [Int],
        _ reason: DNSLookupError,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> Action? {
        guard let name = self.names.first else { return nil }
        var queries: [Query] = []
        // With addresses of one family at hand, the other family is not worth another round.
        let isEnough = self.questions.contains {
            if case .addresses = $0.outcome { true } else { false }
        }
        let most = self.configuration.servers.count * self.configuration.attempts
        for index in indices {
            self.questions[index].tries += 1
            self.questions[index].usesTCP = false
            if isEnough || self.questions[index].tries >= most {
                self.questions[index].outcome = .failed(reason)
            } else {
                queries.append(self.query(index, name, now: now, random: &random))
            }
        }
        return queries.isEmpty ? self.settle(now: now, random: &random) : .send(queries)
    }

    /// Goes on when every question of the name has an outcome.
    private mutating func settle(now: Duration, random: inout some RandomNumberGenerator) -> Action? {
        var addresses: [IPAddress] = []
        var timeToLive = UInt32.max
        for question in self.questions {
            switch question.outcome {
            case .addresses(let found, let seconds):
                addresses += found
                timeToLive = min(timeToLive, seconds)
            case .failed(let reason): self.failure = reason
            case .nothing: continue
            case nil: return nil
            }
        }
        guard addresses.isEmpty else {
            let ordered = addresses.filter(\.isV4) + addresses.filter { !$0.isV4 }
            return .finish(.success(DNSAnswer(addresses: ordered, timeToLive: .seconds(timeToLive))))
        }
        self.names = self.names.dropFirst()
        return self.ask(now: now, random: &random)
    }

    /// A record's time to live, at most a day; a value with the upper bit counts as 0 (RFC 2181 §8).
    private static func timeToLive(of record: DNSRecord) -> UInt32 {
        record.timeToLive > UInt32(Int32.max) ? 0 : min(record.timeToLive, 86400)
    }

    /// The addresses of the name asked for, through at most 16 aliases.
    private static func outcome(of message: DNSMessage, _ asked: DNSQuestion) -> Outcome {
        var name = asked.name
        var timeToLive = UInt32.max
        for _ in 0...16 {
            let own = message.answers.filter { $0.name == name && $0.classCode == DNSQuestion.internet }
            var addresses: [IPAddress] = []
            for record in own where record.type == asked.type {
                guard case .address(let ip) = record.content else { continue }
                addresses.append(ip)
                timeToLive = min(timeToLive, self.timeToLive(of: record))
            }
            if !addresses.isEmpty { return .addresses(addresses, timeToLive) }
            var alias: DNSName?
            for record in own {
                guard case .alias(let target) = record.content else { continue }
                alias = target
                timeToLive = min(timeToLive, self.timeToLive(of: record))
                break
            }
            guard let alias else { return .nothing }
            name = alias
        }
        return .nothing
    }
}
