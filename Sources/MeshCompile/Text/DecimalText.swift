/// Numbers as people write them: digits only, where Swift's own reading takes a sign as well.
enum DecimalText {
    /// The number; nil for anything but one to five digits.
    static func number(_ text: some StringProtocol) -> UInt32? {
        guard (1...5).contains(text.utf8.count),
            text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        else { return nil }
        return UInt32(text)
    }

    /// The port; nil for anything but 1 to 65535.
    static func port(_ text: some StringProtocol) -> UInt32? {
        self.number(text).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }
}
