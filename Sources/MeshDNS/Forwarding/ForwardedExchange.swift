import MeshModel

/// One question, or one message, on its way through the servers.
struct ForwardedExchange: Sendable {
    /// What is sent.
    enum Subject: Sendable {
        /// A question, as its first client wrote it.
        case question(ForwardedQuestion, bytes: [UInt8])
        /// A message that may not be changed, but for its id.
        case message([UInt8], usesTCP: Bool)
    }

    /// What comes next.
    enum Move {
        case ignore
        case send
        case finish(Result<DNSForwarder.Reply, DNSForwardingError>)

        var isIgnore: Bool { if case .ignore = self { true } else { false } }
    }

    /// One message to one server.
    struct Attempt: Sendable {
        var number: UInt64
        var server: SocketAddress
        var id: UInt16
        var usesTCP: Bool
        var usesEDNS: Bool
        /// Something else is tried by now, though a late answer would still do.
        var isOver = false
        /// How many messages came that were not the answer.
        var strangers = 0
    }

    /// What to send next.
    private struct Plan {
        var server: SocketAddress
        var wait: Duration
        var usesTCP = false
        var usesEDNS = true
    }

    /// After so many messages that are not the answer somebody is guessing, and only TCP is safe.
    private static let maximumStrangers = 8

    let subject: Subject
    var waiters: [UInt64] = []
    private(set) var attempts: [Attempt] = []
    private var plans: ArraySlice<Plan> = []
    private let end: Duration
    private let patience: Duration
    /// The best of what is not good enough, for the case that nothing better comes.
    private var poor: DNSResponse?
    private var isSilent = false

    init(
        subject: Subject,
        servers: [SocketAddress],
        configuration: ResolverConfiguration,
        patience: Duration,
        now: Duration
    ) {
        self.subject = subject
        self.end = now + configuration.deadline
        self.patience = min(patience, configuration.timeout)
        var plans: [Plan] = []
        switch subject {
        case .message(_, let usesTCP):
            // Only the client knows whether its message may be sent twice.
            plans = servers.prefix(1).map { Plan(server: $0, wait: configuration.timeout, usesTCP: usesTCP) }
        case .question:
            var wait = self.patience
            for _ in 0..<configuration.attempts {
                plans += servers.map { Plan(server: $0, wait: wait) }
                wait = wait * 2
            }
        }
        self.plans = plans[...]
    }

    func server(of number: UInt64) -> SocketAddress? { self.attempts.first { $0.number == number }?.server }

    func start() -> Move { .send }

    /// The next message; nil when nothing is left to try, or no time.
    mutating func transmit(
        as number: UInt64,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> DNSForwarder.Transmission? {
        guard now < self.end, let plan = self.plans.popFirst() else { return nil }
        let id = UInt16.random(in: .min ... .max, using: &random)
        self.attempts.append(
            Attempt(number: number, server: plan.server, id: id, usesTCP: plan.usesTCP, usesEDNS: plan.usesEDNS)
        )
        return DNSForwarder.Transmission(
            attempt: number,
            bytes: self.bytes(id: id, usesEDNS: plan.usesEDNS),
            server: plan.server,
            usesTCP: plan.usesTCP,
            wait: min(plan.wait, self.end - now)
        )
    }

    private func bytes(id: UInt16, usesEDNS: Bool) -> [UInt8] {
        switch self.subject {
        case .question(let question, let bytes):
            return question.query(id: id, questionBytes: bytes, usesEDNS: usesEDNS)
        case .message(let bytes, _):
            return [UInt8(id >> 8), UInt8(truncatingIfNeeded: id)] + bytes.dropFirst(2)
        }
    }

    /// What is told when nothing better came.
    var outcome: Result<DNSForwarder.Reply, DNSForwardingError> {
        if let poor = self.poor { return .success(.response(poor, age: nil)) }
        return .failure(self.isSilent ? .timedOut : .unreachable)
    }

    mutating func receive(_ bytes: [UInt8], on number: UInt64) -> Move {
        guard let index = self.attempts.firstIndex(where: { $0.number == number }) else { return .ignore }
        let attempt = self.attempts[index]
        guard attempt.strangers < Self.maximumStrangers else { return .ignore }
        guard case .question(let question, _) = self.subject else { return self.receiveMessage(bytes, index) }
        guard let response = try? DNSResponse(reading: bytes), response.isResponse, response.id == attempt.id,
            response.question == question.question || response.question == nil && response.code != .noError
        else { return self.noteStranger(index) }
        switch response.code {
        case .formatError, .notImplemented:
            if attempt.usesEDNS, !response.hasEDNS {
                self.plans = [self.plan(again: attempt, usesEDNS: false)] + self.plans
            }
        case .noError where response.isTruncated && !attempt.usesTCP:
            self.poor = response
            self.plans = [self.plan(again: attempt, usesTCP: true)] + self.plans
        case .noError, .noSuchName:
            if response.question != nil { return .finish(.success(.response(response, age: nil))) }
        default:
            break
        }
        self.poor = self.poor ?? response
        return self.over(index)
    }

    private mutating func noteStranger(_ index: Int) -> Move {
        let attempt = self.attempts[index]
        guard !attempt.usesTCP else { return self.over(index) }
        self.attempts[index].strangers += 1
        guard self.attempts[index].strangers == Self.maximumStrangers else { return .ignore }
        if case .question = self.subject {
            self.plans = [self.plan(again: attempt, usesTCP: true)] + self.plans
        }
        return self.over(index)
    }

    private func plan(again attempt: Attempt, usesTCP: Bool = false, usesEDNS: Bool? = nil) -> Plan {
        Plan(
            server: attempt.server,
            wait: self.patience,
            usesTCP: usesTCP,
            usesEDNS: usesEDNS ?? attempt.usesEDNS
        )
    }

    private mutating func receiveMessage(_ bytes: [UInt8], _ index: Int) -> Move {
        guard case .message(let sent, _) = self.subject, bytes.count >= 12, sent.count >= 12,
            bytes[2] & 0x80 != 0, bytes[2] & 0x78 == sent[2] & 0x78,
            UInt16(bytes[0]) << 8 | UInt16(bytes[1]) == self.attempts[index].id
        else { return self.noteStranger(index) }
        return .finish(.success(.message([sent[0], sent[1]] + bytes.dropFirst(2))))
    }

    mutating func fail(_ number: UInt64) -> Move {
        guard let index = self.attempts.firstIndex(where: { $0.number == number }) else { return .ignore }
        return self.over(index)
    }

    mutating func timeOut(_ number: UInt64) -> Move {
        guard let index = self.attempts.firstIndex(where: { $0.number == number }) else { return .ignore }
        self.isSilent = true
        return self.over(index)
    }

    /// An attempt brought nothing: goes on, unless a later one is under way already.
    private mutating func over(_ index: Int) -> Move {
        guard !self.attempts[index].isOver else { return .ignore }
        self.attempts[index].isOver = true
        if self.attempts.contains(where: { !$0.isOver }) { return .ignore }
        return .send
    }
}
