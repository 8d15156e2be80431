import AWSClient

/// Conditions of App Mesh's routes as those of a VirtualService.
///
/// A route whose condition can't be written is not written at all: without the condition it would take requests that it
/// was not for.
struct RouteMatchTranslation {
    /// Why a route can't be carried over.
    struct Loss {
        var field: ExportField
        var reason: String
    }

    /// What came out.
    private(set) var json: JSONObject = [:]
    /// What can't be written.
    private(set) var losses: [Loss] = []
    /// Sorts routes without a priority as App Mesh's proxy does: the closer the match, the earlier.
    private(set) var rank = Rank()

    /// How close a match is.
    struct Rank: Comparable {
        /// 2 for one path, 1 for a pattern, 0 for a prefix.
        var kind = 0
        var length = 0
        var conditions = 0

        static func < (left: Rank, right: Rank) -> Bool {
            (left.kind, left.length, left.conditions) < (right.kind, right.length, right.conditions)
        }
    }

    /// The longest span of a header's range that is written out.
    private static let longestRange = 100

    /// Conditions on HTTP requests; nil matches all.
    init(http match: ExportField?) throws(CommandFailure) {
        guard let match else { return }
        try self.path(match)
        if let method = try match.at("method") { self.json["method"] = ["exact": .string(try method.text())] }
        if let scheme = try match.at("scheme") { self.json["scheme"] = ["exact": .string(try scheme.text())] }
        try self.headers(try match.at("headers"))
        try self.query(try match.at("queryParameters"))
        try self.port(match)
    }

    /// Conditions on gRPC calls; nil matches all.
    init(grpc match: ExportField?) throws(CommandFailure) {
        guard let match else { return }
        if let service = try match.at("serviceName") {
            let name = try service.text()
            if let method = try match.at("methodName") {
                let path = "/\(name)/\(try method.text())"
                self.json["uri"] = ["exact": .string(path)]
                self.rank = Rank(kind: 2, length: path.utf8.count)
            } else {
                self.json["uri"] = ["prefix": .string("/\(name)/")]
                self.rank.length = name.utf8.count + 2
            }
        } else if let method = try match.at("methodName") {
            let name = try method.text()
            self.json["uri"] = ["regex": .string("/[^/]+/\(Self.literal(name))")]
            self.rank = Rank(kind: 1, length: name.utf8.count)
        }
        try self.headers(try match.at("metadata"))
        try self.port(match)
    }

    private mutating func path(_ match: ExportField) throws(CommandFailure) {
        if let prefix = try match.at("prefix") {
            let text = try prefix.text()
            if text != "/" { self.json["uri"] = ["prefix": .string(text)] }
            self.rank.length = text.utf8.count
        }
        guard let path = try match.at("path"), let (kind, field) = try path.only(["exact", "regex"]) else { return }
        let text = try field.text()
        self.json["uri"] = .object(JSONObject([(name: kind, value: .string(text))]))
        self.rank = Rank(kind: kind == "exact" ? 2 : 1, length: text.utf8.count)
    }

    private mutating func port(_ match: ExportField) throws(CommandFailure) {
        if let port = try match.at("port") { self.json["port"] = .int(try port.number(1...65_535)) }
    }

    private mutating func headers(_ list: ExportField?) throws(CommandFailure) {
        var with: JSONObject = [:]
        var without: JSONObject = [:]
        for header in try list?.list() ?? [] {
            let field = try header.require("name")
            let name = try field.text().lowercased()
            let isInverted = try header.at("invert")?.flag() ?? false
            self.rank.conditions += 1
            guard with[name] == nil, without[name] == nil else {
                self.losses.append(Loss(field: field, reason: "\(name) has two conditions; a VirtualService takes one"))
                continue
            }
            var value: JSONValue = [:]
            if let match = try header.at("match") {
                guard let written = try self.value(match) else { continue }
                value = written
            }
            if isInverted { without[name] = value } else { with[name] = value }
        }
        if !with.isEmpty { self.json["headers"] = .object(with) }
        if !without.isEmpty { self.json["withoutHeaders"] = .object(without) }
    }

    private mutating func value(_ match: ExportField) throws(CommandFailure) -> JSONValue? {
        guard let (kind, field) = try match.only(["exact", "prefix", "suffix", "regex", "range"]) else { return [:] }
        switch kind {
        case "suffix": return ["regex": .string(".*\(Self.literal(try field.text()))")]
        case "range":
            let start = try field.require("start").number(-1_000_000_000...1_000_000_000)
            let end = try field.require("end").number(-1_000_000_000...1_000_000_000)
            guard start < end, end - start <= Self.longestRange else {
                let reason = "a range of more than \(Self.longestRange) numbers has no counterpart"
                self.losses.append(Loss(field: field, reason: reason))
                return nil
            }
            // The end is not part of the range, as in Envoy.
            return ["regex": .string((start..<end).map(String.init).joined(separator: "|"))]
        default: return .object(JSONObject([(name: kind, value: .string(try field.text()))]))
        }
    }

    private mutating func query(_ list: ExportField?) throws(CommandFailure) {
        var query: JSONObject = [:]
        for parameter in try list?.list() ?? [] {
            let field = try parameter.require("name")
            let name = try field.text()
            self.rank.conditions += 1
            guard query[name] == nil else {
                self.losses.append(Loss(field: field, reason: "\(name) has two conditions; a VirtualService takes one"))
                continue
            }
            let exact = try parameter.at("match")?.at("exact")?.text()
            query[name] = exact.map { ["exact": .string($0)] } ?? [:]
        }
        if !query.isEmpty { self.json["queryParams"] = .object(query) }
    }

    /// A text as a pattern that matches it alone.
    private static func literal(_ text: String) -> String {
        var pattern = ""
        for character in text {
            if "\\.+*?()|[]{}^$".contains(character) { pattern += "\\" }
            pattern.append(character)
        }
        return pattern
    }
}
