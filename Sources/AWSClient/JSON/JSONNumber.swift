/// A JSON number, kept as the text it was written in so that no digit is lost on the way through.
package struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The number by JSON's grammar.
    package let text: String

    /// Takes text that the parser or writer knows to be a number.
    init(verified text: String) {
        self.text = text
    }

    /// A whole number.
    package init(_ value: some BinaryInteger) {
        self.text = String(value)
    }

    /// A fraction; `nil` for infinities and NaN, which JSON cannot write.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        self.text = "\(value)"
    }

    /// The whole number that the text stands for; `nil` when it has a fraction or does not fit.
    package var int: Int? {
        if let value = Int(self.text) { return value }
        return self.double.flatMap { Int(exactly: $0) }
    }

    /// The nearest double.
    package var double: Double? { Double(self.text) }

    package var description: String { self.text }
}
