import Glibc

/// What tells one content of a file from the next without reading it.
///
/// Links are followed, so that the swap of a link by which Kubernetes updates its volumes is a change.
package struct FileStamp: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: [Int]
    private let changed: [Int]

    /// Looks at the file; nil when there is none.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.device = UInt64(status.st_dev)
        self.inode = UInt64(status.st_ino)
        self.size = Int64(status.st_size)
        self.modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        self.changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}
