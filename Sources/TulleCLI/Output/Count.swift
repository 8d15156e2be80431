/// A number with its noun: `1 error`, `2 errors`.
enum Count {
    /// The number and the noun, with an s unless it is one.
    static func of(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
