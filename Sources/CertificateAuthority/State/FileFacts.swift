import Foundation

/// What the system says about a file: kind, mode, owner and size.
///
/// By way of Foundation, because `struct stat` comes out of several C modules at once, and which of them owns it
/// depends on what else is compiled along.
struct FileFacts: Sendable, Hashable {
    let isPlainFile: Bool
    let isDirectory: Bool
    /// The permission bits.
    let mode: UInt16
    let owner: UInt32
    let size: Int64

    /// Looks at a path without following a link at its end; nil when the system does not say all of it.
    init?(path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let type = attributes[.type] as? FileAttributeType,
            let mode = Self.integer(attributes[.posixPermissions]).flatMap({ UInt16(exactly: $0) }),
            let owner = Self.integer(attributes[.ownerAccountID]).flatMap({ UInt32(exactly: $0) }),
            let size = Self.integer(attributes[.size])
        else { return nil }
        self.isPlainFile = type == .typeRegular
        self.isDirectory = type == .typeDirectory
        self.mode = mode
        self.owner = owner
        self.size = size
    }

    /// Whether anyone but the owner has any right to it.
    var isOpenToOthers: Bool { self.mode & 0o077 != 0 }

    /// The mode as people write it, such as `0640`.
    var modeText: String { "0" + String(self.mode & 0o777, radix: 8) }

    private static func integer(_ value: Any?) -> Int64? {
        if let integer = value as? any BinaryInteger { return Int64(exactly: integer) }
        return (value as? NSNumber)?.int64Value
    }
}
