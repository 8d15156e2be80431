import Glibc

/// Reads files that are small, as a rule: tokens, certificates, local state, resolv.conf.
package enum SmallFile {
    /// Whether a path names something; a text that can't be a path doesn't.
    package static func exists(_ path: String) -> Bool {
        path.utf8.count <= 4_096 && !path.utf8.contains(0) && access(path, F_OK) == 0
    }

    /// The text of a file; nil when it can't be read, is larger than `limit` bytes, or isn't UTF-8.
    package static func read(_ path: String, limit: Int) -> String? {
        self.readBytes(path, limit: limit).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The bytes of a file; nil when it can't be read or is larger than `limit` bytes.
    package static func readBytes(_ path: String, limit: Int) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: min(limit + 1, 16_384))
        while true {
            let count = fread(&part, 1, part.count, file)
            bytes += part.prefix(count)
            guard bytes.count <= limit, ferror(file) == 0 else { return nil }
            if count < part.count { return bytes }
        }
    }
}
