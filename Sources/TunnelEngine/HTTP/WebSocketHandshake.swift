/// What a client and a server of WebSocket prove to each other over HTTP/1.1 (RFC 6455 §1.3, §4).
///
/// HTTP/2 has no use for it (RFC 8441 §5), so where the versions on both sides differ we prove it in the place of the side
/// that did not.
enum WebSocketHandshake {
    /// A new key: 16 random bytes.
    static func makeKey() -> String {
        var random = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<2 { withUnsafeBytes(of: random.next()) { bytes += $0 } }
        return self.base64(bytes)
    }

    /// What `Sec-WebSocket-Accept` says to a key.
    static func answer(to key: String) -> String {
        self.base64(SHA1.digest(Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    /// Whether that is the upgrade which needs a proof.
    static func isWebSocket(_ upgrade: String) -> Bool {
        var text = upgrade
        return text.withUTF8 { HTTP1Bytes.isEqual(UnsafeRawBufferPointer($0), ignoringCase: "websocket") }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | (index < count ? UInt32(bytes[start + index]) : 0) }
            for index in 0..<4 {
                text.append(index <= count ? letters[Int(word >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// SHA-1 (RFC 3174), for nothing but ``WebSocketHandshake``: it proves that the peer speaks WebSocket, not who it is.
private enum SHA1 {
    static func digest(_ message: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        withUnsafeBytes(of: (UInt64(message.count) * 8).bigEndian) { padded += $0 }
        for block in stride(from: 0, to: padded.count, by: 64) { self.mix(padded[block..<block + 64], &state) }
        return state.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
    }

    private static func mix(_ block: ArraySlice<UInt8>, _ state: inout [UInt32]) {
        var words: [UInt32] = []
        var bytes = block
        while !bytes.isEmpty {
            words.append(bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
            bytes = bytes.dropFirst(4)
        }
        for index in 16..<80 {
            words.append(
                self.rotate(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1)
            )
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for (index, word) in words.enumerated() {
            let (mixed, constant): (UInt32, UInt32) =
                switch index {
                case 0..<20: ((b & c) | (~b & d), 0x5a82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ed9_eba1)
                case 40..<60: ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc)
                default: (b ^ c ^ d, 0xca62_c1d6)
                }
            let next = self.rotate(a, 5) &+ mixed &+ e &+ word &+ constant
            (e, d, c, b, a) = (d, c, self.rotate(b, 30), a, next)
        }
        for (index, value) in [a, b, c, d, e].enumerated() { state[index] = state[index] &+ value }
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
}
