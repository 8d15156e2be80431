/// Reads expressions by recursive descent, with bounds on words and depth.
struct ExpressionParser {
    /// How deep parentheses, lists and negations may nest.
    private static let maximumDepth = 32

    private let tokens: [(token: ExpressionToken, place: Int)]
    private var next = 0
    private var depth = 0
    private var headers: HeaderPlan

    static func parse(_ text: String, headers: inout HeaderPlan) throws(ExpressionError) -> Expression.Node {
        guard text.utf8.count <= Expression.maximumBytes else { throw .tooLong(limit: Expression.maximumBytes) }
        let tokens = try ExpressionLexer.tokens(text, limit: Expression.maximumTokens)
        var parser = ExpressionParser(tokens: tokens, headers: headers)
        let node = try parser.choice()
        if parser.next < tokens.count { throw parser.unexpected() }
        headers = parser.headers
        return node
    }

    private init(tokens: [(token: ExpressionToken, place: Int)], headers: HeaderPlan) {
        self.tokens = tokens
        self.headers = headers
    }

    private var token: ExpressionToken? { self.next < self.tokens.count ? self.tokens[self.next].token : nil }

    private mutating func takes(_ mark: String) -> Bool {
        guard self.token == .mark(mark) else { return false }
        self.next += 1
        return true
    }

    private mutating func expect(_ mark: String) throws(ExpressionError) {
        if !self.takes(mark) { throw self.unexpected() }
    }

    private func unexpected() -> ExpressionError {
        guard self.next < self.tokens.count else { return .unexpectedEnd }
        let (token, place) = self.tokens[self.next]
        switch token {
        case .name(let name): return .unexpected(String(name.prefix(32)), at: place)
        case .text: return .unexpected("string", at: place)
        case .number: return .unexpected("number", at: place)
        case .mark(let mark): return .unexpected(mark, at: place)
        }
    }

    private mutating func deeper<T>(
        _ body: (inout ExpressionParser) throws(ExpressionError) -> T
    ) throws(ExpressionError) -> T {
        guard self.depth < Self.maximumDepth else { throw .tooComplex }
        self.depth += 1
        let value = try body(&self)
        self.depth -= 1
        return value
    }

    // MARK: Operators, the weakest first

    private mutating func choice() throws(ExpressionError) -> Expression.Node {
        let condition = try self.disjunction()
        guard self.takes("?") else { return condition }
        return try self.deeper { parser throws(ExpressionError) in
            let yes = try parser.choice()
            try parser.expect(":")
            return .choose(condition, yes, try parser.choice())
        }
    }

    private mutating func disjunction() throws(ExpressionError) -> Expression.Node {
        var node = try self.conjunction()
        while self.takes("||") { node = .or(node, try self.conjunction()) }
        return node
    }

    private mutating func conjunction() throws(ExpressionError) -> Expression.Node {
        var node = try self.relation()
        while self.takes("&&") { node = .and(node, try self.relation()) }
        return node
    }

    private static let comparisons: [String: Expression.Comparison] = [
        "==": .equal, "!=": .unequal, "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual,
    ]

    private mutating func relation() throws(ExpressionError) -> Expression.Node {
        let left = try self.sum()
        if case .mark(let mark) = self.token, let comparison = Self.comparisons[mark] {
            self.next += 1
            return .compare(comparison, left, try self.sum())
        }
        guard self.token == .name("in") else { return left }
        self.next += 1
        // `'name' in request.headers` asks for a key, not for a member of a list.
        if case .constant(.text(let name)) = left, let header = try self.headerMap(name) { return .has(header) }
        return .isMember(left, of: try self.sum())
    }

    private mutating func sum() throws(ExpressionError) -> Expression.Node {
        var node = try self.negation()
        while self.takes("+") { node = .joined(node, try self.negation()) }
        return node
    }

    private mutating func negation() throws(ExpressionError) -> Expression.Node {
        if self.takes("!") {
            return .not(try self.deeper { parser throws(ExpressionError) in try parser.negation() })
        }
        if self.takes("-") {
            guard case .number(let number) = self.token else { throw self.unexpected() }
            self.next += 1
            return .constant(.number(-number))
        }
        var node = try self.primary()
        // Methods of a value, such as `request.path.startsWith('/a')`.
        while self.token == .mark("."), self.next + 2 < self.tokens.count,
            case .name(let name) = self.tokens[self.next + 1].token, self.tokens[self.next + 2].token == .mark("(")
        {
            self.next += 2
            node = try self.method(name, node)
        }
        return node
    }

    private mutating func primary() throws(ExpressionError) -> Expression.Node {
        guard let token = self.token else { throw .unexpectedEnd }
        switch token {
        case .text(let text):
            self.next += 1
            return .constant(.text(text))
        case .number(let number):
            self.next += 1
            return .constant(.number(number))
        case .name("true"), .name("false"):
            self.next += 1
            return .constant(.truth(token == .name("true")))
        case .name(let name) where self.next + 1 < self.tokens.count && self.tokens[self.next + 1].token == .mark("("):
            self.next += 1
            return try self.function(name)
        case .name: return try self.attribute()
        case .mark("("):
            self.next += 1
            let node = try self.deeper { parser throws(ExpressionError) in try parser.choice() }
            try self.expect(")")
            return node
        case .mark("["):
            self.next += 1
            return Self.list(try self.arguments(until: "]"))
        case .mark: throw self.unexpected()
        }
    }

