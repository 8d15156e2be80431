import CertificateAuthority
import Foundation
import GRPCCore
import Logging
import MeshCompile
import MeshModel
import MeshProtos
import MeshTelemetry
import MeshXDS
import Synchronization

/// A data plane that takes or answers nothing for too long. Its connection must go: an error would only queue behind what
/// it does not read.
struct SilentPeer: Error, Sendable, CustomStringConvertible {
    let description = "the data plane does not read; connect again"
}

/// One discovery stream: feeds requests and changes, one at a time, to the pure machine, and sends what it says.
///
/// What waits is bounded: at most one request (the next is not read before it was dealt with), one sign that the
/// catalog changed, one timer of each kind, and the few reasons to end.
final class DiscoverySession: Sendable {
    typealias Request = EnvoyDiscovery.DeltaDiscoveryRequest

    private enum Event: Sendable {
        case request(Request)
        case changed
        case companionsMissing
        case answerDue
        case finished
        case failed(RPCError)
    }

    /// What one run of the stream knows beside its machine.
    private struct Progress {
        var machine: DeltaServerStream
        var isCompanionTimerSet = false
        /// When the unanswered response of each type was sent.
        var flights: [String: (nonce: String, sent: ContinuousClock.Instant)] = [:]
        var isAnswerTimerSet = false
        /// The turn for its first answer, until that is answered.
        var turn: JoinTurns.Turn?
    }

    private let id: String
    private let peer: Peer
    private let store: ResourceStore
    private let turns: JoinTurns
    private let table: ConnectionTable
    private let metrics: ControlPlaneMetrics
    private let limits: ServerLimits
    private let logger: Logger
    private let isChangePending = Atomic(false)

    init(
        id: String,
        peer: Peer,
        store: ResourceStore,
        turns: JoinTurns,
        table: ConnectionTable,
        metrics: ControlPlaneMetrics,
        limits: ServerLimits,
        logger: Logger
    ) {
        self.id = id
        self.peer = peer
        self.store = store
        self.turns = turns
        self.table = table
        self.metrics = metrics
        self.limits = limits
        self.logger = logger
    }

