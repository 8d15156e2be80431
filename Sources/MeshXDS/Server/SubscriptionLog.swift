import MeshProtos

/// What was sent of one type on one stream and how the client answered, for people. Times are milliseconds since 1970.
struct SubscriptionLog: Sendable {
    private(set) var sentNonce = ""
    private(set) var sentVersion = ""
    private(set) var sentTime: Int64?
    private(set) var acknowledgedNonce = ""
    private(set) var acknowledgedVersion = ""
    private(set) var acknowledgedTime: Int64?
    private(set) var rejection: DeltaServerStream.Rejection?

    mutating func sent(_ push: DeltaPush, at time: Int64) {
        self.sentNonce = push.nonce
        self.sentVersion = push.version
        self.sentTime = time
    }

    mutating func note(
        _ fault: GoogleRPCStatus?,
        of flight: Subscription.Flight,
        limits: XDSStreamLimits,
        at time: Int64
    ) {
        guard let fault else {
            self.acknowledgedNonce = flight.nonce
            self.acknowledgedVersion = flight.version
            self.acknowledgedTime = time
            self.rejection = nil
            return
        }
        self.rejection = DeltaServerStream.Rejection(
            message: Self.prefix(of: fault.message, bytes: limits.errorBytes),
            nonce: flight.nonce,
            time: time,
            names: flight.names,
            resources: flight.count
        )
    }

    /// The longest prefix of whole characters that takes at most so many bytes.
    private static func prefix(of text: String, bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var result = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            if count > bytes { break }
            result.append(scalar)
        }
        return String(result)
    }
}
