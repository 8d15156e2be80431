/// Why bytes from outside are not a DNS message.
package enum DNSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end inside the message.
    case truncated
    /// More than 65,535 bytes.
    case tooLong
    /// A name that is longer than 255 bytes, has a label longer than 63, or an unknown kind of label.
    case invalidName
    /// A compression pointer into the header or not before the name it stands in, or one of more than 127 in a name.
    case invalidPointer
    /// An A record without 4 bytes, an AAAA record without 16, or a CNAME that overruns its length.
    case invalidRecord
    /// More than one EDNS record.
    case repeatedEDNS

    package var description: String {
        switch self {
        case .truncated: "the DNS message ends too early"
        case .tooLong: "the DNS message has more than 65535 bytes"
        case .invalidName: "a name of the DNS message is too long or malformed"
        case .invalidPointer: "a name of the DNS message points to where no name can be, or too often"
        case .invalidRecord: "a record of the DNS message has the wrong length"
        case .repeatedEDNS: "the DNS message has two OPT records"
        }
    }
}