    /// Serves the stream to its end; returns when the client or the age of its connection ends it.
    ///
    /// - Throws: `RPCError` for the data plane, or `SilentPeer`.
    func run(
        _ requests: RPCAsyncSequence<Request, any Error>,
        _ writer: RPCWriter<DeltaPush>,
        cancellation: ServerContext.RPCCancellationHandle
    ) async throws {
        let (events, feed) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingOldest(16))
        let (credits, granting) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let listener = self.store.listen { notice in
            switch notice {
            case .changed:
                if !self.isChangePending.exchange(true, ordering: .acquiringAndReleasing) { feed.yield(.changed) }
            case .stopping:
                feed.yield(.failed(RPCError(code: .unavailable, message: "this control plane stops; connect again")))
            }
        }
        guard let listener else {
            throw RPCError(code: .unavailable, message: "this control plane stops; connect again")
        }
        defer {
            self.store.remove(listener)
            granting.finish()
            feed.finish()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.read(requests, credits, feed) }
            group.addTask { try await self.watchTheClock(feed) }
            group.addTask {
                // The client went away, or its connection is old: both end the stream in order.
                try await cancellation.cancelled
                feed.yield(.finished)
            }
            defer { group.cancelAll() }
            var progress = Progress(machine: self.machine())
            defer { progress.turn?.end() }
            for await event in events {
                switch event {
                case .request(let request):
                    try await self.introduce(request, &progress, &group)
                    try await self.send(try self.receive(request, &progress), writer, &progress)
                    granting.yield()
                case .changed:
                    self.isChangePending.store(false, ordering: .releasing)
                    try await self.push(writer, &progress)
                case .companionsMissing:
                    progress.machine.stopAwaiting()
                    try await self.push(writer, &progress)
                case .answerDue:
                    progress.isAnswerTimerSet = false
                    let limit = self.limits.answer
                    guard progress.flights.values.allSatisfy({ .now - $0.sent < limit }) else { throw SilentPeer() }
                case .finished:
                    return
                case .failed(let error):
                    throw error
                }
                if progress.flights.isEmpty, !progress.machine.isAwaiting { progress.turn?.end() }
                self.setTimers(&progress, feed, &group)
                self.table.update(self.id) { $0.types = progress.machine.status }
            }
        }
    }

    /// A machine for this client: a waypoint gets what is its own, and asks for all four types; others get two.
    private func machine() -> DeltaServerStream {
        let owner = self.peer.identity.principal
        let settings = XDSTypes.owned(XDSTypes.waypointSettings, by: owner)
        let isWaypoint = (self.store.catalog?.count(of: settings) ?? 0) > 0
        return DeltaServerStream(
            id: self.id,
            companions: isWaypoint ? XDSTypes.waypointInOrder : XDSTypes.inOrder,
            owner: owner,
            awaitsCompanions: true,
            parentKey: AddressParents.parent
        )
    }

    /// Reads one request after the other, each after the one before was dealt with, and not faster than allowed.
    private func read(
        _ requests: RPCAsyncSequence<Request, any Error>,
        _ credits: AsyncStream<Void>,
        _ feed: AsyncStream<Event>.Continuation
    ) async {
        var credit = credits.makeAsyncIterator()
        var bucket = TokenBucket(rate: self.limits.requestsPerSecond, burst: self.limits.requestBurst, now: .now)
        do {
            for try await request in requests {
                while let pause = bucket.take(at: .now) { try await Task.sleep(for: pause) }
                feed.yield(.request(request))
                guard await credit.next() != nil else { return }
            }
            feed.yield(.finished)
        } catch {
            feed.yield(.failed((error as? RPCError) ?? RPCError(code: .cancelled, message: "the stream broke")))
        }
    }

    /// Ends the stream when its first request does not come, and when the proof of its identity ends.
    private func watchTheClock(_ feed: AsyncStream<Event>.Continuation) async throws {
        try await Task.sleep(for: self.limits.firstRequest)
        var node = ""
        self.table.update(self.id) { node = $0.node }
        if node.isEmpty {
            feed.yield(.failed(RPCError(code: .deadlineExceeded, message: "no first request came in time")))
            return
        }
        let rest = self.peer.expiry.timeIntervalSinceNow
        if rest > 0 { try await Task.sleep(for: .seconds(min(rest, 365 * 86_400))) }
        let reason =
            switch self.peer.proof {
            case .certificate: "the client certificate has ended; connect with its successor"
            case .attestation: "the attestation was shown too long ago; connect with a new one"
            }
        feed.yield(.failed(RPCError(code: .unauthenticated, message: reason)))
    }

    /// At most one timer of each kind: for the types that are still to be asked for, and for the oldest answer.
    private func setTimers(
        _ progress: inout Progress,
        _ feed: AsyncStream<Event>.Continuation,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        if progress.machine.isAwaiting, !progress.isCompanionTimerSet {
            progress.isCompanionTimerSet = true
            group.addTask {
                try await Task.sleep(for: self.limits.companions)
                feed.yield(.companionsMissing)
            }
        }
        if !progress.isAnswerTimerSet, let oldest = progress.flights.values.map(\.sent).min() {
            progress.isAnswerTimerSet = true
            group.addTask {
                try await Task.sleep(until: oldest + self.limits.answer, clock: .continuous)
                feed.yield(.answerDue)
            }
        }
    }

    /// Checks and notes who sends the first request of the stream, and waits for the turn to answer it.
    private func introduce(
        _ request: Request,
        _ progress: inout Progress,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        guard progress.machine.nodeID.isEmpty, let node = request.node, !node.id.isEmpty else { return }
        try NodeID.check(node, of: self.peer, metrics: self.metrics)
        let id = PlainLine.of(node.id, bytes: 512)
        self.table.update(self.id) { connection in
            connection.node = id
            connection.cluster = PlainLine.of(node.metadata?.string("CLUSTER_ID") ?? "", bytes: 128)
            connection.version = PlainLine.of(node.metadata?.string("ISTIO_VERSION") ?? "", bytes: 128)
        }
        self.logger.debug("stream open", metadata: ["xds.node": "\(id)"])
        // The transport holds a message twice: as it is written, and framed.
        let turn = await self.turns.take(bytes: 2 * (self.store.catalog?.bytes ?? 0))
        progress.turn = turn
        let limit = self.limits.joinTurn
        group.addTask {
            // Who reads slowly must not hold up all others.
            try? await Task.sleep(for: limit)
            turn.end()
        }
    }

    private func receive(_ request: Request, _ progress: inout Progress) throws -> [DeltaPush] {
        guard let catalog = self.store.catalog else {
            throw RPCError(code: .unavailable, message: "the registry is not complete yet, try again")
        }
        if !request.responseNonce.isEmpty, progress.flights[request.typeURL]?.nonce == request.responseNonce {
            progress.flights[request.typeURL] = nil
            if let fault = request.errorDetail { self.note(fault, request.typeURL, node: progress.machine.nodeID) }
        } else if !request.responseNonce.isEmpty {
            self.metrics.staleNonces.with(Self.shortName(request.typeURL)).add()
        }
        return try Self.translating { () throws(XDSStreamError) in
            try progress.machine.receive(request, catalog: catalog, at: Self.milliseconds)
        }
    }

    private func note(_ fault: GoogleRPCStatus, _ typeURL: String, node: String) {
        self.metrics.rejects.with(Self.shortName(typeURL)).add()
        self.table.update(self.id) { $0.rejects += 1 }
        self.logger.warning(
            "response rejected by data plane",
            metadata: [
                "xds.type": "\(Self.shortName(typeURL))", "xds.node": "\(PlainLine.of(node, bytes: 512))",
                "error": "\(PlainLine.of(fault.message, bytes: 512))",
            ]
        )
    }

    private func push(_ writer: RPCWriter<DeltaPush>, _ progress: inout Progress) async throws {
        guard let catalog = self.store.catalog else { return }
        let pushes = try Self.translating { () throws(XDSStreamError) in
            try progress.machine.pushes(catalog, at: Self.milliseconds)
        }
        try await self.send(pushes, writer, &progress)
    }

    private func send(_ pushes: [DeltaPush], _ writer: RPCWriter<DeltaPush>, _ progress: inout Progress) async throws {
        for push in pushes {
            let start = ContinuousClock.now
            do {
                try await withDeadline(self.limits.send) { try await writer.write(push) }
            } catch is DeadlinePassed {
                throw SilentPeer()
            }
            progress.flights[push.typeURL] = (push.nonce, .now)
            self.metrics.sendTime.observe((ContinuousClock.now - start).seconds)
            self.metrics.pushes.with(Self.shortName(push.typeURL)).add()
            self.metrics.pushBytes.observe(Double(push.sectionBytes))
            self.table.update(self.id) { $0.pushes += 1 }
        }
    }

    private static func translating<Value>(_ body: () throws(XDSStreamError) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw RPCError(code: RPCError.Code(error), message: "\(error)")
        }
    }

    private static var milliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// A type from a closed set, as label values must be.
    private static func shortName(_ typeURL: String) -> String {
        switch typeURL {
        case XDSTypes.address: "Address"
        case XDSTypes.authorization: "Authorization"
        case XDSTypes.waypointSettings: "WaypointSettings"
        case XDSTypes.serviceRoutes: "ServiceRoutes"
        default: "other"
        }
    }
}
