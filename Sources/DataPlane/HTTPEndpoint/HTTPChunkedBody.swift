/// Puts a chunked body together, up to a limit (RFC 9112 §7.1). Extensions and trailers are read over.
struct HTTPChunkedBody {
    /// What the bytes so far amount to.
    enum Progress: Hashable {
        case more, finished, malformed, tooLarge
    }

    private enum State {
        /// In the line with the size.
        case size
        /// In a chunk with this many bytes left.
        case data(left: Int)
        /// In the line end after a chunk.
        case dataEnd
        /// In the lines after the last chunk.
        case trailer
    }

    /// How long a size or trailer line may be, and how many bytes all trailers may take.
    private static let maximumLine = 1_024
    private static let maximumTrailers = 8 * 1_024

    private(set) var bytes: [UInt8] = []
    private let limit: Int
    private var state = State.size
    private var line: [UInt8] = []
    private var trailerBytes = 0

    init(limit: Int) {
        self.limit = limit
    }

    mutating func receive(_ input: [UInt8]) -> Progress {
        var rest = input[...]
        while let byte = rest.first {
            if case .data(let left) = self.state {
                let part = rest.prefix(left)
                self.bytes.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
                self.state = part.count == left ? .dataEnd : .data(left: left - part.count)
                continue
            }
            rest = rest.dropFirst()
            self.line.append(byte)
            guard byte == 0x0a else {
                guard self.line.count <= Self.maximumLine else { return .malformed }
                continue
            }
            guard self.line.count >= 2, self.line[self.line.count - 2] == 0x0d else { return .malformed }
            let line = self.line.dropLast(2)
            self.line = []
            if let end = self.take(line) { return end }
        }
        return .more
    }

    /// Takes a line without its end; nil to go on.
    private mutating func take(_ line: ArraySlice<UInt8>) -> Progress? {
        switch self.state {
        case .size:
            let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
            guard (1...8).contains(digits.count), let size = Self.hex(digits) else { return .malformed }
            guard size <= self.limit - self.bytes.count else { return .tooLarge }
            self.state = size == 0 ? .trailer : .data(left: size)
        case .dataEnd:
            guard line.isEmpty else { return .malformed }
            self.state = .size
        case .trailer:
            if line.isEmpty { return .finished }
            self.trailerBytes += line.count
            if self.trailerBytes > Self.maximumTrailers { return .tooLarge }
        case .data:
            return .malformed
        }
        return nil
    }

    private static func hex(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | Int(digit - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | Int(digit - 87)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | Int(digit - 55)
            default: return nil
            }
        }
        return value
    }
}
