import Foundation
import Glibc

/// A directory with an authority that somebody else made.
struct PluggedInFiles: AuthorityFiles {
    /// The largest file, in bytes.
    static let fileBytes = 1 << 20

    /// The directory, as configured.
    let place: String

    /// What the files are stamped with now, by name; to see changes without reading.
    func stamps() -> [String: FileStamp] {
        let names = AuthorityFileNames.istio.all + AuthorityFileNames.secret.all
        return Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                FileStamp(path: "\(self.place)/\(name)").map { (name, $0) }
            }
        )
    }

    func has(_ name: String) -> Bool { FileStamp(path: "\(self.place)/\(name)") != nil }

    func read(_ name: String) throws(AuthorityError) -> [UInt8] {
        let path = "\(self.place)/\(name)"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw AuthorityError(
                .authorityFileMissing,
                "\(path) cannot be read (\(StateDirectory.reason(errno))): a plugged-in authority is all of its files"
            )
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while content.count <= Self.fileBytes {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw AuthorityError(
                    .authorityFileMissing,
                    "\(path) cannot be read (\(StateDirectory.reason(errno)))"
                )
            }
            if count == 0 { return content }
            content.append(contentsOf: chunk.prefix(count))
        }
        throw self.invalid(name, "is larger than \(Self.fileBytes) bytes")
    }
}
