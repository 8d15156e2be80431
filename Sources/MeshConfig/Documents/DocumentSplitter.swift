/// Splits a file into documents before anything is parsed, so that a broken one can't take others with it.
///
/// A line that begins with `---` or `...` always ends what was before it, also inside quotes and block texts (YAML 1.2
/// §9.1.2, `c-forbidden`), so a look at the first three bytes of each line is enough.
struct DocumentSplitter {
    /// One document's text.
    struct Chunk {
        var text: ArraySlice<UInt8>
        /// The line of its first byte, counted from 1.
        var firstLine: Int

        /// The line of its end, counted from 1.
        var lastLine: Int {
            var line = self.firstLine
            var previous: UInt8 = 0
            for byte in self.text {
                // A carriage return alone ends a line too.
                if byte == UInt8(ascii: "\n") { line += 1 }
                if previous == UInt8(ascii: "\r"), byte != UInt8(ascii: "\n") { line += 1 }
                previous = byte
            }
            return line
        }
    }

    private let bytes: ArraySlice<UInt8>
    private var chunks: [Chunk] = []
    private var start: Int
    private var startLine = 1
    private var hasContent = false

    /// The documents of a file, without empty ones; at most `limit` + 1 of them, so that the caller sees the excess.
    static func split(_ bytes: [UInt8], limit: Int) -> [Chunk] {
        var splitter = DocumentSplitter(bytes)
        splitter.run(limit: limit)
        return splitter.chunks
    }

    private init(_ bytes: [UInt8]) {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        self.bytes = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        self.start = self.bytes.startIndex
    }

    private mutating func run(limit: Int) {
        var lineStart = self.bytes.startIndex
        var line = 1
        while lineStart < self.bytes.endIndex, self.chunks.count <= limit {
            let lineEnd = self.bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n")) ?? self.bytes.endIndex
            let next = min(lineEnd + 1, self.bytes.endIndex)
            self.take(self.bytes[lineStart..<lineEnd], next: next, line: line)
            lineStart = next
            line += 1
        }
        self.close(before: self.bytes.endIndex)
        self.chunks = Array(self.chunks.prefix(limit + 1))
    }

    private mutating func take(_ text: ArraySlice<UInt8>, next: Int, line: Int) {
        switch Self.marker(text) {
        case .begin:
            self.close(before: text.startIndex)
            // What follows on the marker's own line belongs to the document.
            self.start = text.startIndex
            self.startLine = line
            self.hasContent = Self.isContent(text.dropFirst(3))
        case .end:
            self.close(before: text.startIndex)
            self.start = next
            self.startLine = line + 1
        case nil:
            // A directive says which YAML comes; the parser reads one kind only.
            if !self.hasContent, text.first == UInt8(ascii: "%") {
                self.start = next
                self.startLine = line + 1
            } else if Self.isContent(text) {
                self.hasContent = true
            }
        }
    }

    private mutating func close(before end: Int) {
        if self.hasContent { self.chunks.append(Chunk(text: self.bytes[self.start..<end], firstLine: self.startLine)) }
        self.hasContent = false
    }

    private enum Marker { case begin, end }

    private static func marker(_ line: ArraySlice<UInt8>) -> Marker? {
        let rest = line.dropFirst(3)
        guard line.count >= 3, rest.first.map({ self.isBlank($0) }) ?? true else { return nil }
        if line.starts(with: [UInt8](repeating: UInt8(ascii: "-"), count: 3)) { return .begin }
        if line.starts(with: [UInt8](repeating: UInt8(ascii: "."), count: 3)) { return .end }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    /// Whether a line holds more than white space and a comment.
    private static func isContent(_ line: ArraySlice<UInt8>) -> Bool {
        line.first { !self.isBlank($0) }.map { $0 != UInt8(ascii: "#") } ?? false
    }
}
