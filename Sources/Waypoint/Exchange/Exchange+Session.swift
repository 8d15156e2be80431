import HTTPRouting
import MeshModel
import MeshProtos

extension Exchange {
    /// Finds the session that a request belongs to.
    /// - Parameter scope: what it is for.
    func recallSession(_ settings: TulleL7.SessionPersistence, scope: String) {
        self.sessionKeeper = self.served.sessionKeeper(settings, scope: scope)
        self.session = self.sessionKeeper?.session(of: self.view, now: self.unixSeconds)
    }

    /// Binds the client to the endpoint that answers it.
    func keepSession(at attempt: Attempt) {
        guard attempt.cluster.source == .discovery,
            let field = self.sessionKeeper?.field(
                for: attempt.endpoint.address,
                keeping: self.session,
                of: self.view,
                now: self.unixSeconds
            )
        else { return }
        self.answerChanges.append(field)
    }

    private var unixSeconds: UInt64 { self.worker.wallClock / 1_000_000_000 }
}
