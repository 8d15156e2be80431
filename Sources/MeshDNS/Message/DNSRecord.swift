package import MeshModel

/// A record's or question's type; any number may arrive.
package struct DNSType: Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    package let rawValue: UInt16
    /// Any number.
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// An IPv4 address.
    package static let a = DNSType(rawValue: 1)
    /// Another name of the owner.
    package static let cname = DNSType(rawValue: 5)
    /// The beginning of a zone, with the time for which the lack of a record may be remembered.
    static let soa = DNSType(rawValue: 6)
    /// A signature of the old kind (RFC 2931 signs whole messages with it).
    static let sig = DNSType(rawValue: 24)
    /// An IPv6 address.
    package static let aaaa = DNSType(rawValue: 28)
    /// EDNS (RFC 6891).
    static let opt = DNSType(rawValue: 41)
    /// A signature of the whole message (RFC 8945).
    static let tsig = DNSType(rawValue: 250)
    /// The changes of a zone.
    static let ixfr = DNSType(rawValue: 251)
    /// A whole zone.
    static let axfr = DNSType(rawValue: 252)

    private static let names: [UInt16: String] = [
        1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA", 29: "LOC",
        33: "SRV", 35: "NAPTR", 37: "CERT", 39: "DNAME", 41: "OPT", 43: "DS", 44: "SSHFP", 46: "RRSIG", 47: "NSEC",
        48: "DNSKEY", 50: "NSEC3", 52: "TLSA", 64: "SVCB", 65: "HTTPS", 99: "SPF", 250: "TSIG", 251: "IXFR",
        252: "AXFR", 255: "ANY", 256: "URI", 257: "CAA",
    ]

    /// The type's mnemonic; nil for the rarer types.
    package var mnemonic: String? { Self.names[self.rawValue] }

    /// The type's mnemonic, or `TYPE<number>` (RFC 3597).
    package var description: String { self.mnemonic ?? "TYPE\(self.rawValue)" }
}

/// What is asked.
package struct DNSQuestion: Hashable, Sendable {
    /// The class of the internet.
    package static let internet: UInt16 = 1

    /// The name.
    package var name: DNSName
    /// The type of the records wanted.
    package var type: DNSType
    /// The class, nearly always ``internet``.
    package var classCode: UInt16

    /// A question of the internet's class.
    package init(name: DNSName, type: DNSType, classCode: UInt16 = Self.internet) {
        self.name = name
        self.type = type
        self.classCode = classCode
    }
}

/// One record.
package struct DNSRecord: Hashable, Sendable {
    /// A record's content.
    package enum Content: Hashable, Sendable {
        /// An A or AAAA record, by the family of the address.
        case address(IPAddress)
        /// A CNAME record.
        case alias(DNSName)
        /// Any other, as it came. Names within may point into the message it came in.
        case other(DNSType, [UInt8])
    }

    /// Whose record it is.
    package var name: DNSName
    /// How long it may be kept, in seconds.
    package var timeToLive: UInt32
    /// The content.
    package var content: Content
    /// The class, nearly always ``DNSQuestion/internet``.
    package var classCode: UInt16

    /// A record of the internet's class.
    package init(
        name: DNSName,
        timeToLive: UInt32,
        content: Content,
        classCode: UInt16 = DNSQuestion.internet
    ) {
        self.name = name
        self.timeToLive = timeToLive
        self.content = content
        self.classCode = classCode
    }

    /// The record's type.
    package var type: DNSType {
        switch self.content {
        case .address(let ip): ip.isV4 ? .a : .aaaa
        case .alias: .cname
        case .other(let type, _): type
        }
    }
}
