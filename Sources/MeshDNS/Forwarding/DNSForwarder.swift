package import MeshModel

/// Gets answers from DNS servers, as a pure machine: it says what to send and what came of it.
///
/// Each query goes out by UDP from a socket of its own, with a random id, so that an attacker who cannot see it has to
/// guess both. The next server is asked when one is silent or fails, the same one by TCP when its answer is truncated,
/// and without EDNS when it does not know that. Equal questions share one query; answers are kept for as long as they
/// allow. A server that was silent is asked last for a while.
///
/// A question that comes back to us, because a server hands it on to us, finds itself under way and waits: a loop ends
/// with the deadline and does not grow.
package struct DNSForwarder: Sendable {
    /// Something to send from a new socket.
    package struct Transmission: Hashable, Sendable {
        /// Names the socket in all further calls.
        package var attempt: UInt64
        /// The message, without TCP's length in front.
        package var bytes: [UInt8]
        /// To whom.
        package var server: SocketAddress
        /// Whether by TCP instead of UDP.
        package var usesTCP: Bool
        /// After how long ``timeOut(_:now:random:)`` is due.
        package var wait: Duration
    }

    /// What the owner does next, in order.
    package enum Step: Hashable, Sendable {
        /// Open a socket and send.
        case send(Transmission)
        /// Close a socket; its timer is off.
        case close(attempt: UInt64)
        /// Tell clients what came of their question.
        case finish(waiters: [UInt64], Result<Reply, DNSForwardingError>)
    }

    /// What came from a server.
    package enum Reply: Hashable, Sendable {
        /// A response to a question, and for how many seconds it was kept here; nil when it came just now.
        case response(DNSResponse, age: UInt32?)
        /// The response to a message that was handed on as it was, with the id of that message.
        case message([UInt8])
    }

    private let configuration: ResolverConfiguration
    private let limits: ForwarderLimits
    private var cache: AnswerCache
    private var exchanges: [UInt64: ForwardedExchange] = [:]
    private var exchangeOfQuestion: [ForwardedQuestion: UInt64] = [:]
    private var exchangeOfAttempt: [UInt64: UInt64] = [:]
    private var waiterCount = 0
    private var nextNumber: UInt64 = 0
    /// Until when a server is asked last.
    private var penalties: [SocketAddress: Duration] = [:]

    /// A forwarder to the servers of `configuration`.
    package init(configuration: ResolverConfiguration, limits: ForwarderLimits = ForwarderLimits()) {
        self.configuration = configuration
        self.limits = limits
        self.cache = AnswerCache(limits: limits)
    }

    /// Questions under way.
    package var questionCount: Int { self.exchanges.count }
    /// Responses kept.
    package var cachedCount: Int { self.cache.count }
    /// Bytes of what is kept.
    package var cachedBytes: Int { self.cache.bytes }

    // MARK: Asking

    /// Asks a question for `waiter`, a number of the owner's choice.
    ///
    /// - Parameter now: the time since any fixed moment, as in all other calls.
    package mutating func ask(
        _ query: DNSQuery,
        waiter: UInt64,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> [Step] {
        let question = ForwardedQuestion(query)
        if let (response, age) = self.cache.response(to: question, now: now) {
            return [.finish(waiters: [waiter], .success(.response(response, age: age)))]
        }
        guard self.waiterCount < self.limits.waiters else {
            return [.finish(waiters: [waiter], .failure(.overloaded))]
        }
        if let key = self.exchangeOfQuestion[question] {
            self.exchanges[key]?.waiters.append(waiter)
            self.waiterCount += 1
            return []
        }
        let subject = ForwardedExchange.Subject.question(question, bytes: query.questionBytes)
        return self.begin(subject, servers: self.servers(now: now), waiter: waiter, now: now, random: &random)
    }

    /// Hands a message on as it is, once, to one server.
    ///
    /// - Parameters:
    ///   - server: where the client sent it; nil for the first of ours.
    ///   - usesTCP: as the client did.
    package mutating func relay(
        _ bytes: [UInt8],
        to server: SocketAddress?,
        usesTCP: Bool,
        waiter: UInt64,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> [Step] {
        guard self.waiterCount < self.limits.waiters else {
            return [.finish(waiters: [waiter], .failure(.overloaded))]
        }
        let servers = server.map { [$0] } ?? Array(self.servers(now: now).prefix(1))
        return self.begin(
            .message(bytes, usesTCP: usesTCP),
            servers: servers,
            waiter: waiter,
            now: now,
            random: &random
        )
    }

    private mutating func begin(
        _ subject: ForwardedExchange.Subject,
        servers: [SocketAddress],
        waiter: UInt64,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> [Step] {
        guard !servers.isEmpty else { return [.finish(waiters: [waiter], .failure(.noServer))] }
        guard self.exchanges.count < self.limits.questions else {
            return [.finish(waiters: [waiter], .failure(.overloaded))]
        }
        var exchange = ForwardedExchange(
            subject: subject,
            servers: servers,
            configuration: self.configuration,
            patience: self.limits.patience,
            now: now
        )
        exchange.waiters = [waiter]
        self.waiterCount += 1
        let key = self.number()
        if case .question(let question, _) = subject { self.exchangeOfQuestion[question] = key }
        return self.follow(exchange.start(), key, &exchange, now: now, random: &random)
    }

    /// The servers, those that were silent lately last.
    private func servers(now: Duration) -> [SocketAddress] {
        let isSilent = { (server: SocketAddress) in self.penalties[server].map { now < $0 } ?? false }
        return self.configuration.servers.filter { !isSilent($0) } + self.configuration.servers.filter(isSilent)
    }

    private mutating func number() -> UInt64 {
        self.nextNumber += 1
        return self.nextNumber
    }

    // MARK: Hearing

    /// Bytes came on the socket of an attempt, from the server that it asks; TCP's length is taken off.
    package mutating func receive(
        _ bytes: [UInt8],
        on attempt: UInt64,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> [Step] {
        guard let key = self.exchangeOfAttempt[attempt], var exchange = self.exchanges[key] else { return [] }
        let move = exchange.receive(bytes, on: attempt)
        if !move.isIgnore, let server = exchange.server(of: attempt) { self.penalties[server] = nil }
        return self.follow(move, key, &exchange, now: now, random: &random)
    }

    /// The socket of an attempt failed: the server cannot be reached, or ended the connection.
    package mutating func fail(
        _ attempt: UInt64,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> [Step] {
        guard let key = self.exchangeOfAttempt[attempt], var exchange = self.exchanges[key] else { return [] }
        self.punish(exchange.server(of: attempt), now: now)
        return self.follow(exchange.fail(attempt), key, &exchange, now: now, random: &random)
    }

    /// The wait of an attempt is over. Its socket stays open: an answer that comes late is welcome.
    package mutating func timeOut(
        _ attempt: UInt64,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> [Step] {
        guard let key = self.exchangeOfAttempt[attempt], var exchange = self.exchanges[key] else { return [] }
        self.punish(exchange.server(of: attempt), now: now)
        return self.follow(exchange.timeOut(attempt), key, &exchange, now: now, random: &random)
    }

    private mutating func punish(_ server: SocketAddress?, now: Duration) {
        guard let server, self.configuration.servers.contains(server) else { return }
        self.penalties[server] = now + self.limits.penalty
    }

    private mutating func follow(
        _ move: ForwardedExchange.Move,
        _ key: UInt64,
        _ exchange: inout ForwardedExchange,
        now: Duration,
        random: inout some RandomNumberGenerator
    ) -> [Step] {
        switch move {
        case .ignore:
            self.exchanges[key] = exchange
            return []
        case .send:
            let attempt = self.number()
            guard let transmission = exchange.transmit(as: attempt, now: now, random: &random) else {
                return self.finish(key, exchange, exchange.outcome, now: now)
            }
            self.exchangeOfAttempt[attempt] = key
            self.exchanges[key] = exchange
            return [.send(transmission)]
        case .finish(let result):
            return self.finish(key, exchange, result, now: now)
        }
    }

    private mutating func finish(
        _ key: UInt64,
        _ exchange: ForwardedExchange,
        _ result: Result<Reply, DNSForwardingError>,
        now: Duration
    ) -> [Step] {
        self.exchanges[key] = nil
        if case .question(let question, _) = exchange.subject {
            self.exchangeOfQuestion[question] = nil
            if case .success(.response(let response, _)) = result {
                self.cache.store(response, for: question, now: now)
            }
        }
        self.waiterCount -= exchange.waiters.count
        var steps: [Step] = []
        for attempt in exchange.attempts {
            self.exchangeOfAttempt[attempt.number] = nil
            steps.append(.close(attempt: attempt.number))
        }
        return steps + [.finish(waiters: exchange.waiters, result)]
    }
}
