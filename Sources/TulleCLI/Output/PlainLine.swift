/// Text of others made fit for a terminal: one line, nothing that moves the cursor, of bounded length.
enum PlainLine {
    /// Most code points of a line.
    static let longest = 4096

    /// The text with control characters and line breaks as spaces.
    static func text(_ text: String, limit: Int = PlainLine.longest) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}
