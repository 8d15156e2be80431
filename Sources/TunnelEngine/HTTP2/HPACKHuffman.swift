/// The Huffman code of RFC 7541 appendix B.
///
/// The code is canonical: shorter codes come first, and codes of one length follow the order of their symbols. So the
/// lengths alone are its definition, and the tables are made from them at first use.
enum HPACKHuffman {
    /// The symbol that ends the code; it never appears in legal text.
    private static let endOfString = 256

    /// Code length in bits by symbol.
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
        7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
        23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
        21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
    ]

    /// Code by symbol, in the low bits.
    private static let codes: [UInt32] = {
        var codes = [UInt32](repeating: 0, count: lengths.count)
        var code: UInt32 = 0
        for length in 1...30 {
            code <<= 1
            for symbol in lengths.indices where Int(lengths[symbol]) == length {
                codes[symbol] = code
                code += 1
            }
        }
        return codes
    }()

    // MARK: Encoding

    /// Bytes that `text` takes when encoded.
    static func encodedCount(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var bits = 0
        for byte in text { bits += Int(self.lengths[Int(byte)]) }
        return (bits + 7) / 8
    }

    /// Appends the code of `text`, padded with ones to a whole byte.
    static func encode(_ text: UnsafeBufferPointer<UInt8>, into output: HTTP2Output) {
        var pending: UInt64 = 0
        var bits = 0
        for byte in text {
            let length = Int(self.lengths[Int(byte)])
            pending = pending << UInt64(length) | UInt64(self.codes[Int(byte)])
            bits += length
            while bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: pending >> UInt64(bits)))
            }
        }
        if bits > 0 {
            output.append(UInt8(truncatingIfNeeded: pending << UInt64(8 - bits)) | UInt8(0xff) >> UInt8(bits))
        }
    }

    // MARK: Decoding

    /// One step of the decoder takes four bits: 256 inner nodes of the code tree, 16 entries each.
    ///
    /// Bits 0–7: the next node. Bits 8–15: the symbol that was completed. Then the flags.
    private static let steps: [UInt32] = Self.makeSteps()
    private static let hasSymbol: UInt32 = 1 << 16
    private static let isInvalid: UInt32 = 1 << 17
    /// The text may end here: what was read of the next code is at most seven ones (RFC 7541 §5.2).
    private static let mayEnd: UInt32 = 1 << 18

    /// Decodes into `output`. Returns the count, or nil when the code is invalid or `output` too small.
    static func decode(_ code: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        self.steps.withUnsafeBufferPointer { steps in
            var last = self.mayEnd
            var written = 0
            for position in 0..<code.count * 2 {
                let byte = Int(code[position >> 1])
                let half = position & 1 == 0 ? byte >> 4 : byte & 15
                last = steps[Int(last & 0xff) << 4 | half]
                if last & self.isInvalid != 0 { return nil }
                if last & self.hasSymbol != 0 {
                    guard written < output.count else { return nil }
                    output[written] = UInt8(truncatingIfNeeded: last >> 8)
                    written += 1
                }
            }
            return last & self.mayEnd != 0 ? written : nil
        }
    }

    private static func makeSteps() -> [UInt32] {
        // children[2n] and children[2n + 1]: an inner node when ≥ 0, ~symbol when negative.
        var children = [Int16](repeating: 0, count: 512)
        var endings = [Bool](repeating: false, count: 256)
        endings[0] = true
        var nodes = 1
        for symbol in self.lengths.indices {
            var node = 0
            var onlyOnes = true
            let length = Int(self.lengths[symbol])
            for depth in 1...length {
                let bit = Int(self.codes[symbol] >> UInt32(length - depth)) & 1
                onlyOnes = onlyOnes && bit == 1
                if depth == length {
                    children[node * 2 + bit] = ~Int16(symbol)
                } else {
                    if children[node * 2 + bit] == 0 {
                        children[node * 2 + bit] = Int16(nodes)
                        endings[nodes] = onlyOnes && depth <= 7
                        nodes += 1
                    }
                    node = Int(children[node * 2 + bit])
                }
            }
        }
        var steps = [UInt32](repeating: 0, count: 256 * 16)
        for start in 0..<256 {
            for half in 0..<16 {
                var node = start
                var entry: UInt32 = 0
                for shift in [3, 2, 1, 0] {
                    let child = Int(children[node * 2 + (half >> shift) & 1])
                    node = max(child, 0)
                    guard child < 0 else { continue }
                    let symbol = ~child
                    entry |= symbol == self.endOfString ? self.isInvalid : self.hasSymbol | UInt32(symbol) << 8
                }
                if endings[node] { entry |= self.mayEnd }
                steps[start << 4 | half] = entry | UInt32(node)
            }
        }
        return steps
    }
}
