/// Which compression a client takes (RFC 9110 §12.5.3).
enum AcceptedEncoding {
    /// Whether `Accept-Encoding` names gzip, or anything, without forbidding it.
    static func takesGzip(_ fields: [HTTPField]) -> Bool {
        var verdict: Bool?
        var wasNamed = false
        for member in fields.values(of: "accept-encoding").prefix(4).joined(separator: ",").split(separator: ",") {
            let parts = member.split(separator: ";").map { Self.trimmed($0).lowercased() }
            guard let coding = parts.first else { continue }
            let isNamed = coding == "gzip" || coding == "x-gzip"
            guard isNamed || coding == "*" else { continue }
            // What is said of gzip itself wins over what is said of everything.
            if wasNamed, !isNamed { continue }
            wasNamed = isNamed
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            verdict = weight > 0
        }
        return verdict ?? false
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
