import BoringTLS

/// Judges the peers of many links anew, a few in each turn of the loop, so that traffic goes on meanwhile.
///
/// It lives until it is through. Judging costs about as much as a handshake's verification: some thousand links a
/// second.
final class LinkReview: EventSource {
    private var links: [Link] = []
    private var context: TLSContext?

    /// Links that are judged in one turn.
    private static let linksPerTurn = 16

    /// Begins in the loop's next turn.
    /// - Parameter context: gives roots and revocations; nil takes for each link those that it was made with.
    static func begin(_ links: [Link], with context: TLSContext?, on loop: EventLoop) {
        guard !links.isEmpty else { return }
        let review = LinkReview(loop: loop)
        review.links = links
        review.context = context
        loop.runAgain(review)
    }

    override package func again() {
        for _ in 0..<Self.linksPerTurn {
            guard let link = self.links.popLast() else { return }
            link.judgePeer(with: self.context)
        }
        if !self.links.isEmpty { self.loop.runAgain(self) }
    }
}
