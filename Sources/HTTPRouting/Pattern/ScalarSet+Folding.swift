/// Case folding for `(?i)`: a scalar stands for every scalar that differs from it in case only.
extension ScalarSet {
    /// Where Unicode has letters with case, beyond ASCII. Ranges are folded inside of these only, which bounds the work
    /// for a range as wide as `[^a]`.
    private static let cased: [ClosedRange<UInt32>] = [
        0xb5...0x587, 0x10a0...0x10ff, 0x13a0...0x13fd, 0x1c80...0x1cbf, 0x1d79...0x1d8e, 0x1e00...0x1fff,
        0x2126...0x2188, 0x24b6...0x24e9, 0x2c00...0x2d2d, 0xa640...0xa69b, 0xa722...0xa7f6, 0xab53...0xabbf,
        0xff21...0xff5a, 0x10400...0x104fb, 0x10570...0x105bc, 0x10c80...0x10cf2, 0x118a0...0x118df,
        0x16e40...0x16e7f, 0x1e900...0x1e943,
    ]

    /// Letters that have a second capital, which upper-casing does not give: long s, and the signs of kelvin, ångström
    /// and ohm.
    private static let signs: [(letter: UInt32, sign: UInt32)] = [
        (0x73, 0x17f), (0x6b, 0x212a), (0xe5, 0x212b), (0x3c9, 0x2126),
    ]

    /// This set with every scalar that differs in case only from one of its own.
    var folded: ScalarSet {
        var folds = self.ranges
        for range in self.ranges {
            if let upper = Self.overlap(range, 0x41...0x5a) {
                folds.append((upper.lowerBound + 32)...(upper.upperBound + 32))
            }
            if let lower = Self.overlap(range, 0x61...0x7a) {
                folds.append((lower.lowerBound - 32)...(lower.upperBound - 32))
            }
            for block in Self.cased {
                guard let part = Self.overlap(range, block) else { continue }
                for value in part { folds += Self.others(of: value) }
            }
        }
        var set = ScalarSet(union: folds)
        for (letter, sign) in Self.signs where set.contains(letter) || set.contains(sign) {
            let upper = letter - 32
            set = set.union(ScalarSet(union: [letter...letter, upper...upper, sign...sign]))
        }
        return set
    }

    private static func overlap(
        _ one: ClosedRange<UInt32>,
        _ other: ClosedRange<UInt32>
    ) -> ClosedRange<UInt32>? {
        guard one.overlaps(other) else { return nil }
        return one.clamped(to: other)
    }

    private static func others(of value: UInt32) -> [ClosedRange<UInt32>] {
        guard let scalar = Unicode.Scalar(value) else { return [] }
        let texts = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
        return texts.flatMap { text -> [ClosedRange<UInt32>] in
            // A mapping of several scalars (ß to SS) is not a simple one, and patterns fold simply.
            guard text.unicodeScalars.count == 1, let other = text.unicodeScalars.first, other != scalar else {
                return []
            }
            let back = [other.properties.lowercaseMapping, other.properties.uppercaseMapping]
                .compactMap { $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first?.value : nil }
            return ([other.value] + back).map { $0...$0 }
        }
    }
}
