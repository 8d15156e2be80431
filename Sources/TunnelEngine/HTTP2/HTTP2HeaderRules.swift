import MeshModel

/// What RFC 9113 §8 asks of header lists, for what arrives and for what we send.
enum HTTP2HeaderRules {
    /// What a valid request turned out to be.
    struct Request {
        var isConnect: Bool
    }

    /// Checks a request.
    ///
    /// CONNECT has `:method` and `:authority` alone (§8.5), unless extended CONNECT was allowed and `:protocol` is there:
    /// then it has all that other requests have (RFC 8441 §4). A `host` that names another authority is refused, as the two would be read by different parties.
    static func checkRequest(
        _ headers: [HTTP2Header],
        allowsExtendedConnect: Bool = false
    ) -> Result<Request, HTTP2Error> {
        var method: String?
        var scheme: String?
        var path: String?
        var authority: String?
        var host: String?
        var upgrade: String?
        do throws(HTTP2Error) {
            try self.checkFields(headers) { (header) throws(HTTP2Error) in
                switch header.name {
                case ":method": try self.setOnce(&method, header.value, self.isToken(header.value))
                case ":scheme": try self.setOnce(&scheme, header.value, self.isScheme(header.value))
                case ":path": try self.setOnce(&path, header.value, self.isVisible(header.value))
                case ":authority": try self.setOnce(&authority, header.value, self.isAuthority(header.value))
                case ":protocol" where allowsExtendedConnect:
                    try self.setOnce(&upgrade, header.value, self.isToken(header.value))
                default: throw HTTP2Error(.protocolError, .pseudoHeaderUnknown)
                }
            }
            for header in headers where header.name == "host" {
                guard host == nil else { throw HTTP2Error(.protocolError, .hostMismatch) }
                host = header.value
            }
            guard let method else { throw HTTP2Error(.protocolError, .pseudoHeaderMissing) }
            if let authority, let host, !self.isSameAuthority(authority, host) {
                throw HTTP2Error(.protocolError, .hostMismatch)
            }
            guard upgrade == nil || (method == "CONNECT" && authority != nil) else {
                throw HTTP2Error(.protocolError, .pseudoHeaderInvalid)
            }
            if method == "CONNECT", upgrade == nil {
                guard scheme == nil, path == nil else { throw HTTP2Error(.protocolError, .pseudoHeaderInvalid) }
                guard authority != nil else { throw HTTP2Error(.protocolError, .pseudoHeaderMissing) }
                return .success(Request(isConnect: true))
            }
            guard scheme != nil, let path else { throw HTTP2Error(.protocolError, .pseudoHeaderMissing) }
            guard path.utf8.first == UInt8(ascii: "/") || (path == "*" && method == "OPTIONS") else {
                throw HTTP2Error(.protocolError, .pseudoHeaderInvalid)
            }
            return .success(Request(isConnect: upgrade != nil))
        } catch {
            return .failure(error)
        }
    }

    /// Checks a response and gives its status. 101 does not exist in HTTP/2 (§8.6).
    static func checkResponse(_ headers: [HTTP2Header]) -> Result<Int, HTTP2Error> {
        var status: String?
        do throws(HTTP2Error) {
            try self.checkFields(headers) { (header) throws(HTTP2Error) in
                guard header.name == ":status" else { throw HTTP2Error(.protocolError, .pseudoHeaderUnknown) }
                try self.setOnce(&status, header.value, self.isStatus(header.value))
            }
            guard let status else { throw HTTP2Error(.protocolError, .pseudoHeaderMissing) }
            guard let number = Int(status), number != 101 else {
                throw HTTP2Error(.protocolError, .pseudoHeaderInvalid)
            }
            return .success(number)
        } catch {
            return .failure(error)
        }
    }

    /// Checks trailers: fields only. Gives the fault, if any.
    static func checkTrailers(_ headers: [HTTP2Header]) -> HTTP2Error? {
        do throws(HTTP2Error) {
            try self.checkFields(headers) { (_) throws(HTTP2Error) in
                throw HTTP2Error(.protocolError, .trailersInvalid)
            }
            return nil
        } catch {
            return error
        }
    }

    // MARK: Fields

    /// Checks every field, hands out pseudo headers, and sees to it that they come first.
    private static func checkFields(
        _ headers: [HTTP2Header],
        pseudo: (HTTP2Header) throws(HTTP2Error) -> Void
    ) throws(HTTP2Error) {
        var sawField = false
        for header in headers {
            guard self.isValue(header.value) else { throw HTTP2Error(.protocolError, .headerValueInvalid) }
            if header.name.utf8.first == UInt8(ascii: ":") {
                guard !sawField else { throw HTTP2Error(.protocolError, .pseudoHeaderMisplaced) }
                try pseudo(header)
                continue
            }
            sawField = true
            guard self.isName(header.name) else { throw HTTP2Error(.protocolError, .headerNameInvalid) }
            switch header.name {
            case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
                throw HTTP2Error(.protocolError, .headerForbidden)
            case "te" where !self.isEqualIgnoringCase(header.value, "trailers"):
                throw HTTP2Error(.protocolError, .headerForbidden)
            default:
                break
            }
        }
    }

    private static func setOnce(_ slot: inout String?, _ value: String, _ isValid: Bool) throws(HTTP2Error) {
        guard slot == nil else { throw HTTP2Error(.protocolError, .pseudoHeaderDuplicate) }
        guard isValid else { throw HTTP2Error(.protocolError, .pseudoHeaderInvalid) }
        slot = value
    }

    // MARK: Characters

    /// A field value: no control characters but the tab, no blanks at its ends (§8.2.1).
    private static func isValue(_ value: String) -> Bool {
        let bytes = value.utf8
        if let first = bytes.first, let last = bytes.last, self.isBlank(first) || self.isBlank(last) { return false }
        return self.all(value) { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
    }

    /// A field name: a token without upper-case letters.
    private static func isName(_ name: String) -> Bool {
        self.isToken(name) && self.all(name) { !(0x41...0x5a).contains($0) }
    }

    /// A token of RFC 9110 §5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && self.all(text, self.isTokenByte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"): true
        case UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        case UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"): true
        default: false
        }
    }

    private static func isScheme(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x41...0x5a).contains(first) || (0x61...0x7a).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
            default: false
            }
        }
    }

    /// Not empty, no blanks, no control characters.
    private static func isVisible(_ text: String) -> Bool {
        !text.isEmpty && self.all(text) { $0 > 0x20 && $0 != 0x7f }
    }

    /// Visible and without user information, path, query or fragment (RFC 9113 §8.3.1).
    private static func isAuthority(_ text: String) -> Bool {
        self.isVisible(text)
            && !text.utf8.contains {
                switch $0 {
                case UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\"):
                    true
                default: false
                }
            }
    }

    private static func isStatus(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count == 3, let first = bytes.first, (0x31...0x39).contains(first) else { return false }
        return bytes.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Asks of every byte; most text is in one piece of memory, which is several times as fast.
    private static func all(_ text: String, _ isGood: (UInt8) -> Bool) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { $0.allSatisfy(isGood) } ?? text.utf8.allSatisfy(isGood)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isSameAuthority(_ one: String, _ other: String) -> Bool {
        self.isEqualIgnoringCase(one, other)
    }

    private static func isEqualIgnoringCase(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8) { self.lowered($0) == self.lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }
}
