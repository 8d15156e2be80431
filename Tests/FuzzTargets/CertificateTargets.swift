import BoringTLS
import DataPlane
import MeshModel
import ZTunnel

extension FuzzTarget {
    /// Certificates, and what tells us where to get them.
    static let certificates = [
        FuzzTarget("pem") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let blocks = try? PEMBlock.parse(text) else { return }
            for block in blocks {
                let again = try? PEMBlock.parse(block.text)
                try FuzzViolation.unless(again == [block], "a PEM block changes when it is written")
            }
            _ = try? TrustAnchors(pem: text)
        },
        FuzzTarget("certificate") { bytes throws(FuzzViolation) in
            guard let certificate = try? Certificate(der: bytes) else { return }
            for uri in certificate.uris { _ = try? SPIFFEID(parsing: uri) }
            try FuzzViolation.unless(certificate.der == bytes, "a certificate changes when it is read")
        },
        FuzzTarget("revocation-list") { bytes throws(FuzzViolation) in
            _ = try? RevocationSet(file: bytes)
        },
        FuzzTarget("bootstrap-token") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? BootstrapToken(text)
            // The same as JSON in the encoding that a token has, so that its fields are reached.
            _ = try? BootstrapToken(Base64.encode(bytes, .url))
        },
        FuzzTarget("container-documents") { bytes throws(FuzzViolation) in
            _ = try? ContainerCredentials(body: bytes)
            let addresses = TaskMetadata(body: bytes)?.addresses ?? []
            try FuzzViolation.unless(addresses.count <= 16, "\(addresses.count) addresses of one task")
        },
    ]
}
