/// A task definition with all that JSON and owners are free to do, made from a seed.
///
/// Each part is made twice: as somebody may have written it, with escapes and spaces of their own, and as it is to be
/// registered. So what is expected does not come from the code that is tested.
struct GeneratedDefinition {
    /// As DescribeTaskDefinition answers, or as a file has it.
    private(set) var input = ""
    /// As it is to be registered, enrolled and withdrawn again.
    private(set) var expected = ""

    /// One part of the document.
    private struct Part {
        var input: String
        var expected: String

        init(_ input: String, _ expected: String) {
            self.input = input
            self.expected = expected
        }

        init(_ text: String) { self.init(text, text) }
    }

    private var random: SplitMix
    private static let numbers = [
        "0", "-0", "1e3", "1E+3", "-0.0", "1.50", "2e-400", "123456789012345678901234567890", "9223372036854775808",
        "0.1", "1e999",
    ]
    /// Scalars that writers escape in different ways, that are equal to others in Swift's eyes, or that end words.
    private static let scalars: [Unicode.Scalar] = [
        "a", "Z", "é", "e", "\u{301}", "\u{212a}", "K", "\u{37e}", ";", "\"", "\\", "/", "\u{0}", "\n", "\t", "\u{8}",
        "\u{c}", "\u{1f}", "\u{7f}", "\u{2028}", "\u{feff}", "\u{1f680}", " ", "{", "}", "[", ",", ":",
    ]

    init(seed: UInt64, isFile: Bool) {
        self.random = SplitMix(seed: seed)
        let made = self.document(isFile: isFile)
        (self.input, self.expected) = (made.input, made.expected)
    }

    // MARK: JSON

