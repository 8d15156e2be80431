/// A URI parsed as a mesh identity, `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
///
/// Only what verification compares; MeshModel's `SPIFFEID` is the type for everything else. Anything that isn't
/// exactly of this form is no identity: no other scheme, user, port, query, encoding, or further piece of path.
struct SPIFFEName: Hashable {
    var trustDomain: String
    var namespace: String
    var serviceAccount: String

    init?(_ uri: String) {
        let scheme = "spiffe://"
        guard uri.utf8.count <= 2048, uri.utf8.starts(with: scheme.utf8) else { return nil }
        let pieces = uri.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count == 5, pieces[1] == "ns", pieces[3] == "sa",
            Self.isTrustDomain(pieces[0]), Self.isSegment(pieces[2]), Self.isSegment(pieces[4])
        else { return nil }
        trustDomain = String(pieces[0])
        namespace = String(pieces[2])
        serviceAccount = String(pieces[4])
    }

    /// Lower-case letters, digits, dots, dashes and underscores, as the SPIFFE standard has it; up to 255.
    static func isTrustDomain(_ text: some StringProtocol) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    private static func isSegment(_ text: Substring) -> Bool {
        guard !text.isEmpty, text != ".", text != ".." else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
    }
}
