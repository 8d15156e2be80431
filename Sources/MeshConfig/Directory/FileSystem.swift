import Glibc

/// What tells one version of a file from another.
struct FileVersion: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
    var bytes: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    var changed: Int64

    init(_ status: stat) {
        self.device = UInt64(status.st_dev)
        self.inode = UInt64(status.st_ino)
        self.bytes = Int64(status.st_size)
        self.modified = Self.nanoseconds(status.st_mtim)
        self.changed = Self.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? Int64.max : seconds &+ Int64(time.tv_nsec)
    }

    /// When the file was last touched in any way.
    var touched: Int64 { max(self.modified, self.changed) }

    /// The present time by the same clock.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return self.nanoseconds(time)
    }
}

/// The few calls of the file system that reading a directory needs.
enum FileSystem {
    /// The text of the last error.
    static var lastError: String { String(cString: strerror(errno)) }

    /// A path without links.
    static func realPath(_ path: String) throws(Failure) -> String {
        guard let resolved = realpath(path, nil) else { throw Failure(errno) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The names in a folder, sorted, without `.` and `..`.
    ///
    /// - Returns: one name more than `limit` at most.
    static func names(in folder: String, limit: Int) throws(Failure) -> [String] {
        guard let directory = opendir(folder) else { throw Failure(errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while names.count <= limit {
            // The end and an error look the same but for this.
            errno = 0
            guard let entry = readdir(directory) else {
                let code = errno
                guard code == 0 else { throw Failure(code) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// What is at a path, without following a link.
    static func status(_ path: String) throws(Failure) -> stat {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw Failure(errno) }
        return status
    }

    static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }
    static func isLink(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFLNK }
    static func isFile(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }

    /// Why something could not be looked at.
    struct Failure: Error {
        /// The number of the error, as errno(3) has it; 0 where no call failed.
        var code: Int32
        var reason: String

        /// The failure of a call.
        init(_ code: Int32) {
            self.code = code
            self.reason = String(cString: strerror(code))
        }

        /// A failure that is no call's.
        init(reason: String) {
            self.code = 0
            self.reason = reason
        }

        /// Whether there is no such file. Whatever else failed tells nothing about what is there.
        var isMissing: Bool { self.code == ENOENT || self.code == ENOTDIR }

        /// Whether the process or the machine has no more of what the call needs.
        var isShortage: Bool { [EMFILE, ENFILE, ENOMEM].contains(self.code) }

        /// Whether the same call may succeed later without anybody doing anything: too many open files, a disk or a
        /// server that does not answer. What is not permitted, or is a link to itself, stays so.
        var isPassing: Bool { ![0, ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG].contains(self.code) }
    }

    /// What was read of a file, and of which version; nil where it changed meanwhile.
    typealias Content = (bytes: [UInt8], version: FileVersion?)

    /// Reads a regular file.
    ///
    /// - Parameter limit: of at most so many bytes; of a larger one only one byte more is read.
    /// - Returns: the content, and the version; nil as version where the file changed meanwhile.
    static func read(_ path: String, limit: Int) throws(Failure) -> Content {
        // Not blocking, so that a pipe of that name can't hold us.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw Failure(errno) }
        defer { close(file) }
        var before = stat()
        guard fstat(file, &before) == 0 else { throw Failure(errno) }
        guard self.isFile(before) else { throw Failure(reason: "it is no regular file") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(Int(clamping: before.st_size), limit) + 1)
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = Glibc.read(file, &buffer, min(buffer.count, limit + 1 - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(errno) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
        }
        var after = stat()
        guard fstat(file, &after) == 0 else { throw Failure(errno) }
        let version = FileVersion(after)
        return (bytes, FileVersion(before) == version ? version : nil)
    }
}
