import Foundation
import Glibc

/// What /proc tells of processes that aren't our children.
package struct ProcessTable: Sendable {
    /// Environment variable by which the lab finds its containers again after a crash.
    package static let marker = "TULLE_LAB_ID"

    private let root: String

    /// A table that reads another directory than /proc in tests.
    package init(root: String = "/proc") { self.root = root }

    /// When a process started, in clock ticks since boot: with its id it names a process for ever.
    package func startTime(of id: Int32) -> UInt64? {
        guard let text = try? String(contentsOfFile: "\(self.root)/\(id)/stat", encoding: .utf8) else { return nil }
        // The name in parentheses may hold anything, so count from the last parenthesis: field 3 follows it.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields.first != "Z" else { return nil }
        return UInt64(fields[19])
    }

    /// Ids of the processes whose environment has `TULLE_LAB_ID=<id>`.
    package func processes(markedWith labID: String) -> [Int32] {
        let wanted = Array("\(Self.marker)=\(labID)".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: self.root)) ?? []
        return names.compactMap { Int32($0) }.filter { id in
            guard let data = FileManager.default.contents(atPath: "\(self.root)/\(id)/environ") else { return false }
            return data.split(separator: 0).contains { $0.elementsEqual(wanted) }
        }
    }
}
