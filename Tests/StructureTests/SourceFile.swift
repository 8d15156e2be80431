import Foundation

/// A Swift file of ours, as far as structure goes.
struct SourceFile {
    /// The path below the repository's top folder.
    var path: String
    /// The modules that it imports.
    var imports: [String]
    /// Its lines without comments.
    var lines: [Substring]

    /// All Swift files below a folder.
    static func all(in folder: String) throws -> [SourceFile] {
        let top = PackageDescription.root.appending(path: folder)
        guard let paths = FileManager.default.enumerator(atPath: top.path) else { return [] }
        var files: [SourceFile] = []
        for case let path as String in paths where path.hasSuffix(".swift") {
            let text = try String(contentsOf: top.appending(path: path), encoding: .utf8)
            files.append(SourceFile(path: "\(folder)/\(path)", text: text))
        }
        return files
    }

    init(path: String, text: String) {
        self.path = path
        self.lines = text.split(separator: "\n").compactMap { line in
            let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
            return code.allSatisfy(\.isWhitespace) ? nil : code
        }
        self.imports = self.lines.compactMap { Self.importedModule(in: $0) }
    }

    private static let modifiers: Set<Substring> = ["package", "internal", "private", "fileprivate", "public"]
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor",
    ]

    /// The module of an import line, in whatever form: `@preconcurrency package import struct Module.Name`.
    static func importedModule(in line: Substring) -> String? {
        let words = line.split(separator: " ")
            .drop { $0.hasPrefix("@") || self.modifiers.contains($0) }
        guard words.first == "import" else { return nil }
        let rest = words.dropFirst().drop { self.kinds.contains($0) }
        return rest.first.map { String($0.prefix { $0 != "." && $0 != ";" }) }
    }
}
