package import BoringTLS
package import MeshIdentity
package import MeshTelemetry

/// The roots by which a server of the control plane is known, and the TLS context for connections to it.
///
/// Confined to the control loop. A file is read again before each connection if it has changed; where that fails, the
/// roots that were read before stay in use, and the next connection tries again.
package final class ServerRoots {
    /// Where roots come from.
    package enum Source: Sendable {
        /// Known from the start: the bootstrap token's.
        case known(TrustAnchors)
        /// As configured (`CA_ROOT_CA`, `XDS_ROOT_CA`).
        case configured(RootSource)
    }

    /// Why there are no roots.
    package struct Failure: Error, CustomStringConvertible {
        /// One line for the operator.
        package var description: String
    }

    private let source: Source
    private let policy: TLSPolicy
    private let log: Log
    private var anchors: TrustAnchors?
    private var seen: FileStamp?
    private var made: (anchors: [Certificate], serial: String?, context: TLSContext)?

    /// Reads nothing yet.
    /// - Parameters:
    ///   - policy: what TLS may agree on.
    package init(_ source: Source, policy: TLSPolicy, log: Log) {
        self.source = source
        self.policy = policy
        self.log = log
    }

    /// Whether the next connection reads the roots anew: at first, and after the file has changed.
    var isDirty: Bool {
        switch self.source {
        case .known: return false
        case .configured(.inline): return self.anchors == nil
        case .configured(.system): return self.anchors == nil
        case .configured(.file(let path)): return self.anchors == nil || FileStamp(path) != self.seen
        }
    }

    /// The context for a connection that begins now.
    /// - Parameters:
    ///   - issued: roots that came with our certificate. They count beside the token's, since a mesh's root may be
    ///     rotated after the token was made; configured roots stand alone.
    ///   - identity: the certificate that we show; nil shows none.
    package func context(issued: [Certificate], identity: SVID? = nil) throws -> TLSContext {
        if self.isDirty {
            do {
                try self.read()
            } catch {
                guard self.anchors != nil else { throw error }
                self.log.warning("roots of the control plane are not read anew", [LogField("error", "\(error)")])
            }
        }
        guard let anchors = self.current else { throw Failure(description: "there are no roots") }
        var certificates = anchors.certificates
        if case .known = self.source { certificates += issued.filter { !certificates.contains($0) } }
        if let made = self.made, made.anchors == certificates, made.serial == identity?.serial { return made.context }
        let limit = max(TrustAnchors.limit, anchors.certificates.count)
        let trust = try TrustAnchors(Array(certificates.prefix(limit)), limit: limit)
        let context = try TLSContext(identity: identity?.credentials, trust: trust, policy: self.policy)
        self.made = (certificates, identity?.serial, context)
        return context
    }

    private var current: TrustAnchors? {
        if case .known(let anchors) = self.source { return anchors }
        return self.anchors
    }

    private func read() throws {
        switch self.source {
        case .known: return
        case .configured(.inline(let text)): self.anchors = try TrustAnchors(pem: text)
        case .configured(.file(let path)):
            let stamp = FileStamp(path)
            guard let text = SmallFile.read(path, limit: PEMBlock.textLimit) else {
                throw Failure(description: "root file \(path.prefix(255)) can't be read")
            }
            self.anchors = try TrustAnchors(pem: text)
            self.seen = stamp
        case .configured(.system):
            self.anchors = try SystemRoots().read()
        }
    }
}
