import HTTPRouting
import MeshModel
import MeshProtos

extension FuzzTarget {
    /// What clients send to be believed or to be inspected.
    static let security = [
        FuzzTarget("token") { bytes throws(FuzzViolation) in try Self.token(bytes) },
        FuzzTarget("key-set") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let keys = try? KeySet(parsing: text) else { return }
            try FuzzViolation.unless((try? KeySet(parsing: text)) == keys, "keys read differently twice")
        },
        FuzzTarget("json-body") { bytes throws(FuzzViolation) in
            try Self.scan(bytes)
            let rule = TulleL7.PayloadPolicy.Field.with {
                $0.pointer = "/a/b"
                $0.operator = .greater
                $0.values = ["10"]
            }
            try Self.inspect(bytes, rule, type: "application/json")
        },
        FuzzTarget("form-body") { bytes throws(FuzzViolation) in
            let rule = TulleL7.PayloadPolicy.Field.with {
                $0.pointer = "a"
                $0.form = true
                $0.operator = .equals
                $0.values = ["b c"]
            }
            try Self.inspect(bytes, rule, type: "application/x-www-form-urlencoded")
        },
        FuzzTarget("forwarded-for") { bytes throws(FuzzViolation) in try Self.forwarded(bytes) },
    ]

    /// Believes every signature, or none.
    private struct Credulous: SignatureVerifier {
        let believes: Bool

        func isValid(
            _ signature: [UInt8],
            over bytes: [UInt8],
            algorithm: SignatureAlgorithm,
            key: VerificationKey
        ) -> Bool {
            self.believes && key.allows(algorithm)
        }

        func digest(_ bytes: [UInt8]) -> [UInt8] {
            var digest = [UInt8](repeating: 0, count: 32)
            for (place, byte) in bytes.enumerated() { digest[place % 32] = digest[place % 32] &* 31 &+ byte }
            return digest
        }
    }

    private static let tokenRule = TulleL7.TokenRule.with {
        $0.issuer = "https://i"
        $0.keys = """
            {"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
            """
    }

    private static func request(_ fields: [HeaderField], query: String? = nil) -> RequestView {
        let address = SocketAddress(ip: IPAddress(v4: 0x0a00_0001), port: 80)
        let connection = HTTPRouting.ConnectionFacts(peer: nil, local: nil, source: address, destination: address)
        return RequestView(
            method: "POST",
            scheme: "http",
            authority: "a",
            path: "/",
            query: query,
            fields: fields,
            connection: connection
        )
    }

    /// Nobody is let in without a signature, and with one only as whom the issuer says.
    private static func token(_ bytes: [UInt8]) throws(FuzzViolation) {
        let text = String(decoding: bytes, as: UTF8.self)
        let view = self.request([HeaderField("authorization", "Bearer " + text)], query: "access_token=" + text)
        var cache = TokenCache()
        let never = TokenEngine([self.tokenRule], verifier: Credulous(believes: false))
        let refused = never.check(view, cache: &cache, now: 1_800_000_000)
        try FuzzViolation.unless(refused.claims.isEmpty && cache.count == 0, "\(text) is believed without a signature")
        let always = TokenEngine([self.tokenRule], verifier: Credulous(believes: true))
        let accepted = always.check(view, cache: &cache, now: 1_800_000_000)
        for claims in accepted.claims {
            try FuzzViolation.unless(claims[["iss"]] == .string("https://i"), "\(text) is of another issuer")
        }
        try FuzzViolation.unless(accepted.fault == nil || accepted.claims.isEmpty, "claims of a refused token")
        let again = always.check(view, cache: &cache, now: 1_800_000_000)
        try FuzzViolation.unless(again == accepted, "the cache changes the outcome")
    }

    /// Writes down what a scanner reads.
    private struct Record: JSONSink, Equatable {
        var depth = 0
        var deepest = 0
        var words: [String] = []

        mutating func open(isObject: Bool) {
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)
            self.words.append(isObject ? "{" : "[")
        }

        mutating func name(_ name: String) { self.words.append("\(name):") }
        mutating func scalar(_ value: JSONScalar) { self.words.append("\(value)") }

        mutating func close() {
            self.depth -= 1
            self.words.append(")")
        }
    }

    private static func scan(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let limits = JSONLimits(bytes: 4_096, depth: 8, members: 64)
        var records: [Record?] = []
        for pieces in [[Array(bytes.dropFirst())], input.pieces()] {
            var scanner = JSONScanner(limits: limits, sink: Record())
            do throws(JSONFault) {
                for piece in pieces { try scanner.take(piece) }
                try scanner.finish()
                records.append(scanner.sink)
            } catch {
                records.append(nil)
            }
            let isClosed = (records.last ?? nil).map { $0.depth == 0 } ?? true
            try FuzzViolation.unless(isClosed, "something stays open")
            try FuzzViolation.unless(scanner.sink.deepest <= 8, "nested \(scanner.sink.deepest) deep")
        }
        try FuzzViolation.unless(records.first == records.last, "pieces change what is read")
    }

    /// The verdict does not depend on how a body arrives.
    private static func inspect(
        _ bytes: [UInt8],
        _ field: TulleL7.PayloadPolicy.Field,
        type: String
    ) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let engine = PayloadEngine([
            .with {
                $0.action = .deny
                $0.maxBytes = 1_024
                $0.rules = [.with { $0.field = field }]
            }
        ])
        let view = self.request([HeaderField("content-type", type)])
        var verdicts: [PayloadVerdict?] = []
        for pieces in [[Array(bytes.dropFirst())], input.pieces()] {
            guard case .inspect(var inspection) = engine.start(view, origin: "", length: nil, now: 0) else { continue }
            var verdict: PayloadVerdict?
            for piece in pieces where verdict == nil { verdict = inspection.take(piece) }
            verdicts.append(verdict ?? inspection.finish())
        }
        let refusals = verdicts.map { $0?.denial != nil }
        // Which of two faults is seen first may depend on the pieces, whether there is one may not.
        try FuzzViolation.unless(
            refusals.count == 2 && refusals.first == refusals.last,
            "pieces change the verdict"
        )
    }

    /// Whatever a client writes, it does not come from nowhere.
    private static func forwarded(_ bytes: [UInt8]) throws(FuzzViolation) {
        let values = bytes.dropFirst().split(separator: 0x0A, maxSplits: 4)
        let fields = values.map { HeaderField("x-forwarded-for", String(decoding: $0, as: UTF8.self)) }
        let view = self.request(fields)
        let settings = AuthorizationSettings(trustDomains: ["td"], trustedProxies: Int(bytes.first ?? 0) % 5)
        let all = ["0.0.0.0/0", "::/0"]
        for isNegated in [false, true] {
            let engine = AuthorizationEngine(
                [
                    .with {
                        $0.action = isNegated ? .allow : .deny
                        $0.rules = [
                            .with {
                                $0.from = [
                                    .with {
                                        if isNegated { $0.notRemoteIpBlocks = all } else { $0.remoteIpBlocks = all }
                                    }
                                ]
                            }
                        ]
                    }
                ],
                settings: settings,
                kind: .requests
            )
            let verdict = engine.standing(for: view.connection).decision(view).verdict
            try FuzzViolation.unless(!verdict.isAllowed, "\(fields) is outside of all addresses")
        }
    }
}
