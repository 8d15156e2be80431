package import MeshModel

/// Why a name has no address.
package enum AddressLookupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is no domain name.
    case invalidName
    /// There is no such name, or it has no address.
    case notFound
    /// The servers refused or failed; the payload is the code that they gave.
    case refused(DNSMessage.ResponseCode)
    /// No server answered.
    case failed(DNSForwardingError)

    package var description: String {
        switch self {
        case .invalidName: "this is not a domain name"
        case .notFound: "the name does not exist or has no address"
        case .refused(let code): "the DNS servers answer \(code)"
        case .failed(let error): "the DNS servers cannot be asked (\(error.rawValue))"
        }
    }
}

/// The addresses of a name.
package struct DNSAnswer: Hashable, Sendable {
    /// IPv4 first, otherwise as the server ordered them.
    package var addresses: [IPAddress]
    /// How long they may be kept.
    package var timeToLive: Duration

    /// Joins the two.
    package init(addresses: [IPAddress], timeToLive: Duration) {
        self.addresses = addresses
        self.timeToLive = timeToLive
    }
}

/// One look-up of a stub resolver as a pure machine: it says what to ask, and what came of it.
///
/// It asks for A and AAAA records at once, and for the next name of the search list when there is no such name.
package struct AddressLookup: Sendable {
    /// What the owner does next.
    package enum Step: Hashable, Sendable {
        /// Ask these, and tell what came of each.
        case ask([DNSQuery])
        /// The look-up is over.
        case finish(Result<DNSAnswer, AddressLookupError>)
        /// Wait for what is still asked.
        case wait
    }

    private enum Outcome {
        case addresses([IPAddress], seconds: UInt32)
        case nothing
        case failed(AddressLookupError)
    }

    private let types: [DNSType]
    private var names: ArraySlice<DNSName>
    private var outcomes: [DNSType: Outcome] = [:]
    private var failure: AddressLookupError?

    /// A look-up of `host` by the search list of `configuration`.
    ///
    /// - Parameter types: ``DNSType/a``, ``DNSType/aaaa`` or both.
    package init(host: String, types: [DNSType] = [.a, .aaaa], configuration: ResolverConfiguration) {
        self.types = types
        self.names = configuration.candidates(for: host)[...]
        if self.names.isEmpty { self.failure = .invalidName }
    }

    /// What is known so far; nil while there is no address.
    package var answer: DNSAnswer? {
        var all: [IPAddress] = []
        var least = UInt32.max
        for type in self.types {
            guard case .addresses(let addresses, let seconds) = self.outcomes[type] else { continue }
            all += addresses
            least = min(least, seconds)
        }
        guard !all.isEmpty else { return nil }
        return DNSAnswer(addresses: all.filter(\.isV4) + all.filter { !$0.isV4 }, timeToLive: .seconds(least))
    }

    /// The first questions, or why there are none.
    package mutating func start() -> Step { self.ask() }

    private mutating func ask() -> Step {
        guard let name = self.names.first else { return .finish(.failure(self.failure ?? .notFound)) }
        self.outcomes = [:]
        return .ask(self.types.map { DNSQuery(DNSQuestion(name: name, type: $0)) })
    }

    /// Takes what came of the question of a type.
    /// - Parameter age: for how many seconds the response was kept already.
    package mutating func receive(
        _ type: DNSType,
        _ result: Result<DNSResponse, DNSForwardingError>,
        age: UInt32 = 0
    ) -> Step {
        guard let name = self.names.first, self.types.contains(type), self.outcomes[type] == nil else { return .wait }
        switch result {
        case .failure(let error): self.outcomes[type] = .failed(.failed(error))
        case .success(let response):
            self.outcomes[type] = Self.outcome(of: response, DNSQuestion(name: name, type: type), age: age)
        }
        guard self.outcomes.count == self.types.count else { return .wait }
        if let answer = self.answer { return .finish(.success(answer)) }
        for case .failed(let failure) in self.outcomes.values { self.failure = failure }
        self.names = self.names.dropFirst()
        return self.ask()
    }

    private static func outcome(of response: DNSResponse, _ asked: DNSQuestion, age: UInt32) -> Outcome {
        switch response.code {
        case .noError:
            guard let (addresses, seconds) = self.addresses(in: response.message, asked) else { return .nothing }
            return .addresses(addresses, seconds: seconds > age ? seconds - age : 0)
        case .noSuchName: return .nothing
        default: return .failed(.refused(response.code))
        }
    }

    /// The addresses of the name asked for, through at most 16 aliases, and the least time to live on the way; nil for
    /// none.
    private static func addresses(in message: DNSMessage?, _ asked: DNSQuestion) -> ([IPAddress], UInt32)? {
        guard let message else { return nil }
        var name = asked.name
        // At most a day, and a value with the upper bit counts as 0 (RFC 2181 §8).
        var least: UInt32 = 86_400
        for _ in 0...16 {
            var addresses: [IPAddress] = []
            var alias: DNSName?
            for record in message.answers where record.name == name && record.classCode == DNSQuestion.internet {
                switch record.content {
                case .address(let ip) where record.type == asked.type: addresses.append(ip)
                case .alias(let target): alias = alias ?? target
                default: continue
                }
                least = min(least, record.timeToLive > UInt32(Int32.max) ? 0 : record.timeToLive)
            }
            if !addresses.isEmpty { return (addresses, least) }
            guard let alias else { return nil }
            name = alias
        }
        return nil
    }
}
