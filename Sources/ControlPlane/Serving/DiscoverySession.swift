import CertificateAuthority
import Foundation
import GRPCCore
import Logging
import MeshModel
import MeshProtos
import MeshTelemetry
import MeshXDS
import Synchronization

/// One discovery stream: feeds requests and changes, one at a time, to the pure machine, and sends what it says.
///
/// What waits is bounded: at most one request (the next is not read before it was dealt with), one sign that the
/// catalog changed, and the few reasons to end.
final class DiscoverySession: Sendable {
    typealias Request = EnvoyDiscovery.DeltaDiscoveryRequest
    typealias Response = EnvoyDiscovery.DeltaDiscoveryResponse

    private enum Event: Sendable {
        case request(Request)
        case changed
        case finished
        case failed(RPCError)
    }

    private let id: String
    private let peer: Peer
    private let store: ResourceStore
    private let table: ConnectionTable
    private let metrics: ControlPlaneMetrics
    private let limits: ServerLimits
    private let logger: Logger
    private let isChangePending = Atomic(false)

    init(
        id: String,
        peer: Peer,
        store: ResourceStore,
        table: ConnectionTable,
        metrics: ControlPlaneMetrics,
        limits: ServerLimits,
        logger: Logger
    ) {
        self.id = id
        self.peer = peer
        self.store = store
        self.table = table
        self.metrics = metrics
        self.limits = limits
        self.logger = logger
    }

    /// Serves the stream to its end.
    ///
    /// - Throws: `RPCError` for the data plane.
    func run(_ requests: RPCAsyncSequence<Request, any Error>, _ writer: RPCWriter<Response>) async throws {
        let (events, feed) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingOldest(8))
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
            group.addTask {
                var credit = credits.makeAsyncIterator()
                do {
                    for try await request in requests {
                        feed.yield(.request(request))
                        guard await credit.next() != nil else { return }
                    }
                    feed.yield(.finished)
                } catch {
                    feed.yield(.failed((error as? RPCError) ?? RPCError(code: .cancelled, message: "the stream broke")))
                }
            }
            group.addTask { try await self.watchTheClock(feed) }
            defer { group.cancelAll() }
            var machine = DeltaServerStream(id: self.id)
            for await event in events {
                switch event {
                case .request(let request):
                    try await self.send(try self.receive(request, &machine), writer)
                    granting.yield()
                case .changed:
                    self.isChangePending.store(false, ordering: .releasing)
                    guard let catalog = self.store.catalog else { continue }
                    try await self.send(
                        try Self.translating { () throws(XDSStreamError) in try machine.pushes(catalog) },
                        writer
                    )
                case .finished:
                    return
                case .failed(let error):
                    throw error
                }
                self.table.update(self.id) { $0.types = machine.status }
            }
        }
    }

    /// Ends the stream when its first request does not come, and when its certificate ends.
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
        feed.yield(
            .failed(
                RPCError(
                    code: .unauthenticated,
                    message: "the client certificate has ended; connect with its successor"
                )
            )
        )
    }

    private func receive(_ request: Request, _ machine: inout DeltaServerStream) throws -> [Response] {
        guard let catalog = self.store.catalog else {
            throw RPCError(code: .unavailable, message: "the registry is not complete yet, try again")
        }
        if machine.nodeID.isEmpty {
            try self.checkIdentity(request.node)
            let node = PlainLine.of(request.node?.id ?? "", bytes: 512)
            self.table.update(self.id) { $0.node = node }
            self.logger.debug("stream open", metadata: ["xds.node": "\(node)"])
        }
        if let fault = request.errorDetail, !request.responseNonce.isEmpty {
            self.metrics.rejects.with(Self.shortName(request.typeURL)).add()
            self.table.update(self.id) { $0.rejects += 1 }
            self.logger.warning(
                "response rejected by data plane",
                metadata: [
                    "xds.type": "\(Self.shortName(request.typeURL))",
                    "xds.node": "\(PlainLine.of(machine.nodeID, bytes: 512))",
                    "error": "\(PlainLine.of(fault.message, bytes: 512))",
                ]
            )
        }
        return try Self.translating { () throws(XDSStreamError) in try machine.receive(request, catalog: catalog) }
    }

    /// A node may leave out who it is, but not say it is someone else than its certificate says.
    private func checkIdentity(_ node: EnvoyDiscovery.Node?) throws {
        for (field, expected) in [
            ("NAMESPACE", self.peer.identity.namespace), ("SERVICE_ACCOUNT", self.peer.identity.serviceAccount),
        ] {
            guard let claimed = node?.metadata?.string(field), claimed != expected else { continue }
            self.metrics.refusedStreams.with("node_identity_mismatch").add()
            throw RPCError(
                code: .permissionDenied,
                message:
                    "node_identity_mismatch: node metadata \(field) is '\(PlainLine.of(claimed, bytes: 63))', but the "
                    + "certificate names '\(expected)'"
            )
        }
    }

    private func send(_ responses: [Response], _ writer: RPCWriter<Response>) async throws {
        for response in responses {
            let start = ContinuousClock.now
            do {
                try await withDeadline(self.limits.send) { try await writer.write(response) }
            } catch is DeadlinePassed {
                throw RPCError(code: .aborted, message: "the data plane does not read; connect again")
            }
            self.metrics.sendTime.observe((ContinuousClock.now - start).seconds)
            self.metrics.pushes.with(Self.shortName(response.typeURL)).add()
            self.metrics.pushBytes.observe(
                Double(response.resources.reduce(0) { $0 + ($1.resource?.value.count ?? 0) })
            )
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

    /// A type from a closed set, as label values must be.
    private static func shortName(_ typeURL: String) -> String {
        switch typeURL {
        case XDSTypes.address: "Address"
        case XDSTypes.authorization: "Authorization"
        default: "other"
        }
    }
}

extension RPCError.Code {
    init(_ error: XDSStreamError) {
        switch error {
        case .nodeMissing: self = .invalidArgument
        case .tooManyTypes, .tooManyNames: self = .resourceExhausted
        case .tooFarBehind: self = .aborted
        }
    }
}
