import Foundation
import Glibc
import Synchronization

/// The one directory in which the control plane keeps what must outlive a restart: keys, certificates, allocations.
///
/// It belongs to this process alone: mode 0700, owned by the effective user, locked while open. Files in it are
/// 0600 and replaced whole (write aside, sync, rename), so that a crash leaves either the old or the new content.
package final class StateDirectory: Sendable {
    /// Where the directory is, as configured.
    package let path: String
    private let lock: Int32

    /// The largest file that `read` accepts unless told otherwise, in bytes.
    package static let fileBytes = 8 << 20

    /// Opens the directory, and makes it (mode 0700) when it does not exist.
    ///
    /// - Throws: `AuthorityError` with `state_unsafe` when others may read or write it or it has another owner,
    ///   `state_in_use` when another process holds it, `state_unwritable` when it cannot be made.
    package init(path: String) throws(AuthorityError) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw AuthorityError(.stateUnwritable, "cannot make the state directory \(path): \(Self.reason(errno))")
        }
        // With the dot, a link to a directory counts as that directory, and anything else is not there.
        guard let facts = FileFacts(path: "\(path)/.") else {
            if FileFacts(path: path) != nil { throw AuthorityError(.stateUnsafe, "\(path) is not a directory") }
            throw AuthorityError(.stateUnreadable, "cannot look at the state directory \(path)")
        }
        guard facts.isDirectory else { throw AuthorityError(.stateUnsafe, "\(path) is not a directory") }
        guard facts.owner == geteuid() else {
            throw AuthorityError(
                .stateUnsafe,
                "\(path) belongs to user \(facts.owner), but this process runs as \(geteuid()): chown it"
            )
        }
        guard !facts.isOpenToOthers else {
            throw AuthorityError(
                .stateUnsafe,
                "\(path) has mode \(facts.modeText), others can reach the keys: chmod 0700 it"
            )
        }
        let lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else {
            throw AuthorityError(.stateUnwritable, "cannot open \(path)/lock: \(Self.reason(errno))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw AuthorityError(.stateInUse, "\(path) is held by another process: give each control plane its own")
        }
        self.lock = lock
        self.removeLeftovers()
    }

    /// Removes what a crash in the middle of a write left beside the files: it may hold a key that nobody would ever
    /// delete. Only the holder of the lock writes, so nothing here is still in use.
    private func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? []
        for name in names where name.hasPrefix(".") && name.hasSuffix(".new") { unlink("\(self.path)/\(name)") }
    }

    deinit { close(self.lock) }

    /// Reads one file whole.
    ///
    /// - Parameters:
    ///   - name: a plain file name inside the directory.
    ///   - limit: the largest size accepted, in bytes.
    /// - Returns: the content, or nil when there is no such file.
    /// - Throws: `AuthorityError` with `state_unsafe` when others may read it, `state_corrupt` when it is too large
    ///   or no plain file, `state_unreadable` when the system refuses.
    package func read(_ name: String, limit: Int = StateDirectory.fileBytes) throws(AuthorityError) -> [UInt8]? {
        let file = "\(self.path)/\(name)"
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw AuthorityError(.stateUnreadable, "cannot open \(file): \(Self.reason(errno))")
        }
        defer { close(descriptor) }
        // By path: nobody else can put another file here, as the directory is ours alone.
        guard let facts = FileFacts(path: file) else {
            throw AuthorityError(.stateUnreadable, "cannot look at \(file)")
        }
        guard facts.isPlainFile else { throw AuthorityError(.stateCorrupt, "\(file) is not a plain file") }
        guard !facts.isOpenToOthers else {
            throw AuthorityError(
                .stateUnsafe,
                "\(file) has mode \(facts.modeText), others can reach it: chmod 0600 it"
            )
        }
        guard facts.size <= limit else {
            throw AuthorityError(.stateCorrupt, "\(file) holds \(facts.size) bytes, at most \(limit) are accepted")
        }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while content.count <= limit {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw AuthorityError(.stateUnreadable, "cannot read \(file): \(Self.reason(errno))")
            }
            if count == 0 { return content }
            content.append(contentsOf: chunk.prefix(count))
        }
        throw AuthorityError(.stateCorrupt, "\(file) grew past \(limit) bytes while it was read")
    }

    /// Replaces one file whole, with mode 0600.
    ///
    /// - Throws: `AuthorityError` with `state_unwritable`; the old content then still stands.
    package func write(_ name: String, _ content: [UInt8]) throws(AuthorityError) {
        let file = "\(self.path)/\(name)"
        let aside = "\(self.path)/.\(name).\(UInt64.random(in: .min ... .max)).new"
        let descriptor = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw AuthorityError(.stateUnwritable, "cannot create \(file) anew: \(Self.reason(errno))")
        }
        var failure = Self.writeAll(content, to: descriptor)
        if failure == 0, fsync(descriptor) != 0 { failure = errno }
        close(descriptor)
        if failure == 0, rename(aside, file) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(aside)
            throw AuthorityError(.stateUnwritable, "cannot write \(file): \(Self.reason(failure))")
        }
        // The rename itself must reach the disk too.
        self.syncNames()
    }

    /// Removes one file; it is no error when there is none.
    ///
    /// - Throws: `AuthorityError` with `state_unwritable`.
    package func remove(_ name: String) throws(AuthorityError) {
        guard unlink("\(self.path)/\(name)") == 0 || errno == ENOENT else {
            throw AuthorityError(.stateUnwritable, "cannot remove \(self.path)/\(name): \(Self.reason(errno))")
        }
        self.syncNames()
    }

    private func syncNames() {
        let directory = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    private static func writeAll(_ content: [UInt8], to descriptor: Int32) -> Int32 {
        content.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count == 0 ? EIO : errno }
                rest = rest.dropFirst(count)
            }
            return 0
        }
    }

    static func reason(_ number: Int32) -> String {
        String(cString: strerror(number))
    }
}
