// Texts between quotes (RFC 8259 §7), decoded as they arrive.
extension JSONScanner {
    mutating func takeText(_ byte: UInt8) throws(JSONFault) {
        if self.highSurrogate != nil, byte != UInt8(ascii: "\\") { throw .invalidText }
        switch byte {
        case UInt8(ascii: "\""): try self.endString()
        case UInt8(ascii: "\\"): self.state = .escape
        case 0..<0x20: throw self.malformed
        default: self.text.append(byte)
        }
    }

    mutating func takeEscape(_ byte: UInt8) throws(JSONFault) {
        if self.highSurrogate != nil, byte != UInt8(ascii: "u") { throw .invalidText }
        self.state = .string
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): self.text.append(byte)
        case UInt8(ascii: "b"): self.text.append(0x08)
        case UInt8(ascii: "f"): self.text.append(0x0C)
        case UInt8(ascii: "n"): self.text.append(0x0A)
        case UInt8(ascii: "r"): self.text.append(0x0D)
        case UInt8(ascii: "t"): self.text.append(0x09)
        case UInt8(ascii: "u"):
            self.unit = 0
            self.state = .unicode(left: 4)
        default: throw self.malformed
        }
    }

    mutating func takeUnicode(_ byte: UInt8, _ left: Int) throws(JSONFault) {
        guard let digit = Self.hexadecimal(byte) else { throw self.malformed }
        self.unit = self.unit << 4 | digit
        guard left == 1 else {
            self.state = .unicode(left: left - 1)
            return
        }
        self.state = .string
        let unit = self.unit
        if let high = self.highSurrogate {
            guard (0xDC00...0xDFFF).contains(unit) else { throw .invalidText }
            self.highSurrogate = nil
            return self.append(0x1_0000 + (UInt32(high - 0xD800) << 10) + UInt32(unit - 0xDC00))
        }
        switch unit {
        case 0xD800...0xDBFF: self.highSurrogate = unit
        case 0xDC00...0xDFFF: throw .invalidText
        default: self.append(UInt32(unit))
        }
    }

    private mutating func append(_ scalar: UInt32) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        self.text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
