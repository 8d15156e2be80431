import Glibc

/// The calls with which a directory is read. Tests put failing ones in their place.
struct FileCalls: Sendable {
    /// A path without links.
    var realPath: @Sendable (_ path: String) throws(FileSystem.Failure) -> String
    /// The names in a folder, sorted; one more than the limit at most.
    var names: @Sendable (_ folder: String, _ limit: Int) throws(FileSystem.Failure) -> [String]
    /// What is at a path, without following a link.
    var status: @Sendable (_ path: String) throws(FileSystem.Failure) -> stat
    /// A regular file's content, and one byte more than the limit at most; see ``FileSystem/read(_:limit:)``.
    var read: @Sendable (_ path: String, _ limit: Int) throws(FileSystem.Failure) -> FileSystem.Content

    /// The system's.
    static let system = FileCalls(
        realPath: { (path) throws(FileSystem.Failure) in try FileSystem.realPath(path) },
        names: { (folder, limit) throws(FileSystem.Failure) in try FileSystem.names(in: folder, limit: limit) },
        status: { (path) throws(FileSystem.Failure) in try FileSystem.status(path) },
        read: { (path, limit) throws(FileSystem.Failure) in try FileSystem.read(path, limit: limit) }
    )
}
