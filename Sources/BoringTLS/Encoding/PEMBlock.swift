/// One `-----BEGIN x-----` … `-----END x-----` block of RFC 7468.
package struct PEMBlock: Sendable, Hashable {
    /// What the block calls itself, such as `CERTIFICATE`.
    package var label: String
    /// The DER inside.
    package var bytes: [UInt8]

    package init(label: String, bytes: [UInt8]) {
        self.label = label
        self.bytes = bytes
    }

    /// Why a text isn't PEM; each case carries the number of the line.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case tooLarge(bytes: Int)
        case tooManyBlocks
        case unexpectedEnd(line: Int)
        case unterminated(line: Int)
        case invalidBase64(line: Int)

        package var description: String {
            switch self {
            case .tooLarge(let bytes): "PEM text of \(bytes) bytes; at most \(PEMBlock.textLimit) are allowed"
            case .tooManyBlocks: "more than \(PEMBlock.blockLimit) PEM blocks"
            case .unexpectedEnd(let line): "line \(line): END does not match a BEGIN before it"
            case .unterminated(let line): "line \(line): BEGIN without its END"
            case .invalidBase64(let line): "block that begins on line \(line) is not valid base64"
            }
        }
    }

    /// The largest text that is read, in bytes.
    package static let textLimit = 1024 * 1024
    /// The most blocks that are read.
    package static let blockLimit = 256

    /// All blocks of a text in order; what stands between them is ignored, as RFC 7468 allows.
    package static func parse(_ text: String) throws(Failure) -> [PEMBlock] {
        guard text.utf8.count <= textLimit else { throw .tooLarge(bytes: text.utf8.count) }
        var blocks: [PEMBlock] = []
        var open: (label: Substring.UTF8View, line: Int)?
        var body: [UInt8] = []
        var number = 0
        for rawLine in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let line = trimmed(rawLine)
            if let label = marker("-----BEGIN ", line) {
                if let open { throw .unterminated(line: open.line) }
                guard blocks.count < blockLimit else { throw .tooManyBlocks }
                open = (label, number)
                body = []
            } else if let label = marker("-----END ", line) {
                guard let began = open, began.label.elementsEqual(label) else { throw .unexpectedEnd(line: number) }
                guard let bytes = Base64.decode(body) else { throw .invalidBase64(line: began.line) }
                blocks.append(PEMBlock(label: String(Substring(label)), bytes: bytes))
                open = nil
            } else if open != nil {
                body.append(contentsOf: line)
            }
        }
        if let open { throw .unterminated(line: open.line) }
        return blocks
    }

    /// The block as text, in lines of 64 characters.
    package var text: String {
        var text = "-----BEGIN \(label)-----\n"
        var rest = Base64.encode(bytes)[...]
        while !rest.isEmpty {
            text += rest.prefix(64)
            text += "\n"
            rest = rest.dropFirst(64)
        }
        return text + "-----END \(label)-----\n"
    }

    private static func marker(_ start: StaticString, _ line: Substring.UTF8View) -> Substring.UTF8View? {
        let startBytes = UnsafeBufferPointer(start: start.utf8Start, count: start.utf8CodeUnitCount)
        guard line.starts(with: startBytes) else { return nil }
        let rest = line.dropFirst(startBytes.count)
        guard rest.count > 5, rest.suffix(5).allSatisfy({ $0 == UInt8(ascii: "-") }) else { return nil }
        return rest.dropLast(5)
    }

    private static func trimmed(_ line: Substring.UTF8View) -> Substring.UTF8View {
        var line = line
        while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0D { line = line.dropLast() }
        while let first = line.first, first == 0x20 || first == 0x09 { line = line.dropFirst() }
        return line
    }
}
