/// Numbers as JSON writes them (RFC 8259 §6), compared as decimals: no digit is lost to binary fractions.
package enum JSONNumber {
    /// Whether the bytes are a number.
    static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        guard let first = rest.first, Self.isDigit(first) else { return false }
        rest = first == UInt8(ascii: "0") ? rest.dropFirst() : rest.drop(while: Self.isDigit)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst()
            rest = fraction.drop(while: Self.isDigit)
            guard rest.count < fraction.count else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            let exponent = rest
            rest = exponent.drop(while: Self.isDigit)
            guard rest.count < exponent.count else { return false }
        }
        return rest.isEmpty
    }

    /// How two numbers compare: below zero where the first is less, zero where they are equal; nil where one is none.
    package static func compare(_ left: String, _ right: String) -> Int? {
        guard let left = Decimal(left), let right = Decimal(right) else { return nil }
        if left.sign != right.sign { return left.sign < right.sign ? -1 : 1 }
        let size = Decimal.compareSizes(left, right)
        return left.sign < 0 ? -size : size
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// `0.<digits> · 10^exponent` with neither leading nor trailing zeros.
    private struct Decimal {
        let sign: Int
        let digits: [UInt8]
        let exponent: Int

        init?(_ text: String) {
            let bytes = Array(text.utf8)
            guard bytes.count <= JSONLimits.numberBytes, JSONNumber.isWellFormed(bytes) else { return nil }
            let isNegative = bytes.first == UInt8(ascii: "-")
            let mark = bytes.firstIndex { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") } ?? bytes.endIndex
            let mantissa = bytes[(isNegative ? 1 : 0)..<mark]
            let point = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mark
            let whole = mantissa[..<point]
            var digits = Array(whole) + Array(mantissa[point...].dropFirst())
            // Exponents beyond any that is meant are all the same.
            var power = 0
            for byte in bytes[mark...].dropFirst() where JSONNumber.isDigit(byte) {
                power = min(power * 10 + Int(byte - 0x30), 1_000_000_000)
            }
            if bytes[mark...].dropFirst().first == UInt8(ascii: "-") { power = -power }
            let zeros = digits.prefix { $0 == 0x30 }.count
            digits.removeFirst(zeros)
            while digits.last == 0x30 { digits.removeLast() }
            self.sign = digits.isEmpty ? 0 : (isNegative ? -1 : 1)
            self.exponent = digits.isEmpty ? 0 : whole.count - zeros + power
            self.digits = digits
        }

        static func compareSizes(_ left: Decimal, _ right: Decimal) -> Int {
            if left.exponent != right.exponent { return left.exponent < right.exponent ? -1 : 1 }
            if left.digits == right.digits { return 0 }
            return left.digits.lexicographicallyPrecedes(right.digits) ? -1 : 1
        }
    }
}
