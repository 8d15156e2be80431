/// Writes text from outside so that it can't end a quoted value, a line or a JSON string.
enum LogText {
    private static let hexDigits = Array("0123456789abcdef".utf8)

    /// Appends `text` with quotes, backslashes, control characters and separators of lines escaped as JSON does it.
    /// - Parameter limit: bytes of the text that are shown; the rest shows as an ellipsis.
    static func append(_ text: String, limit: Int, to bytes: inout [UInt8]) {
        // Nearly all text is short and plain.
        var text = text
        let isPlain = text.withUTF8 { buffer in
            guard buffer.count <= limit, buffer.allSatisfy(Self.isPlain) else { return false }
            bytes.append(contentsOf: buffer)
            return true
        }
        if isPlain { return }
        var left = limit
        for scalar in text.unicodeScalars {
            let width = UTF8.width(scalar)
            guard width <= left else {
                bytes.append(contentsOf: "…".utf8)
                return
            }
            left -= width
            self.append(scalar, to: &bytes)
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        func escape(_ letter: UInt8) {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(letter)
        }
        switch scalar {
        case "\"": escape(UInt8(ascii: "\""))
        case "\\": escape(UInt8(ascii: "\\"))
        case "\n": escape(UInt8(ascii: "n"))
        case "\r": escape(UInt8(ascii: "r"))
        case "\t": escape(UInt8(ascii: "t"))
        // C0 and C1 controls, and the separators that some viewers take for a new line.
        case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
            escape(UInt8(ascii: "u"))
            for shift in [UInt32(12), 8, 4, 0] { bytes.append(self.hexDigits[Int(scalar.value >> shift & 15)]) }
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }
}
