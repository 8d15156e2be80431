import Foundation

/// What changes when a file is replaced or written, cheap to look at. Links are followed, as a mounted secret is a
/// link that is pointed elsewhere.
struct FileStamp: Sendable, Hashable {
    let number: UInt64
    let size: Int64
    let modified: Date

    /// Nil when there is no such file.
    init?(path: String) {
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
            let number = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value,
            let size = (attributes[.size] as? NSNumber)?.int64Value,
            let modified = attributes[.modificationDate] as? Date
        else { return nil }
        self.number = number
        self.size = size
        self.modified = modified
    }
}
