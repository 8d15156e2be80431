/// FNV-1a with 64 bits: the same bytes give the same version on every replica and after every restart.
///
/// It tells apart resources that the control plane itself wrote; it is no protection against forgery, which TLS is.
package enum ContentHash {
    /// The hash of `bytes`.
    package static func fnv1a64(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// The hash of `bytes` as 16 hexadecimal digits.
    package static func version(of bytes: [UInt8]) -> String {
        let digits = String(Self.fnv1a64(bytes), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
