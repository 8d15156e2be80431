import MeshModel

/// What a request says its body is (RFC 9110 §8.3.1), without parameters and in lower case.
struct MediaType: Hashable, Sendable {
    let type: String
    let subtype: String

    /// Nil for anything but `<type>/<subtype>`.
    init?(_ value: String) {
        let name = value.utf8.prefix { $0 != UInt8(ascii: ";") }
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        var words: [String] = []
        for part in parts {
            let word = String(decoding: part.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self).foldedASCII
            guard HeaderRules.isName(word) else { return nil }
            words.append(word)
        }
        self.type = words[0]
        self.subtype = words[1]
    }

    /// Whether it is JSON by its name (RFC 6839 §3.1).
    var isJSON: Bool {
        self.subtype == "json" || self.subtype.utf8.suffix(5).elementsEqual("+json".utf8)
    }

    /// Whether it holds the fields of a form.
    var isForm: Bool { self.type == "application" && self.subtype == "x-www-form-urlencoded" }

    /// Every type that a request names, of which there should be one.
    static func all(in fields: [HeaderField]) -> [MediaType] {
        fields.compactMap { $0.name == "content-type" ? MediaType($0.value) : nil }
    }
}

/// Types as policies write them: `application/json`, `text/*`, `application/*+json`.
struct MediaTypePattern: Hashable, Sendable {
    private let type: String?
    private let start: String
    private let end: String?

    /// Nil for anything else.
    init?(_ text: String) {
        let parts = text.foldedASCII.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        let pieces = parts[1].utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard pieces.count <= 2, parts[0] == "*" || !parts[0].utf8.contains(UInt8(ascii: "*")) else { return nil }
        self.type = parts[0] == "*" ? nil : parts[0]
        self.start = pieces[0]
        self.end = pieces.count == 2 ? pieces[1] : nil
    }

    func matches(_ media: MediaType) -> Bool {
        if let type = self.type, type != media.type { return false }
        guard let end = self.end else { return media.subtype == self.start }
        let subtype = media.subtype.utf8
        return subtype.count >= self.start.utf8.count + end.utf8.count && subtype.starts(with: self.start.utf8)
            && subtype.suffix(end.utf8.count).elementsEqual(end.utf8)
    }
}
