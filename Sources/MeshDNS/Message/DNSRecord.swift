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
    /// An IPv6 address.
    package static let aaaa = DNSType(rawValue: 28)
    /// EDNS (RFC 6891).
    static let opt = DNSType(rawValue: 41)

    /// The type's mnemonic, or `TYPE<number>` (RFC 3597).
    package var description: String {
        switch self {
        case .a: "A"
        case .cname: "CNAME"
        case .aaaa: "AAAA"
        case .opt: "OPT"
        default: "TYPE\(self.rawValue)"
        }
    }
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
