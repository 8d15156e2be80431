package import Foundation
import Synchronization
import X509

/// An authority in files that somebody else keeps, read again when they change.
///
/// What can't be used when the control plane starts stops the start; it never falls back to an authority of its own.
/// Later the last good state stays in use. Roots change only by way of a bundle that holds old and new.
final class PluggedInSource: SignerSource {
    private struct Content {
        var set: SigningSet
        var stamps: [String: FileStamp]
    }

    private let files: PluggedInFiles
    private let content: Mutex<Content>

    /// Reads the files.
    ///
    /// - Throws: `AuthorityError` with `authority_file_missing`, `authority_file_invalid` or `authority_expired`.
    init(directory: String, now: Date) throws(AuthorityError) {
        self.files = PluggedInFiles(place: directory)
        // Stamped before they are read: what is written meanwhile shows as a change.
        let stamps = self.files.stamps()
        self.content = Mutex(Content(set: try self.files.load(now: now), stamps: stamps))
    }

    /// The set in force.
    var set: SigningSet { self.content.withLock { $0.set } }

    func refresh(now: Date) throws(AuthorityError) -> SigningSet? {
        let stamps = self.files.stamps()
        return try self.content.withLock { content throws(AuthorityError) in
            guard stamps != content.stamps else { return nil }
            // The stamps are kept only with a good set, so files that are half written are read again.
            let next = try self.files.load(now: now)
            try content.set.checkSuccessor(next.roots, from: self.files.place)
            content = Content(set: next, stamps: stamps)
            return next
        }
    }
}

extension SigningAuthority {
    /// Reads an authority that somebody else made: `ca-cert.pem`, `ca-key.pem`, `cert-chain.pem` and `root-cert.pem`
    /// as in Istio's `cacerts`, or `tls.crt`, `tls.key` and `ca.crt`.
    ///
    /// `renewIntermediate` reads them again when they have changed.
    ///
    /// - Throws: `AuthorityError` with `authority_file_missing`, `authority_file_invalid` or `authority_expired`; the
    ///   message names the file. The start is to fail with it.
    package convenience init(
        pluggedIn directory: String,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date
    ) throws(AuthorityError) {
        let source = try PluggedInSource(directory: directory, now: now)
        self.init(source: source, set: source.set, trustDomain: trustDomain, lifetimes: lifetimes)
    }
}
