import MeshModel

/// Cookies of a request (RFC 6265 §4.2), spread over as many fields as the client sent.
enum CookieReader {
    /// The value of the first cookie of a name, without quotation marks around it; nil where there is none.
    static func value(of name: String, in fields: [HeaderField]) -> Substring? {
        for field in fields where field.name == "cookie" {
            for pair in field.value.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, self.trimmed(parts[0]).utf8.elementsEqual(name.utf8) else { continue }
                return self.unquoted(self.trimmed(parts[1]))
            }
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.utf8.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
            text = text.dropFirst()
        }
        while let last = text.utf8.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") {
            text = text.dropLast()
        }
        return text
    }

    private static func unquoted(_ text: Substring) -> Substring {
        let quote = UInt8(ascii: "\"")
        guard text.utf8.count >= 2, text.utf8.first == quote, text.utf8.last == quote else { return text }
        return text.dropFirst().dropLast()
    }
}
