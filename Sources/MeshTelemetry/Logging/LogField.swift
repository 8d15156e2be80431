/// A named fact of a log line.
package struct LogField: Sendable {
    /// A fact's value, which decides how the plain format quotes it.
    package enum Value: Sendable {
        /// Text, quoted.
        case text(String)
        /// Text that has no spaces by nature, such as an address; quoted only when that proves wrong.
        case bare(String)
        /// A number.
        case number(Int64)
    }

    /// The name, dotted and lower-case, such as `src.addr`.
    package let name: StaticString
    /// The value.
    package let value: Value

    /// Names a value.
    package init(_ name: StaticString, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// Names a text.
    package init(_ name: StaticString, _ text: String) {
        self.init(name, .text(text))
    }

    /// Names a number; one that doesn't fit is shown as the nearest that does.
    package init(_ name: StaticString, _ number: some BinaryInteger) {
        self.init(name, .number(Int64(clamping: number)))
    }
}
