/// A DNS message (RFC 1035 §4, RFC 6891).
package struct DNSMessage: Hashable, Sendable {
    /// What came of a query; any number may arrive.
    package struct ResponseCode: Hashable, Sendable, CustomStringConvertible {
        /// The number on the wire, 0 to 15.
        package let rawValue: UInt8
        /// A number; its upper half is dropped.
        package init(rawValue: UInt8) { self.rawValue = rawValue & 15 }

        /// There is an answer, perhaps an empty one.
        package static let noError = ResponseCode(rawValue: 0)
        /// The server could not read the query.
        package static let formatError = ResponseCode(rawValue: 1)
        /// The server failed.
        package static let serverFailure = ResponseCode(rawValue: 2)
        /// There is no such name.
        package static let noSuchName = ResponseCode(rawValue: 3)
        /// The server does not do that.
        package static let notImplemented = ResponseCode(rawValue: 4)
        /// The server does not do that for us.
        package static let refused = ResponseCode(rawValue: 5)

        /// The code's mnemonic, or `RCODE<number>`.
        package var description: String {
            switch self {
            case .noError: "NOERROR"
            case .formatError: "FORMERR"
            case .serverFailure: "SERVFAIL"
            case .noSuchName: "NXDOMAIN"
            case .notImplemented: "NOTIMP"
            case .refused: "REFUSED"
            default: "RCODE\(self.rawValue)"
            }
        }
    }

    /// The EDNS record's content.
    package struct EDNS: Hashable, Sendable {
        /// The largest UDP message its sender takes, in bytes.
        package var payloadBytes: UInt16
        /// The EDNS version.
        package var version: UInt8
        /// Whether DNSSEC records are wanted.
        package var wantsDNSSEC: Bool

        /// By default what passes every network unfragmented (1,232 bytes).
        package init(payloadBytes: UInt16 = 1232, version: UInt8 = 0, wantsDNSSEC: Bool = false) {
            self.payloadBytes = payloadBytes
            self.version = version
            self.wantsDNSSEC = wantsDNSSEC
        }
    }

    /// Ties the response to the query.
    package var id: UInt16
    /// Whether it is a response.
    package var isResponse = false
    /// The kind of query; 0 is the usual one.
    package var operation: UInt8 = 0
    /// Whether the server is the authority.
    package var isAuthoritative = false
    /// Whether something was left out for want of room.
    package var isTruncated = false
    /// Whether the server should ask others.
    package var wantsRecursion = false
    /// Whether the server asks others.
    package var offersRecursion = false
    /// What came of the query.
    package var code = ResponseCode.noError
    /// What is asked; one question in practice.
    package var questions: [DNSQuestion] = []
    /// The answers.
    package var answers: [DNSRecord] = []
    /// Who is responsible.
    package var authorities: [DNSRecord] = []
    /// Further records, without the EDNS one.
    package var additionals: [DNSRecord] = []
    /// The EDNS record.
    package var edns: EDNS?

    /// An empty query.
    package init(id: UInt16) { self.id = id }
}
