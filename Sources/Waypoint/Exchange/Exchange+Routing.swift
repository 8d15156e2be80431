import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

/// The destination that was drawn for a request.
struct Backend {
    let cluster: ClusterPlan
    /// What the route makes of request and response.
    let forwarding: Forwarding?
}

extension Exchange {
    /// Does what the route says, beginning with the failures that it makes on purpose.
    func follow() {
        guard let action = self.action else { return self.answer(.routeNotFound) }
        let draw = action.drawFault(using: &self.worker.random)
        self.record.flags.formUnion(draw.flags)
        guard let wait = draw.delayMilliseconds else { return self.go(on: draw) }
        let alarm = LoopAlarm(loop: self.worker.loop)
        self.alarm = alarm
        alarm.set(after: wait) { [weak self] in
            guard let self, !self.isOver else { return }
            self.go(on: draw)
        }
    }

    private func go(on draw: FaultDraw) {
        if let abort = draw.abort { return self.answer(abort) }
        switch self.action?.crossOrigin?.answer(to: self.view) ?? CrossOriginPolicy.Answer.none {
        case .reply(let reply): return self.answer(reply)
        case .fields(let fields): self.crossOrigin = fields
        case .none: break
        }
        guard let choice = self.choice else { return self.answer(.routeNotFound) }
        if let action, let settings = action.session { self.recallSession(settings, scope: action.name) }
        let (served, session) = (self.served, self.session?.endpoint)
        let keeps: (Int) -> Bool = { place in session.map { served.cluster(place)?.state.keeps($0) ?? false } ?? false }
        switch choice.decide(self.view, keeping: keeps, using: &self.worker.random) {
        case .reply(let reply): self.answer(reply)
        case .forward(let forwarding):
            guard let cluster = self.served.cluster(forwarding.cluster) else { return self.answer(.clusterNotFound()) }
            self.send(to: Backend(cluster: cluster, forwarding: forwarding))
        }
    }

    /// Sends the request to a destination.
    func send(to backend: Backend) {
        self.backend = backend
        let cluster = backend.cluster
        self.record.cluster = cluster.name
        self.record.service = cluster.labels
        // What decided saw this path and these fields, and so does the destination.
        self.head.path = self.view.query.map { "\(self.view.path)?\($0)" } ?? self.view.path
        self.head.fields = self.view.fields
        backend.forwarding?.apply(to: &self.head)
        if self.head.path != self.record.path {
            self.record.originalPath = self.record.path
            self.record.path = self.head.path
        }
        self.record.authority = self.head.authority
        if self.sessionKeeper == nil, let settings = cluster.session {
            self.recallSession(settings, scope: cluster.name)
        }
        self.demand = PickDemand(session: self.session?.endpoint)
        if let policy = cluster.hashPolicy {
            let key = policy.key(of: self.view)
            self.demand.hash = key.hash
            if let cookie = key.cookie { self.answerChanges.append(HeaderField("set-cookie", cookie)) }
        }
        self.mirror()
        self.forward()
    }

    private func mirror() {
        guard let action = self.action else { return }
        for place in action.drawMirrors(using: &self.worker.random) {
            guard let cluster = self.served.cluster(place), self.head.upgrade == nil else { continue }
            let mirror = Mirror(
                self.head,
                body: self.body,
                of: self.inner.facts,
                cluster: cluster,
                worker: self.worker
            )
            if let mirror {
                self.mirrors.append(mirror)
            } else {
                self.worker.context.metrics.count(mirror: false)
            }
        }
    }

    // MARK: Responses

    /// The route's changes of a response's head.
    func change(_ response: inout HTTPResponseHead) {
        self.backend?.forwarding?.apply(toResponse: &response.fields)
        if !self.crossOrigin.isEmpty { CrossOriginPolicy.apply(self.crossOrigin, to: &response.fields) }
        for field in self.answerChanges {
            if field.name == "set-cookie" {
                response.fields.append(field)
            } else {
                response.fields.set(field.name, field.value)
            }
        }
    }
}
