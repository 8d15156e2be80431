import AWSClient

/// Takes a text apart that holds JSON documents one after the other, as a loop over `aws … >> file` leaves them.
enum ExportDocuments {
    /// Most documents of one file.
    static let most = 10_000

    /// The documents with their places: nothing for the only one, `[0]`, `[1]`… else. One array stands for its elements.
    /// - Throws: `CommandFailure` that names the file.
    static func read(_ text: String, file: String) throws(CommandFailure) -> [(place: String, value: JSONValue)] {
        var values: [JSONValue] = []
        for part in try self.parts(text, file: file) {
            do {
                values.append(try JSONValue(parsing: part))
            } catch {
                let which = values.isEmpty ? "" : " (document \(values.count + 1) of the file)"
                throw CommandFailure(
                    "\(file): \(error)\(which)",
                    hint: "name files with the output of 'aws appmesh describe-…' and 'aws ecs describe-…'"
                )
            }
        }
        if values.count == 1, let elements = values.first?.array { values = elements }
        guard values.count <= self.most else { throw self.tooMany(file) }
        if values.count == 1, let value = values.first { return [("", value)] }
        return values.enumerated().map { ("[\($0.offset)]", $0.element) }
    }

    /// Cuts where a bracket closes that was the outermost. What is wrong inside a part is for the parser to say.
    private static func parts(_ text: String, file: String) throws(CommandFailure) -> [ArraySlice<UInt8>] {
        let bytes = Array(text.utf8)
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        var depth = 0
        var isText = false
        var isEscaped = false
        for (index, byte) in bytes.enumerated() {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                guard depth == 0 else { continue }
                guard parts.count < self.most else { throw self.tooMany(file) }
                parts.append(bytes[start...index])
                start = index + 1
            default: break
            }
        }
        let rest = bytes[start...]
        if parts.isEmpty || rest.contains(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }) { parts.append(rest) }
        return parts
    }

    private static func tooMany(_ file: String) -> CommandFailure {
        CommandFailure("\(file) holds more than \(self.most) documents", hint: "is it the right file?")
    }
}
