/// A text from outside as it stands in a message: in quotes, on one line, cut to a bearable length.
struct Quoted: CustomStringConvertible {
    /// At most so many characters are shown.
    static let length = 80

    let text: String

    init(_ text: String) { self.text = text }

    var description: String {
        let shown = self.text.unicodeScalars.prefix(Self.length).map { scalar in
            scalar.properties.generalCategory == .control ? "\u{fffd}" : String(scalar)
        }.joined()
        return self.text.unicodeScalars.count > Self.length ? "'\(shown)…'" : "'\(shown)'"
    }
}
