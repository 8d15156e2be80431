/// Foreign text made fit for a log line, a status message or a terminal.
package enum PlainLine {
    /// The text with every byte that is not printable ASCII turned into `?`, cut to so many bytes.
    ///
    /// Whoever calls us chooses some of the text we log. A line break in it would write log lines of its own, and one
    /// "character" can be thousands of bytes long, so neither characters nor line breaks are trusted.
    package static func of(_ text: some StringProtocol, bytes: Int) -> String {
        let plain = text.utf8.prefix(max(0, bytes)).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: plain, as: UTF8.self)
    }
}
