import AWSClient
import Foundation

/// Files that a person names, read up to a limit.
enum BoundedInput {
    /// Most bytes of a file; a task definition may have 64 KiB.
    static let mostBytes = 1 << 20

    /// The file's text, or that of standard input for `-`.
    /// - Throws: `CommandFailure` that names the path.
    static func text(at path: String, mostBytes: Int = BoundedInput.mostBytes) throws(CommandFailure) -> String {
        let data: Data
        do {
            let file = path == "-" ? .standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            data = try file.read(upToCount: mostBytes + 1) ?? Data()
        } catch {
            throw CommandFailure("cannot read \(path)", hint: "check the path and its permissions", status: .noInput)
        }
        guard data.count <= mostBytes else {
            throw CommandFailure(
                "\(path) is longer than \(mostBytes) bytes",
                hint: "is it the right file?",
                status: .noInput
            )
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandFailure("\(path) is not UTF-8 text", hint: "is it the right file?", status: .noInput)
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
