internal import CNIOBoringSSL

/// SHA-256 (FIPS 180-4) and what is built on it.
package enum SHA256 {
    /// Bytes of a digest.
    package static let digestBytes = 32

    /// The digest of `bytes`.
    package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        return [UInt8](unsafeUninitializedCapacity: digestBytes) { output, count in
            input.withUnsafeBufferPointer { input in
                _ = CNIOBoringSSL.SHA256(input.baseAddress, input.count, output.baseAddress)
            }
            count = digestBytes
        }
    }

    /// HMAC (RFC 2104) of `bytes` under `key`.
    package static func authenticationCode(_ bytes: some Sequence<UInt8>, key: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        let key = Array(key)
        return [UInt8](unsafeUninitializedCapacity: digestBytes) { output, count in
            var written: CUnsignedInt = 0
            input.withUnsafeBufferPointer { input in
                key.withUnsafeBytes { key in
                    // An absent base address is fine with a count of zero, but HMAC wants some address for the key.
                    var empty: UInt8 = 0
                    withUnsafePointer(to: &empty) { empty in
                        _ = HMAC(
                            EVP_sha256(),
                            key.baseAddress ?? UnsafeRawPointer(empty),
                            key.count,
                            input.baseAddress,
                            input.count,
                            output.baseAddress,
                            &written
                        )
                    }
                }
            }
            count = Int(written)
        }
    }
}

/// Bytes from the system's cryptographic generator, through BoringSSL.
package enum RandomBytes {
    /// `count` fresh bytes; none when `count` isn't positive.
    package static func make(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            // It can't fail: BoringSSL ends the process when the system gives no entropy.
            RAND_bytes(output.baseAddress, count)
            initialized = count
        }
    }
}

extension Sequence<UInt8> {
    /// Lower-case hexadecimal digits, two a byte.
    package var hexadecimal: String {
        var text: [UInt8] = []
        for byte in self {
            for nibble in [byte >> 4, byte & 0xF] {
                text.append(nibble < 10 ? nibble + UInt8(ascii: "0") : nibble - 10 + UInt8(ascii: "a"))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
