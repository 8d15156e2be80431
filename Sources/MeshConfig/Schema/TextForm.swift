/// The forms of texts that several kinds share.
enum TextForm {
    static func isLabel(_ text: Substring) -> Bool { SettingRule.isLabel(text) }

    static func isDomain(_ text: Substring) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(self.isLabel)
    }

    /// A port in decimal digits, without sign or leading zeros.
    static func port(_ text: String) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "0"),
            text.utf8.allSatisfy(self.isDigit)
        else { return nil }
        return UInt16(text)
    }

    static func byteCount(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard (1...12).contains(digits.utf8.count), let number = Int64(digits) else { return nil }
        switch text.dropFirst(digits.count) {
        case "": return number
        case "k": return number * 1000
        case "M": return number * 1_000_000
        case "Ki": return number * 1024
        case "Mi": return number * (1 << 20)
        default: return nil
        }
    }

    static func isToken(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { self.isAlphanumeric($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }

    /// Without control characters; with tabs, and with line ends where `lines`.
    static func isPrintable(_ text: String, lines: Bool) -> Bool {
        text.utf8.allSatisfy { byte in
            byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t")
                || (lines && (byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")))
        }
    }

    static func isPath(_ text: String) -> Bool {
        (1...1024).contains(text.utf8.count) && text.utf8.first == UInt8(ascii: "/")
            && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    }

    static func isLabelKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let name = parts.last else { return false }
        if parts.count == 2, let domain = parts.first, !self.isDomain(domain) { return false }
        return self.isLabelName(name)
    }

    static func isLabelName(_ text: Substring) -> Bool {
        guard (1...63).contains(text.utf8.count), let first = text.utf8.first, let last = text.utf8.last else {
            return false
        }
        return self.isAlphanumeric(first) && self.isAlphanumeric(last)
            && text.utf8.allSatisfy { self.isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    static func isHTTPURL(_ text: String) -> Bool {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let scheme = ["https://", "http://"].first(where: text.hasPrefix)
        else { return false }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        return SettingRule.host(ofURL: scheme + authority, schemes: ["https", "http"]) != nil
    }

    static func isRoleARN(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 600, parts.count == 6, parts[0] == "arn", parts[2] == "iam", parts[3].isEmpty,
            ["aws", "aws-cn", "aws-us-gov"].contains(parts[1]), SettingRule.account(parts[4]) == nil,
            parts[5].hasPrefix("role/")
        else { return false }
        let name = parts[5].dropFirst("role/".count)
        return !name.isEmpty && name.last != "/"
            && name.utf8.allSatisfy { self.isAlphanumeric($0) || "+=,.@-_/".utf8.contains($0) }
    }

    static func isNamespacedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return parts.allSatisfy(self.isDomain)
        case 2: return parts.first.map(self.isLabel) == true && parts.last.map(self.isDomain) == true
        default: return false
        }
    }

    static func isSubjectName(_ text: String) -> Bool {
        guard (1...2048).contains(text.utf8.count) else { return false }
        if text.hasPrefix("spiffe://") { return self.isSPIFFE(text.dropFirst("spiffe://".count)) }
        if text.contains("://") { return text.utf8.allSatisfy { (0x21...0x7e).contains($0) } }
        return self.isDomain(text.hasPrefix("*.") ? text.dropFirst(2) : text[...])
    }

    /// The rest of a SPIFFE id (SPIFFE-ID §2): a trust domain, and segments of letters, digits, '.', '-' and '_'.
    private static func isSPIFFE(_ rest: Substring) -> Bool {
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard let domain = parts.first, SettingRule.trustDomain(String(domain)) == nil else { return false }
        return parts.dropFirst().allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy { self.isAlphanumeric($0) || "-_.".utf8.contains($0) }
        }
    }

    static func isOrigin(_ text: String) -> Bool {
        if text == "*" { return true }
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let authority = text.dropFirst(scheme.count)
        let host = authority.hasPrefix("*.") ? authority.dropFirst(2) : authority
        return SettingRule.host(ofURL: scheme + host, schemes: ["https", "http"]) != nil
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        self.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
