/// An IPv4 or IPv6 address without scope.
///
/// IPv4 is held as its IPv4-mapped IPv6 form plus a flag, so that comparing and hashing cost two words.
package struct IPAddress: Hashable, Sendable {
    /// The upper eight bytes; zero for IPv4.
    private let high: UInt64
    /// The lower eight bytes; `0x0000ffff_xxxxxxxx` for IPv4.
    private let low: UInt64
    /// Whether this is an IPv4 address.
    package let isV4: Bool

    private static let mappedPrefix: UInt64 = 0x0000_ffff_0000_0000

    /// Makes an IPv4 address from its 32 bits in host order (`0x7f000001` is 127.0.0.1).
    package init(v4: UInt32) {
        self.high = 0
        self.low = Self.mappedPrefix | UInt64(v4)
        self.isV4 = true
    }

    /// Makes an IPv6 address from its two halves in host order.
    package init(v6High: UInt64, v6Low: UInt64) {
        self.high = v6High
        self.low = v6Low
        self.isV4 = false
    }

    /// Makes an address from 4 or 16 bytes in network order; nil for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count <= 16 else { return nil }
        let bytes = Array(bytes)
        guard let made = bytes.withUnsafeBytes({ IPAddress(bytes: $0) }) else { return nil }
        self = made
    }

    /// The same for bytes in memory.
    package init?(bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 4:
            self.init(v4: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        case 16:
            self.init(
                v6High: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                v6Low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        default:
            return nil
        }
    }

    /// Writes the address in network order, 4 bytes for IPv4 and 16 for IPv6; `target` has room for 16.
    package func write(into target: UnsafeMutableRawBufferPointer) {
        if let v4 = self.v4 { return target.storeBytes(of: v4.bigEndian, as: UInt32.self) }
        target.storeBytes(of: self.high.bigEndian, as: UInt64.self)
        target.storeBytes(of: self.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// The IPv4 address as 32 bits in host order; nil for IPv6.
    package var v4: UInt32? { self.isV4 ? UInt32(truncatingIfNeeded: self.low) : nil }

    /// The two halves of the IPv6 form in host order; IPv4 gives its IPv4-mapped form.
    package var v6Halves: (high: UInt64, low: UInt64) { (self.high, self.low) }

    /// The address in network order: 4 bytes for IPv4, 16 for IPv6.
    package var bytes: [UInt8] {
        if self.isV4 {
            return (0..<4).map { UInt8(truncatingIfNeeded: self.low >> (24 - 8 * UInt64($0))) }
        }
        return [self.high, self.low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
        }
    }

    /// The same address with an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) turned into IPv4.
    ///
    /// Policy, lookups and logs see only canonical addresses.
    package var canonical: IPAddress {
        guard !self.isV4, self.high == 0, self.low & 0xffff_ffff_0000_0000 == Self.mappedPrefix else { return self }
        return IPAddress(v4: UInt32(truncatingIfNeeded: self.low))
    }

    /// Whether the address is 127.0.0.0/8 or ::1.
    package var isLoopback: Bool {
        if self.isV4 { return UInt8(truncatingIfNeeded: self.low >> 24) == 127 }
        return self.high == 0 && self.low == 1
    }

    /// Whether the address is of 169.254.0.0/16 or fe80::/10: where a host's own services live, metadata among them.
    package var isLinkLocal: Bool {
        if self.isV4 { return UInt16(truncatingIfNeeded: self.low >> 16) == 0xa9fe }
        return self.high >> 54 == 0xfe80 >> 6
    }

    /// Whether the address is 0.0.0.0 or ::.
    package var isUnspecified: Bool {
        self.isV4 ? UInt32(truncatingIfNeeded: self.low) == 0 : self.high == 0 && self.low == 0
    }

    /// The first address of the block of `length` leading bits that holds this one; a length out of range is clamped.
    package func prefix(_ length: Int) -> IPAddress {
        let length = UInt64(clamping: min(max(0, length), self.isV4 ? 32 : 128))
        if let v4 = self.v4 { return IPAddress(v4: length == 0 ? 0 : v4 & (.max << (32 - UInt32(length)))) }
        let highMask: UInt64 = length >= 64 ? .max : (length == 0 ? 0 : .max << (64 - length))
        let lowMask: UInt64 = length <= 64 ? 0 : .max << (128 - length)
        return IPAddress(v6High: self.high & highMask, v6Low: self.low & lowMask)
    }

    /// Whether the address lies in the block that starts at `base` with `prefixLength` bits; never across families.
    package func isContained(in base: IPAddress, prefixLength: Int) -> Bool {
        guard self.isV4 == base.isV4 else { return false }
        let bits = self.isV4 ? prefixLength + 96 : prefixLength
        guard bits >= 0, bits <= 128 else { return false }
        let highMask: UInt64 = bits >= 64 ? .max : (bits == 0 ? 0 : .max << (64 - UInt64(bits)))
        let lowMask: UInt64 = bits <= 64 ? 0 : .max << (128 - UInt64(bits))
        return self.high & highMask == base.high & highMask && self.low & lowMask == base.low & lowMask
    }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        if left.isV4 != right.isV4 { return left.isV4 }
        return (left.high, left.low) < (right.high, right.low)
    }
}

extension IPAddress {
    /// Parses dotted IPv4 (no leading zeros, RFC 6943 §3.1.1) or IPv6 (RFC 4291 §2.2) without zone; nil when malformed.
    package init?(parsing text: some StringProtocol) {
        guard text.utf8.count <= 45 else { return nil }
        let bytes = Array(text.utf8)
        if let v4 = Self.parseV4(bytes[...]) {
            self.init(v4: v4)
        } else if let (high, low) = Self.parseV6(bytes) {
            self.init(v6High: high, v6Low: low)
        } else {
            return nil
        }
    }

    static func parseV4(_ text: ArraySlice<UInt8>) -> UInt32? {
        var result: UInt32 = 0
        var octet: UInt32?
        var digits = 0
        var dots = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if digits > 0, octet == 0 { return nil }
                let value = (octet ?? 0) * 10 + UInt32(byte - UInt8(ascii: "0"))
                guard value <= 255 else { return nil }
                octet = value
                digits += 1
            case UInt8(ascii: "."):
                guard let value = octet, dots < 3 else { return nil }
                result = result << 8 | value
                octet = nil
                digits = 0
                dots += 1
            default:
                return nil
            }
        }
        guard dots == 3, let value = octet else { return nil }
        return result << 8 | value
    }

    private static func parseV6(_ text: [UInt8]) -> (UInt64, UInt64)? {
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var seenGap = false
        var index = 0
        let colon = UInt8(ascii: ":")
        if text.starts(with: [colon, colon]) {
            seenGap = true
            index = 2
        }
        while index < text.count {
            let end = text[index...].firstIndex(of: colon) ?? text.count
            let group = text[index..<end]
            if group.contains(UInt8(ascii: ".")) {
                guard end == text.count, let v4 = Self.parseV4(group) else { return nil }
                let pair = [UInt16(truncatingIfNeeded: v4 >> 16), UInt16(truncatingIfNeeded: v4)]
                if seenGap { tail += pair } else { head += pair }
                index = end
                break
            }
            guard let value = Self.hexGroup(group) else { return nil }
            if seenGap { tail.append(value) } else { head.append(value) }
            guard head.count + tail.count <= 8 else { return nil }
            if end == text.count { break }
            index = end + 1
            if index == text.count { return nil }
            if text[index] == colon {
                guard !seenGap else { return nil }
                seenGap = true
                index += 1
            }
        }
        let count = head.count + tail.count
        guard seenGap ? count <= 7 : count == 8 else { return nil }
        let groups = head + Array(repeating: 0, count: 8 - count) + tail
        let high = groups.prefix(4).reduce(0) { $0 << 16 | UInt64($1) }
        let low = groups.suffix(4).reduce(0) { $0 << 16 | UInt64($1) }
        return (high, low)
    }

    private static func hexGroup(_ group: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(group.count) else { return nil }
        var value: UInt16 = 0
        for byte in group {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted IPv4, or IPv6 in the one form of RFC 5952.
    package var description: String {
        if let v4 = self.v4 {
            return "\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)"
        }
        let groups = [self.high, self.low].flatMap { half in
            (0..<4).map { UInt16(truncatingIfNeeded: half >> (48 - 16 * UInt64($0))) }
        }
        if self.high == 0, self.low & 0xffff_ffff_0000_0000 == Self.mappedPrefix {
            return "::ffff:\(self.canonical)"
        }
        let gap = Self.longestZeroRun(groups)
        var text = ""
        var index = 0
        while index < 8 {
            if let gap, index == gap.lowerBound {
                text += "::"
                index = gap.upperBound
                continue
            }
            if !text.isEmpty, !text.hasSuffix(":") { text += ":" }
            text += String(groups[index], radix: 16)
            index += 1
        }
        return text
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let from = start {
                if index - from >= 2, index - from > (best?.count ?? 0) { best = from..<index }
                start = nil
            }
        }
        return best
    }
}
