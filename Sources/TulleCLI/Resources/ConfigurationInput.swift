import Foundation
import MeshConfig

/// A stream of configuration documents: a file's or the standard input's.
struct ConfigurationInput: Sendable, Hashable {
    /// The path as it was given, or `-`.
    var name: String
    /// The text.
    var text: String

    /// Most files of one directory.
    static let mostFiles = ConfigurationLimits.standard.files
    /// Most bytes of one file: what the control plane takes.
    static let mostBytes = ConfigurationLimits.standard.fileBytes

    /// What files of configuration end in.
    static let usualSuffixes = [".yaml", ".yml", ".json"]

    /// Reads what `-f` names: a file, all files below a directory that end in one of the suffixes, or `-` for standard
    /// input.
    /// - Throws: `CommandFailure` that names the path, with status 66.
    static func read(
        _ path: String,
        suffixes: [String] = ConfigurationInput.usualSuffixes
    ) throws -> [ConfigurationInput] {
        if path == "-" {
            return [ConfigurationInput(name: "-", text: try BoundedInput.text(at: "-", mostBytes: Self.mostBytes))]
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            return [ConfigurationInput(name: path, text: try BoundedInput.text(at: path, mostBytes: Self.mostBytes))]
        }
        let files = try Self.files(below: path, suffixes)
        guard !files.isEmpty else {
            let kinds =
                suffixes.count > 1
                ? suffixes.dropLast().joined(separator: ", ") + " or \(suffixes.last ?? "")" : suffixes.joined()
            throw CommandFailure(
                "\(path) holds no \(kinds) file",
                hint: "name the directory with the documents",
                status: .noInput
            )
        }
        var bytes = 0
        return try files.map { file in
            let text = try BoundedInput.text(at: file, mostBytes: Self.mostBytes)
            bytes += text.utf8.count
            guard bytes <= ConfigurationLimits.standard.directoryBytes else {
                throw CommandFailure(
                    "the files below \(path) have more than \(ConfigurationLimits.standard.directoryBytes) bytes",
                    hint: "is it the right directory?",
                    status: .noInput
                )
            }
            return ConfigurationInput(name: file, text: text)
        }
    }

    /// Reads what several `-f` name.
    static func read(
        _ paths: [String],
        suffixes: [String] = ConfigurationInput.usualSuffixes
    ) throws -> [ConfigurationInput] {
        try paths.flatMap { try Self.read($0, suffixes: suffixes) }
    }

    private static func files(below path: String, _ suffixes: [String]) throws(CommandFailure) -> [String] {
        var files: [String] = []
        let top = path.hasSuffix("/") ? String(path.dropLast()) : path
        let found = FileManager.default.enumerator(atPath: path)
        while let name = found?.nextObject() as? String {
            guard suffixes.contains(where: name.hasSuffix) else { continue }
            // As tulled reads its directory: what begins with a dot is a half-written or a hidden file.
            guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
            files.append("\(top)/\(name)")
            guard files.count <= Self.mostFiles else {
                throw CommandFailure(
                    "\(path) holds more than \(Self.mostFiles) files",
                    hint: "is it the right directory?",
                    status: .noInput
                )
            }
        }
        return files.sorted()
    }
}
