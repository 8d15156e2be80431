/// Writes text into memory that has room for it.
struct HTTP1Cursor {
    private let start: UnsafeMutableRawPointer
    private(set) var count = 0

    init(_ start: UnsafeMutableRawPointer) { self.start = start }

    mutating func put(_ text: StaticString) {
        (self.start + self.count).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        self.count += text.utf8CodeUnitCount
    }

    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return }
            (self.start + self.count).copyMemory(from: base, byteCount: bytes.count)
            self.count += bytes.count
        }
    }

    mutating func put(_ number: Int) { self.put(String(number)) }

    /// Writes text all of whose bytes are allowed; false, and half of it is written, when one isn't.
    mutating func put(_ text: String, allowing isAllowed: (UInt8) -> Bool) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            let target = self.start + self.count
            for index in 0..<bytes.count {
                let byte = bytes[index]
                guard isAllowed(byte) else { return false }
                target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
            }
            self.count += bytes.count
            return true
        }
    }
}
