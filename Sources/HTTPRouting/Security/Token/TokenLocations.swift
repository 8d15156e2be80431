import MeshModel
import MeshProtos

/// Where a rule looks for tokens.
struct TokenLocations: Sendable, Hashable {
    /// The most tokens of one request that are looked at.
    static let maximumTokens = 8

    struct Header: Sendable, Hashable {
        let name: String
        let prefix: String
    }

    let headers: [Header]
    let parameters: [String]
    let cookies: [String]

    /// Those of the rule, or the usual two.
    init(_ rule: TulleL7.TokenRule) {
        guard !rule.headers.isEmpty || !rule.parameters.isEmpty || !rule.cookies.isEmpty else {
            self.headers = [Header(name: "authorization", prefix: "Bearer ")]
            self.parameters = ["access_token"]
            self.cookies = []
            return
        }
        self.headers = rule.headers.map { Header(name: $0.name.foldedASCII, prefix: $0.prefix) }
        self.parameters = rule.parameters
        self.cookies = rule.cookies
    }

    /// The tokens of a request, each once, in the order of the locations; one more than is allowed where there are more.
    func tokens(in view: RequestView) -> [String] {
        var tokens: [String] = []
        func add(_ token: String) {
            guard !token.isEmpty, tokens.count <= Self.maximumTokens else { return }
            if !tokens.contains(where: { $0.utf8.elementsEqual(token.utf8) }) { tokens.append(token) }
        }
        for header in self.headers {
            for field in view.fields where field.name == header.name {
                if let token = header.token(in: field.value) { add(token) }
            }
        }
        if !self.parameters.isEmpty, let query = view.query {
            for pair in QueryPairs(query) where self.parameters.contains(where: pair.isNamed) { add(pair.value) }
        }
        if !self.cookies.isEmpty {
            for field in view.fields where field.name == "cookie" {
                for (name, value) in CookiePairs.all(in: field.value)
                where self.cookies.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { add(value) }
            }
        }
        return tokens
    }
}

extension TokenLocations.Header {
    /// What follows the prefix, which is a scheme's name and so without case (RFC 9110 §11.1); nil for another value.
    func token(in value: String) -> String? {
        guard value.utf8.count >= self.prefix.utf8.count,
            String(decoding: value.utf8.prefix(self.prefix.utf8.count), as: UTF8.self).foldedASCII
                .utf8.elementsEqual(self.prefix.foldedASCII.utf8)
        else { return nil }
        let rest = value.utf8.dropFirst(self.prefix.utf8.count).drop { $0 == 0x20 || $0 == 0x09 }
        return String(decoding: rest, as: UTF8.self)
    }
}
