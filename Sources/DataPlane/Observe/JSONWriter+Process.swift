import BoringTLS
import MeshIdentity
import MeshModel
import MeshTelemetry

// What this process is, in the words of Istio's ztunnel where it has them.
extension JSONWriter {
    /// What was built, and of what.
    /// - Parameter istioVersion: what Istio's agent says it is; nil where there is none.
    package mutating func version(istioVersion: String?) {
        self.object { writer in
            writer.member("version", "\(Version.text)")
            writer.member("gitRevision", "unknown")
            writer.member("rustVersion", "none")
            #if DEBUG
            writer.member("buildProfile", "debug")
            #else
            writer.member("buildProfile", "release")
            #endif
            writer.member("buildStatus", "unknown")
            writer.member("istioVersion", istioVersion ?? "unknown")
            writer.member("cryptoProvider", "boring")
        }
    }

    /// Headers that calls carry, by name only.
    package mutating func headers(_ name: String, _ headers: [MetadataEntry]) {
        guard !headers.isEmpty else { return }
        self.name(name)
        self.object { writer in
            // The configuration may name one twice; the last one is sent.
            for header in Set(headers.map(\.name)).sorted() { writer.member(header, "<masked>") }
        }
    }

    /// A duration as Rust writes it.
    package mutating func duration(_ name: String, _ milliseconds: UInt64) {
        self.name(name)
        self.object { writer in
            writer.member("secs", milliseconds / 1_000)
            writer.member("nanos", milliseconds % 1_000 * 1_000_000)
        }
    }

    /// The certificates of this process and of whom it serves, by identity.
    package mutating func certificates(_ subjects: [any CertificateSubject], now: Int64) {
        var identities: [String: IdentitySnapshot?] = [:]
        for subject in subjects {
            let name = "\(subject.local.identity)"
            let latest = subject.identities.latest
            if latest != nil || identities[name] == nil { identities[name] = .some(latest) }
        }
        self.array { writer in
            for (name, identity) in identities.sorted(by: { $0.key < $1.key }) {
                writer.object { writer in
                    writer.member("identity", name)
                    guard let identity else {
                        writer.member("state", "Initializing")
                        return writer.certificates([], [])
                    }
                    let isValid = now < identity.svid.notAfter
                    writer.member("state", isValid ? "Available" : "Unavailable: expired")
                    writer.certificates(identity.svid.credentials.chain, identity.bundle.anchors.certificates)
                }
            }
        }
    }

    private mutating func certificates(_ chain: [Certificate], _ roots: [Certificate]) {
        self.name("certChain")
        self.certificates(chain)
        self.name("rootCerts")
        self.certificates(roots)
    }

    private mutating func certificates(_ certificates: [Certificate]) {
        self.array { writer in
            for certificate in certificates {
                writer.object { writer in
                    writer.member("pem", Base64.encode(Array(certificate.pem.utf8), .standard))
                    writer.member("serialNumber", certificate.serial)
                    writer.member("validFrom", Timestamp(seconds: certificate.notBefore).inSeconds)
                    writer.member("expirationTime", Timestamp(seconds: certificate.notAfter).inSeconds)
                }
            }
        }
    }
}
