/// One resource in force as a file: a line that tells where it stood, and its text.
///
/// The line is a YAML comment of words: `# tulle-last-good`, a check over all that follows it, the document's number and
/// line in its file, whether the key stands in the document's present text (`key`, or `none`), what tells that text from
/// others, and the path of the file.
struct LastGoodFile: Equatable, Sendable {
    /// The path of the declaring file below the configuration's directory.
    var file: String
    /// The document's number in it, counted from 0.
    var index: Int
    /// The line where the resource was written, counted from 1.
    var line: Int
    /// Whether the key stands in the document's present text.
    var isKeyRead: Bool
    /// Tells the document's present text from others.
    var fingerprint: UInt64
    /// The text of the resource in force.
    var text: String

    private static let mark = "# tulle-last-good "

    /// What is to be kept of an entry; nil where it has no resource in force, or no text of it.
    init?(_ entry: ConfigurationSet.Entry) {
        guard let resource = entry.resource, let text = entry.text else { return nil }
        self.file = entry.file
        self.index = entry.index
        self.line = resource.origin.line
        self.isKeyRead = entry.isKeyRead
        self.fingerprint = entry.fingerprint
        self.text = text
    }

    /// Reads a file's content; nil where it is damaged.
    init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: Self.mark.utf8), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = bytes[Self.mark.utf8.count..<end].split(separator: UInt8(ascii: " "), maxSplits: 5)
        guard words.count == 6, let check = Self.hexadecimal(words[0]),
            Fingerprint.of(bytes[words[1].startIndex...]) == check,
            let index = Int(String(decoding: words[1], as: UTF8.self)),
            let line = Int(String(decoding: words[2], as: UTF8.self)),
            let fingerprint = Self.hexadecimal(words[4])
        else { return nil }
        self.file = Self.unescaped(words[5])
        self.index = index
        self.line = line
        self.isKeyRead = words[3].elementsEqual("key".utf8)
        self.fingerprint = fingerprint
        self.text = String(decoding: bytes[(end + 1)...], as: UTF8.self)
    }

    /// The file's content.
    var bytes: [UInt8] {
        let words = [
            "\(self.index)", "\(self.line)", self.isKeyRead ? "key" : "none", String(self.fingerprint, radix: 16),
        ]
        let rest =
            Array("\(words.joined(separator: " ")) ".utf8) + Self.escaped(self.file) + Array("\n\(self.text)".utf8)
        return Array("\(Self.mark)\(String(Fingerprint.of(rest), radix: 16)) ".utf8) + rest
    }

    private static func hexadecimal(_ word: ArraySlice<UInt8>) -> UInt64? {
        UInt64(String(decoding: word, as: UTF8.self), radix: 16)
    }

    /// A path on one line: `%` and the end of a line are written as `%` and two digits.
    private static func escaped(_ path: String) -> [UInt8] {
        path.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "%"): Array("%25".utf8)
            case UInt8(ascii: "\n"): Array("%0a".utf8)
            default: [byte]
            }
        }
    }

    private static func unescaped(_ path: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var rest = path
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                bytes.append(rest.starts(with: "0a".utf8) ? UInt8(ascii: "\n") : byte)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
