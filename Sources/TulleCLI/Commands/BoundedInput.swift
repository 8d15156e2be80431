import AWSClient
import Foundation

/// Files that a person names, read up to a limit.
enum BoundedInput {
    /// Most bytes of a file; a task definition may have 64 KiB.
    static let mostBytes = 1 << 20

    /// The file's text.
    /// - Throws: `CommandFailure` that names the path.
    static func text(at path: String) throws(CommandFailure) -> String {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            data = try file.read(upToCount: self.mostBytes + 1) ?? Data()
        } catch {
            throw CommandFailure("cannot read \(path)", hint: "check the path and its permissions")
        }
        guard data.count <= self.mostBytes else {
            throw CommandFailure("\(path) is longer than \(self.mostBytes) bytes", hint: "is it the right file?")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandFailure("\(path) is not UTF-8 text", hint: "is it the right file?")
        }
        return text
    }
}

extension TaskDefinition {
    /// How definitions are laid out for people.
    static let layout = JSONValue.Layout.indented(2)

    /// Reads a definition from a file.
    /// - Throws: `CommandFailure` for the file and its JSON, `EnrolmentRefusal` for what it says.
    init(contentsOf path: String) throws {
        let text = try BoundedInput.text(at: path)
        let json: JSONValue
        do {
            json = try JSONValue(parsing: text)
        } catch {
            throw CommandFailure("\(path): \(error)", hint: "the file must hold one JSON document")
        }
        try self.init(json)
    }
}
