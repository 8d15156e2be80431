/// The way to a value in a JSON text (RFC 6901).
struct JSONPointer: Hashable, Sendable {
    /// One step: the name of a member, or the place in a list.
    struct Step: Hashable, Sendable {
        let name: String
        let folded: String
        let place: Int?

        init(_ name: String) {
            self.name = name
            self.folded = name.uppercased().lowercased()
            let digits = name.utf8
            let isPlace =
                (1...7).contains(digits.count) && digits.allSatisfy { (0x30...0x39).contains($0) }
                && (digits.count == 1 || digits.first != 0x30)
            self.place = isPlace ? Int(name) : nil
        }
    }

    let steps: [Step]

    /// Nil where the text is neither empty nor begins with `/`, or has a `~` that is neither `~0` nor `~1`.
    init?(_ text: String) {
        guard text.isEmpty || text.utf8.first == UInt8(ascii: "/") else { return nil }
        var steps: [Step] = []
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            var name: [UInt8] = []
            var isEscape = false
            for byte in part {
                switch (isEscape, byte) {
                case (true, UInt8(ascii: "0")): name.append(UInt8(ascii: "~"))
                case (true, UInt8(ascii: "1")): name.append(UInt8(ascii: "/"))
                case (true, _): return nil
                case (false, UInt8(ascii: "~")): break
                case (false, _): name.append(byte)
                }
                isEscape = !isEscape && byte == UInt8(ascii: "~")
            }
            guard !isEscape else { return nil }
            steps.append(Step(String(decoding: name, as: UTF8.self)))
        }
        self.steps = steps
    }
}
