package import BoringTLS
import Glibc
package import MeshIdentity
package import MeshModel

/// A machine's key and certificate in a file, so that it needs its join token only once (`TULLE_IDENTITY_FILE`).
///
/// The file is JSON: `version`, `key` (PKCS#8, PEM), and once there is a certificate `chain` and `roots` (PEM). It is
/// replaced whole, with mode 0600, and read only when nobody but its owner may.
package struct IdentityFile: Sendable, Hashable {
    /// Where it is.
    package let path: String

    /// What a file holds.
    package enum Content: Sendable {
        /// The key of a request whose answer never came.
        case key(PrivateKey)
        /// An identity that still holds.
        case identity(IssuedIdentity)
        /// The key of one that has ended, or by our clock has not begun.
        case outsideValidity(PrivateKey)
    }

    /// Why a file can't be used.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// One line with the path, what is wrong and what is allowed.
        package let description: String
    }

    /// The largest file that is read, in bytes.
    package static let byteLimit = 256 * 1024
    private static let version: Int64 = 1

    /// Names a file, which need not be there.
    package init(_ path: String) { self.path = path }

    // MARK: Reading

    /// Reads the file; nil where there is none.
    ///
    /// - Parameters:
    ///   - identity: whom it must be for.
    ///   - now: seconds since 1970.
    /// - Throws: ``Failure`` when others may read it, or it holds something else, such as another identity.
    package func read(for identity: SPIFFEID, now: Int64) throws(Failure) -> Content? {
        guard let bytes = try self.bytes() else { return nil }
        let document: JSONObject
        do throws(JSONError) {
            guard let object = try JSONReader.parse(bytes).object else {
                throw JSONError(kind: .unexpectedEnd, offset: 0)
            }
            document = object
        } catch {
            throw self.failure("\(error)")
        }
        guard document["version"]?.integer == Self.version else {
            throw self.failure("version must be \(Self.version)")
        }
        guard let text = document["key"]?.string else { throw self.failure("key must be PEM text") }
        let key: PrivateKey
        do throws(TLSError) {
            key = try PrivateKey(pkcs8PEM: text)
        } catch {
            throw self.failure(error.message)
        }
        guard document["chain"] != nil || document["roots"] != nil else { return .key(key) }
        guard let chain = document["chain"]?.string, let roots = document["roots"]?.string else {
            throw self.failure("chain and roots must be PEM text")
        }
        do throws(IdentityError) {
            return .identity(try IssuedIdentity(certChain: [chain, roots], key: key, requested: identity, now: now))
        } catch {
            if error.code == .outsideValidity { return .outsideValidity(key) }
            throw self.failure("\(error)")
        }
    }

    /// The file's bytes; nil where there is none.
    private func bytes() throws(Failure) -> [UInt8]? {
        let descriptor = open(self.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            guard errno != ENOENT else { return nil }
            throw self.systemFailure("opened")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw self.systemFailure("looked at") }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw self.failure(
                "must be a file of user \(geteuid()) with mode 600; it is of \(status.st_uid), mode \(mode)"
            )
        }
        guard (0...Self.byteLimit).contains(Int(status.st_size)) else {
            throw self.failure("has \(status.st_size) bytes; at most \(Self.byteLimit) are allowed")
        }
        var bytes = [UInt8](repeating: 0, count: Self.byteLimit + 1)
        var count = 0
        while count < bytes.count {
            let part = bytes[count...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw self.systemFailure("read") }
            guard part > 0 else { return Array(bytes.prefix(count)) }
            count += part
        }
        throw self.failure("has more than \(Self.byteLimit) bytes")
    }

    // MARK: Writing

    /// Keeps a key before its first use: the authority accepts a join token that was used for it once more.
    package func write(_ key: PrivateKey) throws(Failure) { try self.write(key, certificates: nil) }

    /// Keeps an identity with its key, in place of what was there.
    package func write(_ identity: IssuedIdentity) throws(Failure) {
        try self.write(
            identity.svid.credentials.key,
            certificates: (identity.svid.credentials.chain, identity.bundle.anchors.certificates)
        )
    }

    private func write(
        _ key: PrivateKey,
        certificates: (chain: [Certificate], roots: [Certificate])?
    ) throws(Failure) {
        let text: String
        do throws(TLSError) {
            text = try key.pkcs8PEM()
        } catch {
            throw self.failure(error.message)
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", Self.version)
            writer.member("key", text)
            guard let certificates else { return }
            writer.member("chain", certificates.chain.map(\.pem).joined())
            writer.member("roots", certificates.roots.map(\.pem).joined())
        }
        try self.replace(writer.bytes)
    }

    /// Writes a file next to it, and puts that in its place when it is on disk: there is never half a file.
    private func replace(_ bytes: [UInt8]) throws(Failure) {
        let fresh = "\(self.path).new"
        // One of a process that ended while it wrote.
        unlink(fresh)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        var descriptor = open(fresh, flags, 0o600)
        if descriptor < 0, errno == ENOENT, mkdir(self.directory, 0o700) == 0 { descriptor = open(fresh, flags, 0o600) }
        guard descriptor >= 0 else { throw self.systemFailure("made") }
        var isWritten = fchmod(descriptor, 0o600) == 0
        var rest = bytes[...]
        while isWritten, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            isWritten = count > 0
            rest = rest.dropFirst(max(0, count))
        }
        isWritten = isWritten && fsync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard isWritten else {
            unlink(fresh)
            errno = error
            throw self.systemFailure("written")
        }
        guard rename(fresh, self.path) == 0 else {
            let failure = self.systemFailure("put in its place")
            unlink(fresh)
            throw failure
        }
        self.syncDirectory()
    }

    /// Where it stands.
    private var directory: String {
        guard let slash = self.path.lastIndex(of: "/") else { return "." }
        return slash == self.path.startIndex ? "/" : String(self.path[..<slash])
    }

    /// The new name, too, must outlive a power cut; where a directory can't be synced the file is there all the same.
    private func syncDirectory() {
        let descriptor = open(self.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private func failure(_ reason: String) -> Failure {
        Failure(description: "identity file \(self.path.prefix(255)): \(reason)")
    }

    private func systemFailure(_ action: String) -> Failure {
        let text = String(cString: strerror(errno))
        return self.failure("can't be \(action): \(text)")
    }
}
