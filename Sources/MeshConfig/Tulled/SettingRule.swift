import MeshModel

/// What each kind of value must look like. Every rule answers with what is wrong, or nil.
enum SettingRule {
    static func each(_ values: [String], _ rule: (String) -> String?) -> String? {
        if values.count > 1000 { return "\(values.count) entries, at most 1000 are allowed" }
        return values.lazy.compactMap(rule).first
    }

    static func path(_ text: String) -> String? {
        text.isEmpty || text.utf8.contains(0) ? "must be a path" : nil
    }

    static func address(_ text: String, into target: inout SocketAddress) -> String? {
        guard let address = SocketAddress(parsing: text) else {
            return "\(self.quoted(text)) is no address with a port: write 0.0.0.0:15012 or [::1]:15012"
        }
        target = address
        return nil
    }

    static func duration(_ text: String, in range: ClosedRange<Duration>, into target: inout Duration) -> String? {
        guard let duration = DurationText.parse(text) else {
            return "\(self.quoted(text)) is no duration: write 250ms, 30s, 15m, 24h or 7d"
        }
        guard range.contains(duration) else {
            return "\(self.quoted(text)) must lie between \(range.lowerBound) and \(range.upperBound)"
        }
        target = duration
        return nil
    }

    static func flag(_ text: String, into target: inout Bool) -> String? {
        guard let value = Bool(text) else { return "\(self.quoted(text)) must be true or false" }
        target = value
        return nil
    }

    static func identity(_ text: String) -> String? {
        do {
            _ = try SPIFFEID(parsing: text)
            return nil
        } catch {
            return "\(self.quoted(text)) must have the form spiffe://<trust domain>/ns/<namespace>/sa/<service account>"
        }
    }

    static func count(_ text: String, in range: ClosedRange<Int>, into target: inout Int) -> String? {
        guard let number = Int(text), range.contains(number) else {
            return "\(self.quoted(text)) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        }
        target = number
        return nil
    }

    /// One of a few words.
    static func word<Word: RawRepresentable & CaseIterable>(
        _ text: String,
        of words: Word.Type,
        into target: inout Word
    ) -> String? where Word.RawValue == String {
        guard let word = Word(rawValue: text) else {
            let all = Word.allCases.map(\.rawValue).joined(separator: ", ")
            return "\(self.quoted(text)) must be one of \(all)"
        }
        target = word
        return nil
    }

    static func privateCA(_ text: String) -> String? {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        let isARN =
            text.utf8.count <= 256 && parts.count == 6 && parts[0] == "arn" && parts[2] == "acm-pca"
            && parts[5].hasPrefix("certificate-authority/")
        return isARN
            ? nil
            : "\(self.quoted(text)) must have the form arn:aws:acm-pca:<region>:<account>:certificate-authority/<id>"
    }

    static func secret(_ text: String) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isARN =
            text.utf8.count <= 640 && parts.count == 7 && parts[0] == "arn" && parts[2] == "secretsmanager"
            && self.region(String(parts[3])) == nil && self.account(String(parts[4])) == nil && parts[5] == "secret"
            && !parts[6].isEmpty
        return isARN
            ? nil
            : "\(self.quoted(text)) must have the form arn:aws:secretsmanager:<region>:<account>:secret:<name>"
    }

    static func httpsURL(_ text: String) -> String? {
        self.host(ofURL: text, schemes: ["https"]) == nil
            ? "\(self.quoted(text)) must have the form https://<host>:<port>, without a path" : nil
    }

    /// The host of `<scheme>://<host>[:<port>]`, without brackets; nil for any other form.
    static func host(ofURL text: String, schemes: [String]) -> String? {
        guard text.utf8.count <= 512,
            let scheme = schemes.first(where: { text.hasPrefix($0 + "://") })
        else { return nil }
        let authority = text.dropFirst(scheme.count + 3)
        if let address = SocketAddress(parsing: authority) { return "\(address.ip)" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let host = parts.first.map(String.init), self.host(host) == nil else {
            return nil
        }
        if parts.count == 2 {
            guard let port = parts.last.flatMap({ UInt16($0) }), port > 0 else { return nil }
        }
        return host
    }

    static func host(_ text: String) -> String? {
        IPAddress(parsing: text) != nil || self.domain(text.lowercased()) == nil
            ? nil : "\(self.quoted(text)) is neither a host name nor an address"
    }

    static func domain(_ text: String) -> String? {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 200 && labels.allSatisfy(self.isLabel)
            ? nil : "\(self.quoted(text)) is no domain name: write lower-case labels with dots between them"
    }

    static func trustDomain(_ text: String) -> String? {
        let isValid =
            (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                self.isLowerAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: "_")
            }
        return isValid
            ? nil : "\(self.quoted(text)) is no trust domain: write lower-case letters, digits, '.', '-', '_'"
    }

    static func word(_ text: String) -> String? {
        let isValid =
            (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                self.isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
        return isValid ? nil : "\(self.quoted(text)) must be 1 to 63 letters, digits, '.', '-' or '_'"
    }

    static func audience(_ text: String) -> String? {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            ? nil : "\(self.quoted(text)) must be 1 to 255 printable ASCII characters without spaces"
    }

    static func region(_ text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isValid =
            text.utf8.count <= 32 && (3...4).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(self.isLowerAlphanumeric) }
            && parts.last.map { UInt16($0) != nil } == true
        return isValid ? nil : "\(self.quoted(text)) is no AWS region: write, for example, eu-west-1"
    }

    static func account(_ text: String) -> String? {
        text.utf8.count == 12 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ? nil : "\(self.quoted(text)) is no AWS account: write its 12 digits (in quotes, if in YAML)"
    }

    static func clusterName(_ text: String) -> String? {
        let isValid =
            (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                self.isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
        return isValid ? nil : "\(self.quoted(text)) is no ECS cluster name: write the name, not the ARN"
    }

    static func table(_ text: String) -> String? {
        let isValid =
            (3...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                self.isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
        return isValid
            ? nil
            : "\(self.quoted(text)) is no name of a DynamoDB table: write 3 to 255 letters, digits, '.', '-' or '_'"
    }

    static func isLabel(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.last != UInt8(ascii: "-")
            && text.utf8.allSatisfy { self.isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The text in quotes, cut to a bearable length.
    static func quoted(_ text: String) -> String {
        text.count > 80 ? "'\(text.prefix(80))…'" : "'\(text)'"
    }
}
