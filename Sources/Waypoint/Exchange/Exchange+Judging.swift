import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

extension Exchange {
    // MARK: What is known from the start

    /// Fills in what telemetry needs, and takes out what no client may say.
    func describe() {
        let inner = self.inner
        self.record.source = inner.source
        self.record.security = inner.facts.peer == nil || inner.facts.local == nil ? .plain : .mutualTLS
        self.record.localPrincipal = inner.localPrincipal
        self.record.downstreamRemoteAddress = inner.sourceText
        self.record.downstreamLocalAddress = inner.destinationText
        self.record.method = self.head.method
        self.record.path = self.head.path
        self.record.authority = self.head.authority
        self.record.scheme = self.head.scheme
        self.record.version = RequestRecord.Version(self.downstream.version)
        self.record.service = inner.serviceLabels
        self.record.isGRPC = self.view.isGRPC
        self.head.fields.removePrivate()
        self.head.fields.removeClaims()
        if self.head.fields.first(named: "x-forwarded-proto") == nil {
            self.head.fields.append(HeaderField("x-forwarded-proto", self.head.scheme))
        }
        self.head.fields.remove(named: "x-forwarded-client-cert")
        if self.plan.settings.tellsIdentity, let value = inner.forwardedIdentity {
            self.head.fields.append(HeaderField("x-forwarded-client-cert", value))
        }
        let telemetry = self.served.telemetry
        let fields = self.head.fields
        let changes = telemetry.begin(
            &self.record,
            find: { fields.first(named: $0) },
            tunnel: inner.trace,
            using: &self.worker.random
        )
        self.record.keepRequestHeaders(telemetry.headers) { fields.first(named: $0) }
        for change in changes {
            if let value = change.value {
                self.head.fields.set(change.name, value)
            } else {
                self.head.fields.remove(named: change.name)
            }
        }
    }

    // MARK: Stages

    /// Brings the path to one form, so that everything that follows means the same request.
    func judge() {
        guard self.head.method != "CONNECT" else { return self.answer(.routeNotFound) }
        if let upgrade = self.head.upgrade, upgrade.lowercased() != "websocket" { return self.answer(.upgradeFailed) }
        let target: String
        do throws(PathNormalizationError) {
            target = try self.plan.settings.paths.normalize(self.head.path)
        } catch {
            return self.answer(.refusedPath(error))
        }
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        self.view = RequestView(
            method: self.head.method,
            scheme: self.head.scheme,
            authority: self.head.authority,
            path: mark.map { String(target[..<$0]) } ?? target,
            query: mark.map { String(target[target.utf8.index(after: $0)...]) },
            fields: self.head.fields,
            connection: self.inner.facts
        )
        self.record.isGRPC = self.view.isGRPC
        self.beginSampling()
        switch self.standing.gate(self.view) {
        case .open: self.authenticate()
        case .deny(let denial): self.deny(denial)
        case .ask(let names): self.ask(names) { [self] in self.authenticate() }
        }
    }

    /// Verifies the request's tokens.
    private func authenticate() {
        if let tokens = self.served.tokens, !tokens.isEmpty {
            let outcome = tokens.check(self.view, cache: &self.worker.tokenCache, now: self.worker.context.now)
            self.worker.context.metrics.count(outcome)
            if let fault = outcome.fault {
                var reply = LocalReply(
                    fault.status,
                    details: fault.detail,
                    flags: .unauthorizedExternally,
                    body: fault.body
                )
                if let challenge = outcome.challenge(for: self.view) { reply.fields.append(challenge) }
                return self.answer(reply)
            }
            outcome.apply(to: &self.view)
        }
        self.authorize()
    }

    /// Asks the AuthorizationPolicies.
    private func authorize() {
        let decision = self.standing.decision(self.view)
        self.worker.reporting.note(decision, &self.record)
        if case .deny(let denial) = decision.verdict { return self.deny(denial) }
        self.chooseRoute()
    }

    private func deny(_ denial: AccessDenial) {
        var reply = LocalReply.accessDenied(policy: nil)
        reply.details = denial.detail
        self.answer(reply)
    }

    /// Finds the route, and inspects the body where a policy for it asks so.
    private func chooseRoute() {
        guard let table = self.inner.table(of: self.served) else { return self.chooseWorkload() }
        guard let choice = table.match(self.view) else {
            var reply = LocalReply.routeNotFound
            if table.isGRPCOnly { reply.grpcStatus = .unimplemented }
            return self.answer(reply)
        }
        self.choice = choice
        self.action = choice.action
        self.record.routeName = choice.action.name
        self.record.operation = choice.action.operation
        self.record.routeResource = choice.action.origin
        guard let name = choice.action.authorizer else { return self.inspect() }
        self.ask([name]) { [self] in self.inspect() }
    }

    /// A workload that was asked for by its own address has no routes; a port without any has nothing to offer.
    private func chooseWorkload() {
        guard case .workload(let workload) = self.inner.target else { return self.answer(.routeNotFound) }
        self.record.routeName = "direct"
        self.direct = self.worker.cluster(direct: workload, port: self.inner.port)
        self.inspect()
    }

