import MeshModel

/// The answer to a request that a limit does not let pass.
package struct RateRefusal: Sendable, Hashable {
    /// Seconds until it is worth trying again, one at least; nil where trying again does not help.
    package let retryAfter: UInt64?
    private let limitStatus: Int
    /// The limit that can't be carried out; nil where the request is beyond one that can.
    private let unusable: String?

    init(status: Int, wait milliseconds: UInt64) {
        self.limitStatus = status
        self.retryAfter = max(1, (milliseconds + 999) / 1000)
        self.unusable = nil
    }

    /// What is limited in a way that nobody here understands must not pass unlimited.
    init(unusable name: String) {
        self.limitStatus = 503
        self.retryAfter = nil
        self.unusable = name
    }

    /// What is sent.
    package var reply: LocalReply {
        if let unusable { return .rateLimitUnusable(unusable) }
        var reply = LocalReply.localRateLimited(status: self.limitStatus)
        reply.fields += self.fields
        return reply
    }

    private var fields: [HeaderField] {
        guard let retryAfter else { return [] }
        return [HeaderField("x-local-rate-limit", "true"), HeaderField("retry-after", String(retryAfter))]
    }
}
