import MeshDNS
import MeshModel

extension FuzzTarget {
    /// Messages of name servers and their clients.
    static let dns = [
        FuzzTarget("dns-message") { bytes throws(FuzzViolation) in
            guard let message = try? DNSMessage(decoding: bytes) else { return }
            for limit in [512, 1_232, 65_535] {
                let written = message.encoded(limit: limit)
                try FuzzViolation.unless(written.count <= limit, "\(written.count) bytes do not fit \(limit)")
                guard let again = try? DNSMessage(decoding: written) else {
                    throw FuzzViolation(description: "a message can't be read that was written")
                }
                try FuzzViolation.unless(
                    again.id == message.id && (again.questions == message.questions || again.isTruncated),
                    "a message changes when it is written"
                )
            }
        },
        FuzzTarget("dns-request") { bytes throws(FuzzViolation) in
            for overStream in [false, true] {
                switch DNSRequest(reading: bytes, overStream: overStream) {
                case .refuse(let answer):
                    // Never much more than came, and never to a response by UDP: that is how reflection works.
                    let isResponse = (bytes.dropFirst(2).first ?? 0) & 0x80 != 0
                    try FuzzViolation.unless(overStream || !isResponse, "a response is answered")
                    let grown = answer.count - bytes.count
                    try FuzzViolation.unless(grown <= 32, "\(grown) bytes more than came")
                    try FuzzViolation.unless(answer.prefix(2).elementsEqual(bytes.prefix(2)), "another id")
                case .relay(let message):
                    try FuzzViolation.unless(message == bytes, "a message changes on its way")
                case .question(let query):
                    try FuzzViolation.unless(query.questionBytes.count <= bytes.count, "a question grows")
                case .ignore: break
                }
            }
        },
        FuzzTarget("dns-forwarder") { bytes throws(FuzzViolation) in try Self.forward(bytes) },
        FuzzTarget("dns-name") { bytes throws(FuzzViolation) in
            guard let name = DNSName(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
            let text = "\(name)"
            try FuzzViolation.unless(DNSName(parsing: text) == name, "the name \(text) reads as another")
        },
        FuzzTarget("resolv-conf") { bytes throws(FuzzViolation) in
            let configuration = ResolverConfiguration(parsing: String(decoding: bytes, as: UTF8.self))
            try FuzzViolation.unless((1...3).contains(configuration.servers.count), "no server, or too many")
            try FuzzViolation.unless(configuration.search.count <= 6, "too many domains")
            try FuzzViolation.unless((0...15).contains(configuration.dots), "too many dots")
            let names = configuration.candidates(for: "a.b")
            try FuzzViolation.unless((1...7).contains(names.count), "\(names.count) names to try")
        },
    ]

    /// A server that answers with anything, with the right id and question where the input wants it. Every question
    /// must end, once.
    private static func forward(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let server = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 53)
        var forwarder = DNSForwarder(configuration: ResolverConfiguration(servers: [server]))
        guard let name = DNSName(parsing: "echo.test") else { return }
        let query = DNSQuery(DNSQuestion(name: name, type: .a))
        var random = FuzzRandom()
        var now = Duration.zero
        var sent: [DNSForwarder.Transmission] = []
        var finished = 0
        var steps = forwarder.ask(query, waiter: 1, now: now, random: &random)
        for _ in 0..<1_000 {
            for step in steps {
                switch step {
                case .send(let transmission): sent.append(transmission)
                case .close(let attempt): sent.removeAll { $0.attempt == attempt }
                case .finish(let waiters, _): finished += waiters.count
                }
            }
            guard finished == 0, let transmission = sent.first else { break }
            guard !input.isEmpty else {
                now += .seconds(5)
                sent.removeFirst()
                steps = forwarder.timeOut(transmission.attempt, now: now, random: &random)
                continue
            }
            let mode = input.byte()
            var answer = input.bytes(Int(input.byte()))
            // Header and question of the query, marked as a response; the rest is the input's.
            if mode & 1 == 1 {
                var head = Array(transmission.bytes.prefix(12))
                if head.count == 12 {
                    head[2] |= 0x80
                    head[3] = mode >> 4
                    head[7] = mode & 6
                    head[11] = 0
                }
                let question = transmission.bytes.dropFirst(12).prefix(while: { $0 != 0 }).count + 5
                answer = head + Array(transmission.bytes.dropFirst(12).prefix(question)) + answer
            }
            steps = forwarder.receive(answer, on: transmission.attempt, now: now, random: &random)
        }
        try FuzzViolation.unless(finished == 1, "one question was answered \(finished) times")
    }
}