    /// Collects the body for the payload policies of this route.
    private func inspect() {
        guard let payloads = self.served.payloads, !payloads.isEmpty else { return self.limitRate() }
        let start = payloads.start(
            self.view,
            origin: self.action?.origin ?? "",
            length: self.body.isWhole ? UInt64(self.body.end) : self.declaredLength,
            now: self.worker.loop.now
        )
        switch start {
        case .pass: self.limitRate()
        case .decided(let verdict): self.follow(verdict)
        case .inspect(let inspection): self.collect(.payload(inspection)) { [self] in self.limitRate() }
        }
    }

    private var declaredLength: UInt64? { self.view.fields.first(named: "content-length").flatMap { UInt64($0) } }

    private func follow(_ verdict: PayloadVerdict) {
        self.worker.reporting.note(verdict, &self.record)
        guard let denial = verdict.denial else { return self.limitRate() }
        self.answer(
            LocalReply(denial.status, details: denial.detail, body: denial.body, fields: denial.fields)
        )
    }

    /// Asks for the body, and goes on when whoever looks at it has seen enough.
    private func collect(_ reader: BodyInspection.Reader, then proceed: @escaping () -> Void) {
        let inspection = BodyInspection(reader, on: self.worker) { [weak self] in
            guard let self, let inspection = self.inspection, !self.isOver else { return }
            guard let verdict = inspection.late else { return self.answer(.arrivalTimeout) }
            self.leave(inspection)
            self.follow(verdict)
        }
        guard let inspection else { return self.answer(.overloaded) }
        self.inspection = inspection
        self.afterInspection = proceed
        if self.view.fields.first(named: "expect") != nil {
            // It is we who want to see it.
            self.view.fields.remove(named: "expect")
            self.downstream.sendInformational(HTTPResponseHead(status: 100))
        }
        if let early = self.body.whole, !early.isEmpty {
            let credit = self.body.credit(to: self.body.end)
            if credit > 0 { self.downstream.consumed(credit) }
            early.withUnsafeBytes { self.judge(inspection, $0, isEnd: self.body.isWhole) }
        } else if self.body.isWhole {
            self.judge(inspection, UnsafeRawBufferPointer(start: nil, count: 0), isEnd: true)
        }
    }

    private func leave(_ inspection: BodyInspection) {
        self.inspection = nil
        self.afterInspection = nil
        inspection.release()
    }

    /// Bytes of a body that is inspected.
    func inspected(_ inspection: BodyInspection, _ data: UnsafeRawBufferPointer, isEnd: Bool) {
        if data.count > 0 { self.body.append(data) }
        _ = self.body.credit(to: self.body.end)
        self.hold()
        self.judge(inspection, data, isEnd: isEnd)
    }

    private func judge(_ inspection: BodyInspection, _ data: UnsafeRawBufferPointer, isEnd: Bool) {
        guard self.inspection === inspection, !self.isOver else { return }
        switch inspection.take(data, isEnd: isEnd) {
        case .more: return
        case .outOfMemory: self.answer(.overloaded)
        case .tooLarge: self.answer(.payloadTooLarge)
        case .verdict(let verdict):
            self.leave(inspection)
            self.follow(verdict)
        case .body(let body):
            let proceed = self.afterInspection
            self.leave(inspection)
            self.seenBody = body
            proceed?()
        }
    }

    /// Asks the rate limits of the service.
    private func limitRate() {
        if let reply = self.served.limitRate(self.view, now: self.worker.loop.now) { return self.answer(reply) }
        if let direct { return self.send(to: Backend(cluster: direct, forwarding: nil)) }
        self.follow()
    }

    // MARK: Authorizers

    /// Asks authorizers one after the other; each must allow.
    private func ask(_ names: [String], then proceed: @escaping () -> Void) {
        guard let name = names.first else { return proceed() }
        guard let target = self.plan.settings.authorizers[name] else { return self.answer(.authorizerFailed()) }
        if var body = target.plan.body, self.seenBody == nil {
            if self.head.upgrade != nil {
                // What comes is another protocol, and only once the upgrade was allowed.
                _ = body.finish()
                self.seenBody = body
                return self.ask(names, then: proceed)
            }
            return self.collect(.authorizer(body)) { [self] in self.ask(names, then: proceed) }
        }
        let call = AuthorizerCall(target, on: self.worker)
        self.question = call
        let facts = CheckFacts(
            requestID: self.record.requestID ?? "",
            httpVersion: self.downstream.version.rawValue,
            time: Int64(clamping: self.record.start / 1_000_000),
            bodyBytes: self.body.isWhole ? Int64(self.body.end) : self.declaredLength.flatMap { Int64(exactly: $0) }
        )
        let body = target.plan.body == nil ? nil : self.seenBody
        call.start(self.view, body: body, facts: facts) { [weak self] answer in
            guard let self, !self.isOver else { return }
            self.question = nil
            // The next authorizer wants as much of the body as its own settings say.
            self.seenBody = nil
            switch answer {
            case .allow(let changes):
                changes.apply(to: &self.view)
                self.answerChanges += changes.responseFields
                self.ask(Array(names.dropFirst()), then: proceed)
            case .deny(let denial):
                var reply = LocalReply.authorizerDenied(status: denial.status, body: denial.body, fields: denial.fields)
                reply.details = denial.detail
                self.answer(reply)
            }
        }
    }
}