    private mutating func chance(_ of: Int) -> Bool { self.random.below(of) == 0 }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[self.random.below(values.count)] }

    private mutating func space() -> String { self.pick(["", "", "", " ", "\n  ", "\t", "\r\n"]) }

    private mutating func text(_ text: String) -> Part {
        var (input, expected) = ("\"", "\"")
        let isPlain = !self.chance(3)
        for scalar in text.unicodeScalars {
            let units = String(scalar).utf16.map { unit -> String in
                let digits = String(unit, radix: 16, uppercase: self.random.below(2) == 0)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            let short: String? =
                switch scalar {
                case "\"": "\\\""
                case "\\": "\\\\"
                case "\n": "\\n"
                case "\t": "\\t"
                case "\u{8}": "\\b"
                case "\u{c}": "\\f"
                case "\r": "\\r"
                default: nil
                }
            let plain = scalar.value >= 0x20 && short == nil ? String(scalar) : nil
            let lower =
                "\\u" + String(repeating: "0", count: max(0, 4 - String(scalar.value, radix: 16).count))
                + String(scalar.value, radix: 16)
            var ways = [units.joined()] + [short, plain].compactMap { $0 }
            if scalar == "/" { ways.append("\\/") }
            input += isPlain ? short ?? plain ?? lower : self.pick(ways)
            expected += short ?? plain ?? lower
        }
        return Part(input + "\"", expected + "\"")
    }

    private mutating func oddText() -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<self.random.below(6) { text.append(self.pick(Self.scalars)) }
        return String(text)
    }

    private mutating func list(_ values: [Part]) -> Part {
        var input = "[" + self.space()
        for (index, value) in values.enumerated() {
            input += (index == 0 ? "" : ",") + self.space() + value.input + self.space()
        }
        return Part(input + "]", "[" + values.map(\.expected).joined(separator: ",") + "]")
    }

    private mutating func object(_ members: [(name: String, value: Part)]) -> Part {
        var (input, expected) = ("{" + self.space(), "{")
        for (index, member) in members.enumerated() {
            let name = self.text(member.name)
            let comma = index == 0 ? "" : ","
            input += comma + self.space() + name.input + self.space() + ":" + self.space() + member.value.input
            expected += comma + name.expected + ":" + member.value.expected
        }
        return Part(input + self.space() + "}", expected + "}")
    }

    private mutating func anything(_ depth: Int = 0) -> Part {
        switch self.random.below(depth > 3 ? 5 : 7) {
        case 0: return Part("null")
        case 1: return Part(self.pick(["true", "false"]))
        case 2, 3: return Part(self.pick(Self.numbers))
        case 4: return self.text(self.oddText())
        case 5:
            var values: [Part] = []
            for _ in 0..<self.random.below(4) { values.append(self.anything(depth + 1)) }
            return self.list(values)
        default: return self.object(self.unknown(self.random.below(4), depth + 1))
        }
    }

    /// Members that nobody knows, each name once by its bytes.
    private mutating func unknown(_ count: Int, _ depth: Int = 0) -> [(name: String, value: Part)] {
        var names: Set<[UInt8]> = []
        var members: [(name: String, value: Part)] = []
        for _ in 0..<count {
            let name = "x" + self.oddText()
            if names.insert(Array(name.utf8)).inserted { members.append((name, self.anything(depth))) }
        }
        return members
    }

    private mutating func shuffle<Value>(_ values: [Value]) -> [Value] {
        var values = values
        for index in values.indices.dropLast() {
            values.swapAt(index, index + self.random.below(values.count - index))
        }
        return values
    }

    // MARK: Definitions

    /// A list that may be missing, `null` or empty; nil for missing.
    private mutating func maybeList(_ values: [Part]) -> Part? {
        switch self.random.below(4) {
        case 0: nil
        case 1: Part("null")
        case 2: self.list([])
        default: self.list(values)
        }
    }

    private mutating func container(_ index: Int) -> Part {
        var members: [(name: String, value: Part)] = [("name", self.text("c\(index)"))]
        members.append(("image", self.text("example/\(self.oddText())")))
        if self.chance(2) { members.append(("cpu", Part(self.pick(["0", "-0", "0.0", "256"])))) }
        if self.chance(3) { members.append(("user", self.text(self.pick(["0", "app:app", "1000:1000"])))) }
        if self.chance(4) { members.append(("firelensConfiguration", self.object([("type", self.text("fluentbit"))]))) }
        if self.chance(2) {
            let options = self.object([
                ("awslogs-group", self.text("/ecs/é")), ("awslogs-x", self.text(self.oddText())),
            ])
            let logs = self.object([
                ("logDriver", self.text(self.pick(["awslogs", "json-file"]))), ("options", options),
            ])
            members.append(("logConfiguration", logs))
        }
        if self.chance(2) {
            let port = self.object(
                self.shuffle([
                    ("containerPort", Part("\(8_000 + self.random.below(40))")),
                    ("protocol", self.text(self.pick(["tcp", "udp"]))), ("xé", self.anything()),
                ])
            )
            members.append(("portMappings", self.list(self.chance(3) ? [] : [port])))
        }
        var variables: [Part] = []
        for _ in 0..<1 + self.random.below(3) {
            let name = self.chance(3) ? self.pick(["ALL_PROXY", "no_proxy", "HTTP_PROXY"]) : "V" + self.oddText()
            let parts: [(name: String, value: Part)] = [
                ("name", self.text(name)), ("value", self.text(self.oddText())),
            ]
            variables.append(self.object(self.shuffle(parts)))
        }
        if let environment = self.maybeList(variables) { members.append(("environment", environment)) }
        var waits: [Part] = []
        if index > 0 {
            let other = self.text("c\(self.random.below(index))")
            waits = [self.object([("condition", self.text("START")), ("containerName", other)])]
        }
        if let dependsOn = self.maybeList(waits) { members.append(("dependsOn", dependsOn)) }
        if self.chance(2) { members.append(("dockerLabels", self.object(self.unknown(self.random.below(3))))) }
        members += self.unknown(self.random.below(4))
        return self.object(self.shuffle(members))
    }

    private mutating func document(isFile: Bool) -> Part {
        var containers: [Part] = []
        for index in 0..<1 + self.random.below(5) { containers.append(self.container(index)) }
        var members: [(name: String, value: Part)] = [
            ("family", self.text("f")), ("networkMode", self.text("awsvpc")), ("taskRoleArn", self.text("role")),
            ("containerDefinitions", self.list(containers)),
        ]
        if self.chance(2) { members.append(("memory", Part(self.pick(["null", "\"512\"", "5.12e2"])))) }
        if self.chance(3) { members.append(("proxyConfiguration", Part("null"))) }
        if self.chance(2) { members.append(("volumes", self.list([]))) }
        members += self.unknown(self.random.below(6))
        var tags: [Part] = []
        for _ in 0..<self.random.below(3) {
            tags.append(self.object([("key", self.text("k" + self.oddText())), ("value", self.text(self.oddText()))]))
        }
        let tagList = self.list(tags)
        if isFile {
            if self.chance(2) { members.append(("tags", tagList)) }
            return self.object(self.shuffle(members))
        }
        members = self.shuffle(members)
        // What only ECS sets is not registered, wherever it stands; tags come beside the definition.
        var described = members
        for name in ["revision", "status", "requiresAttributes", "registeredAt", "compatibilities"] {
            described.insert((name, self.anything()), at: self.random.below(described.count + 1))
        }
        let inner = self.object(described)
        let answer = self.object(self.shuffle([("taskDefinition", inner), ("tags", tagList)]))
        if !tags.isEmpty { members.append(("tags", tagList)) }
        return Part(answer.input, self.object(members).expected)
    }
}

/// A generator of pseudo-random numbers that gives the same ones for the same seed on every machine.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    /// A number from 0 to below the bound.
    mutating func below(_ bound: Int) -> Int {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }
}
