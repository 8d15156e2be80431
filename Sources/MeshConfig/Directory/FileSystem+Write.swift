import Glibc

extension FileSystem {
    /// Writes a new file, in place of one that is there.
    ///
    /// - Parameter isSynced: whether to wait until the disk has it.
    static func create(_ path: String, _ bytes: [UInt8], mode: mode_t, isSynced: Bool) throws(Failure) {
        unlink(path)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw Failure(errno) }
        let isWritten = self.write(bytes, to: file) && (!isSynced || fsync(file) == 0)
        let failure = Failure(errno)
        close(file)
        guard !isWritten else { return }
        unlink(path)
        throw failure
    }

    /// Writes all bytes.
    ///
    /// - Returns: false where that failed, with the reason in errno(3).
    static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
