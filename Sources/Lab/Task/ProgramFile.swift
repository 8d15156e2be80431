import Glibc

/// A copy of a program that is safe to run the moment it is there.
enum ProgramFile {
    /// Bytes copied at a time.
    private static let portion = 1 << 20

    /// Copies a program to where a file of an older copy may be in use, and makes it executable for everyone.
    ///
    /// Nobody sees a part of it: it is written beside its place and moved there. No child of ours holds the file open for
    /// writing afterwards, or it could not be run for as long as that child lives.
    ///
    /// - Throws: `LabError` with `command_failed` naming the file and the system's reason.
    static func copy(from source: String, to target: String) throws(LabError) {
        let temporary = "\(target).new"
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw self.failure("read", source) }
        defer { close(input) }
        try SpawnTurn.hold { () throws(LabError) in
            // What a copy that was broken off left may be of any mode and owner.
            unlink(temporary)
            let output = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o700)
            guard output >= 0 else { throw self.failure("write", temporary) }
            defer { close(output) }
            guard self.copy(input, output), fchmod(output, 0o755) == 0 else { throw self.failure("write", temporary) }
        }
        guard rename(temporary, target) == 0 else { throw self.failure("write", target) }
    }

    /// Copies all bytes; false with `errno` set when that failed.
    private static func copy(_ input: Int32, _ output: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: self.portion, alignment: 16) { buffer in
            while true {
                let count = Self.restarting { read(input, buffer.baseAddress, buffer.count) }
                guard count > 0 else { return count == 0 }
                var written = 0
                while written < count {
                    let part = UnsafeRawBufferPointer(rebasing: buffer[written..<count])
                    let now = Self.restarting { write(output, part.baseAddress, part.count) }
                    guard now > 0 else { return false }
                    written += now
                }
            }
        }
    }

    private static func restarting(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    private static func failure(_ verb: String, _ path: String) -> LabError {
        LabError(.commandFailed, "can't \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
