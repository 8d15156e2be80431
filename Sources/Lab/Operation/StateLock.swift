import Glibc

/// Held by the lab that runs in a state directory; it goes with the process, however that ends.
package struct StateLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// Fails if a lab runs in the directory.
    package init(_ files: StateDirectory) throws {
        self.descriptor = open(files.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else {
            throw LabError(.commandFailed, "can't open \(files.lock): \(String(cString: strerror(errno)))")
        }
        guard flock(self.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(self.descriptor)
            throw LabError(.alreadyRunning, "a lab runs in \(files.root): `tulle-lab down` ends it")
        }
    }

    /// Gives the lock back.
    package func release() { close(self.descriptor) }
}
