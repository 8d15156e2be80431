import Foundation

/// The logs of a lab's containers, of running tasks and of ended ones.
package struct ContainerLogs: Sendable {
    /// One container's log file.
    package struct File: Sendable, Equatable {
        package var service: String
        package var task: String
        package var container: String
        package var path: String
    }

    /// How much of one file is shown, from its end.
    private static let limit: UInt64 = 4 << 20

    private let root: String

    /// The logs under a state directory.
    package init(_ files: StateDirectory) { self.root = files.logs }

    /// The files of a service and container, oldest first; nil stands for all.
    package func files(service: String?, container: String?, task: String? = nil) -> [File] {
        let manager = FileManager.default
        guard let walk = manager.enumerator(atPath: self.root) else { return [] }
        var found: [(Date, File)] = []
        for case let path as String in walk where path.hasSuffix(".log") {
            let parts = path.split(separator: "/").map(String.init)
            guard parts.count == 3 else { continue }
            let file = File(
                service: parts[0],
                task: parts[1],
                container: String(parts[2].dropLast(4)),
                path: "\(self.root)/\(path)"
            )
            guard service == nil || file.service == service, container == nil || file.container == container,
                task == nil || file.task.hasPrefix(task ?? "")
            else { continue }
            let attributes = try? manager.attributesOfItem(atPath: file.path)
            found.append(
                (attributes?[.creationDate] as? Date ?? attributes?[.modificationDate] as? Date ?? .distantPast, file)
            )
        }
        return found.sorted { ($0.0, $0.1.path) < ($1.0, $1.1.path) }.map(\.1)
    }

    /// A file's lines, each with who wrote it in front.
    package func text(of file: File) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: file.path) else {
            throw LabError(.notFound, "can't read \(file.path)")
        }
        defer { try? handle.close() }
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: size > Self.limit ? size - Self.limit : 0)
        let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        guard !text.isEmpty else { return "" }
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0)
            .map { "\(file.service)/\(file.task.prefix(8))/\(file.container) | \($0)\n" }
            .joined()
    }
}
