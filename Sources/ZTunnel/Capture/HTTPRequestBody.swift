import DataPlane

/// Follows the body of a forwarded request to its end, without keeping it.
///
/// What a client sends behind that end is a second request, which may be meant for another origin.
package struct HTTPRequestBody: Hashable, Sendable {
    private enum State: Hashable {
        /// So many bytes are left.
        case counted(Int)
        /// In the line with a chunk's size; with the digits so far, and whether they are over.
        case size(value: Int, digits: Int, isOver: Bool)
        /// In a chunk with this many bytes left.
        case data(Int)
        /// In the line end after a chunk.
        case dataEnd
        /// In the lines after the last chunk; how many bytes the current one has.
        case trailer(Int)
        case ended
    }

    private var state: State
    private var previous: UInt8 = 0
    /// Bytes of size lines and trailers, which are bounded.
    private var lineBytes = 0

    /// How many bytes a line, or all trailers, may have.
    private static let maximumLine = 8 * 1_024

    /// A body of this length; one that the request doesn't state is empty.
    init(_ length: HTTPBodyLength) {
        switch length {
        case .unstated: self.state = .ended
        case .bytes(let count): self.state = count > 0 ? .counted(count) : .ended
        case .chunked: self.state = .size(value: 0, digits: 0, isOver: false)
        }
    }

    /// How many of the bytes, which follow those given before, belong to the request.
    ///
    /// Nothing belongs to it behind chunks that are malformed, as nobody knows where they end.
    package mutating func count(of bytes: some Collection<UInt8>) -> Int {
        var count = 0
        var rest = bytes[...]
        while let byte = rest.first {
            switch self.state {
            case .ended:
                return count
            case .counted(let left):
                let taken = min(left, rest.count)
                self.state = taken == left ? .ended : .counted(left - taken)
                count += taken
                rest = rest.dropFirst(taken)
            case .data(let left):
                let taken = min(left, rest.count)
                self.state = taken == left ? .dataEnd : .data(left - taken)
                count += taken
                rest = rest.dropFirst(taken)
            case .size, .dataEnd, .trailer:
                self.take(byte)
                self.previous = byte
                count += 1
                rest = rest.dropFirst()
            }
        }
        return count
    }

    /// Takes a byte of a line; every line ends with CR LF and nothing else.
    private mutating func take(_ byte: UInt8) {
        self.lineBytes += 1
        let endsLine = byte == UInt8(ascii: "\n") && self.previous == UInt8(ascii: "\r")
        let isStray =
            byte == UInt8(ascii: "\n") && !endsLine || byte != UInt8(ascii: "\n") && self.previous == UInt8(ascii: "\r")
        guard !isStray, self.lineBytes <= Self.maximumLine else { return self.state = .ended }
        switch self.state {
        case .size(let value, let digits, let isOver):
            if endsLine {
                guard digits > 0 else { return self.state = .ended }
                self.state = value == 0 ? .trailer(0) : .data(value)
                self.lineBytes = 0
            } else if let digit = Self.hex(byte), !isOver {
                // Twelve digits are 256 TiB; more would only serve to overflow somebody's counter.
                guard digits < 12 else { return self.state = .ended }
                self.state = .size(value: value << 4 | digit, digits: digits + 1, isOver: false)
            } else {
                let mayFollow = [UInt8(ascii: "\r"), UInt8(ascii: ";"), 0x20, 0x09].contains(byte)
                guard digits > 0, isOver || mayFollow else { return self.state = .ended }
                self.state = .size(value: value, digits: digits, isOver: true)
            }
        case .dataEnd:
            if endsLine {
                self.state = .size(value: 0, digits: 0, isOver: false)
                self.lineBytes = 0
            } else if byte != UInt8(ascii: "\r") {
                self.state = .ended
            }
        case .trailer(let length):
            if endsLine {
                self.state = length == 0 ? .ended : .trailer(0)
            } else if byte != UInt8(ascii: "\r") {
                self.state = .trailer(length + 1)
            }
        case .counted, .data, .ended:
            break
        }
    }

    private static func hex(_ digit: UInt8) -> Int? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(digit - 48)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(digit - 87)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(digit - 55)
        default: nil
        }
    }
}