    /// A list; one of constants is made once, not for every request.
    private static func list(_ nodes: [Expression.Node]) -> Expression.Node {
        var values: [ExpressionValue] = []
        for node in nodes {
            guard case .constant(let value) = node else { return .list(nodes) }
            values.append(value)
        }
        return .constant(.list(values))
    }

    private mutating func arguments(until end: String) throws(ExpressionError) -> [Expression.Node] {
        var nodes: [Expression.Node] = []
        while !self.takes(end) {
            if !nodes.isEmpty { try self.expect(",") }
            nodes.append(try self.deeper { parser throws(ExpressionError) in try parser.choice() })
        }
        return nodes
    }

    // MARK: Functions

    private mutating func function(_ name: String) throws(ExpressionError) -> Expression.Node {
        try self.expect("(")
        let arguments = try self.arguments(until: ")")
        guard arguments.count == 1, let argument = arguments.first else { throw .unknownFunction(name) }
        switch name {
        case "has": return .has(argument)
        case "size", "string", "int":
            guard let function = Expression.Function(rawValue: name) else { throw .unknownFunction(name) }
            return .call(function, argument, nil)
        case "duration":
            guard case .constant(.text(let text)) = argument, let microseconds = DurationText.microseconds(text) else {
                throw .unknownFunction(name)
            }
            return .constant(.duration(microseconds: microseconds))
        default: throw .unknownFunction(name)
        }
    }

    private mutating func method(_ name: String, _ target: Expression.Node) throws(ExpressionError) -> Expression.Node {
        try self.expect("(")
        let arguments = try self.arguments(until: ")")
        guard let function = Expression.Function(rawValue: name) else { throw .unknownFunction(name) }
        switch (function, arguments.count) {
        case (.startsWith, 1), (.endsWith, 1), (.contains, 1): return .call(function, target, arguments.first)
        case (.lowerAscii, 0), (.size, 0): return .call(function, target, nil)
        default: throw .unknownFunction(name)
        }
    }

    // MARK: Attributes

    /// A dotted name; `['…']` stands for a part as well. A method's name behind it is left to the caller.
    private mutating func attribute() throws(ExpressionError) -> Expression.Node {
        guard case .name(let first) = self.token else { throw self.unexpected() }
        self.next += 1
        var path = [first]
        while path.count < 8 {
            if self.token == .mark("."), self.next + 1 < self.tokens.count,
                case .name(let name) = self.tokens[self.next + 1].token
            {
                let isMethod =
                    self.next + 2 < self.tokens.count && self.tokens[self.next + 2].token == .mark("(")
                if isMethod { break }
                self.next += 2
                path.append(name)
            } else if self.token == .mark("[") {
                self.next += 1
                guard case .text(let key) = self.token else { throw self.unexpected() }
                self.next += 1
                try self.expect("]")
                path.append(key)
            } else {
                break
            }
        }
        return try self.resolve(path)
    }

    private static let maps: [String: HeaderList] = [
        "request.headers": .request, "response.headers": .response, "response.trailers": .trailers,
    ]

    private mutating func resolve(_ path: [String]) throws(ExpressionError) -> Expression.Node {
        let name = path.joined(separator: ".")
        if let attribute = RequestAttribute(rawValue: name) { return .attribute(attribute) }
        switch name {
        case "request.referer": return try self.header("referer", in: .request)
        case "request.useragent": return try self.header("user-agent", in: .request)
        default: break
        }
        if path.count == 3, let list = Self.maps["\(path[0]).\(path[1])"] { return try self.header(path[2], in: list) }
        let peer = path.first == "filter_state" ? path.dropFirst() : path[...]
        if peer.count == 2, let side = peer.first, let field = peer.last.flatMap({ PeerAttribute(rawValue: $0) }),
            side == "upstream_peer" || side == "downstream_peer"
        {
            return .peer(isUpstream: side == "upstream_peer", field)
        }
        throw .unknownAttribute(String(name.prefix(128)))
    }

    private mutating func header(_ name: String, in list: HeaderList) throws(ExpressionError) -> Expression.Node {
        guard let place = self.headers.place(name, in: list) else { throw .tooManyHeaders }
        return .header(list, place)
    }

    /// The header that `'name' in …` asks for, where what follows is a map of headers.
    private mutating func headerMap(_ key: String) throws(ExpressionError) -> Expression.Node? {
        guard self.next + 2 < self.tokens.count, case .name(let first) = self.tokens[self.next].token,
            self.tokens[self.next + 1].token == .mark("."), case .name(let second) = self.tokens[self.next + 2].token,
            let list = Self.maps["\(first).\(second)"]
        else { return nil }
        self.next += 3
        return try self.header(key, in: list)
    }
}

/// Durations as Go and CEL write them.
enum DurationText {
    private static let units: [(name: String, microseconds: Double)] = [
        ("h", 3_600_000_000), ("ms", 1_000), ("m", 60_000_000), ("us", 1), ("ns", 0.001), ("s", 1_000_000),
    ]

    /// The microseconds of one number and unit such as `1.5s`; nil for anything else.
    static func microseconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 32 else { return nil }
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(digits.count)
        guard let scale = Self.units.first(where: { $0.name == unit }), let number = Double(digits),
            number * scale.microseconds < 9e18
        else { return nil }
        return Int64(number * scale.microseconds)
    }
}
