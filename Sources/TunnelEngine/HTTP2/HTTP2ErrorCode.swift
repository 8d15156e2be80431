/// The error codes of RFC 9113 §7, as carried by RST_STREAM and GOAWAY.
package enum HTTP2ErrorCode: UInt32, Sendable, CaseIterable {
    case noError = 0x0
    case protocolError = 0x1
    case internalError = 0x2
    case flowControlError = 0x3
    case settingsTimeout = 0x4
    case streamClosed = 0x5
    case frameSizeError = 0x6
    case refusedStream = 0x7
    case cancel = 0x8
    case compressionError = 0x9
    case connectError = 0xa
    case enhanceYourCalm = 0xb
    case inadequateSecurity = 0xc
    case http11Required = 0xd

    /// The code a peer sent; one that we do not know counts as an internal error of the peer (RFC 9113 §7).
    init(wire: UInt32) {
        self = HTTP2ErrorCode(rawValue: wire) ?? .internalError
    }
}
