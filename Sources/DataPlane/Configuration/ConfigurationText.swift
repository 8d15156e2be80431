/// Checks of texts that several settings share.
package enum ConfigurationText {
    /// What ``label(_:)`` takes.
    package static let allowedLabel = "1 to 253 letters, digits, '-', '_', '.' or '/'"

    /// The text, if it may be a label; else nil.
    package static func label(_ text: String) -> String? {
        let isValid =
            (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./".utf8.contains(byte)
                }
            }
        return isValid ? text : nil
    }

    /// What ``path(_:)`` takes.
    package static let allowedPath = "a path of at most 4096 bytes"

    /// The text, if it may be a path; else nil.
    package static func path(_ text: String) -> String? {
        text.utf8.count <= 4_096 && !text.utf8.contains(0) ? text : nil
    }

    /// What ``host(_:)`` takes.
    package static let allowedHost = "a host name of at most 253 letters, digits, '-', '_' and '.'"

    /// The text, if it may be a host name; else nil.
    package static func host(_ text: String) -> String? {
        text.utf8.contains(UInt8(ascii: "/")) ? nil : self.label(text)
    }

    /// The name of gRPC metadata: lower-case as HTTP/2 demands, no binary (`-bin`) and none that gRPC itself sets.
    package static func metadataName(_ text: String) -> String? {
        let name = text.lowercased()
        let reserved = [
            "authorization", "clusterid", "content-type", "te", "connection", "transfer-encoding", "upgrade", "host",
        ]
        guard (1...128).contains(name.utf8.count), !name.hasPrefix("grpc-"), !name.hasSuffix("-bin"),
            !reserved.contains(name)
        else { return nil }
        let isValid = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "-_.".utf8.contains(byte)
            }
        }
        return isValid ? name : nil
    }

    /// The value of gRPC metadata: visible ASCII and inner spaces.
    package static func isMetadataValue(_ text: String) -> Bool {
        text.utf8.count <= 8_192 && text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
            && text.utf8.first != 0x20 && text.utf8.last != 0x20
    }
}
