import BoringTLS
import MeshIdentity
import MeshModel
import MeshTelemetry

/// A machine's way to its certificate: what its file knows from before, and one key for all attempts of the first request.
///
/// The authority uses a join token up before it answers. When the answer is lost it accepts the token once more for the
/// very key that it was used for, so that key must outlive the attempt, and where there is a file the process.
/// Confined to the control loop.
final class JoiningIdentity {
    private let identity: SPIFFEID
    private let log: Log
    /// Nil when there is none, or when it holds what we must not replace.
    private var file: IdentityFile?
    private var isKeyKept = false
    /// The key of the first request; nil until ``recall(now:)`` found or made one.
    private(set) var key: PrivateKey?

    init(_ identity: SPIFFEID, _ proof: JoinProof, log: Log) {
        self.identity = identity
        self.file = proof.file
        self.log = log
    }

    /// The certificate of an earlier process, while it holds; without one there is a ``key`` afterwards, as far as
    /// there can be one.
    func recall(now: Int64) -> IssuedIdentity? {
        do throws(IdentityFile.Failure) {
            switch try self.file?.read(for: self.identity, now: now) {
            case .identity(let issued)?: return issued
            case .key(let key)?, .outsideValidity(let key)?:
                self.key = key
                self.isKeyKept = true
            case nil: break
            }
        } catch {
            // What others put there, or another identity's, is left as it is.
            self.log.error("identity file is not used", [LogField("error", "\(error)")])
            self.file = nil
        }
        if self.key == nil { self.key = try? PrivateKey() }
        if let key = self.key, !self.isKeyKept {
            self.isKeyKept = self.write { file throws(IdentityFile.Failure) in try file.write(key) }
        }
        return nil
    }

    /// Keeps a certificate for the next process.
    func keep(_ issued: IssuedIdentity) {
        _ = self.write { file throws(IdentityFile.Failure) in try file.write(issued) }
    }

    private func write(_ body: (IdentityFile) throws(IdentityFile.Failure) -> Void) -> Bool {
        guard let file = self.file else { return false }
        do throws(IdentityFile.Failure) {
            try body(file)
            return true
        } catch {
            self.log.error("identity is not kept; a restart needs another join token", [LogField("error", "\(error)")])
            return false
        }
    }
}
