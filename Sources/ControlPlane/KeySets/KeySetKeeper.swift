import CertificateAuthority
import Foundation
import Logging
import MeshCompile
import Synchronization

/// Keeps the keys for tokens that policies ask for: fetches them, and hands them to the publisher.
final class KeySetKeeper: Sendable {
    /// How many sets are fetched at the same time.
    private static let parallel = 8

    private let publisher: RegistryPublisher
    private let file: KeySetFile
    private let fetch: @Sendable (KeySource) async throws -> String
    private let logger: Logger
    private let schedule = Mutex(KeySetSchedule())
    private let start = ContinuousClock.now

    /// - Parameter fetch: fetches one set; throws what is logged.
    init(
        publisher: RegistryPublisher,
        file: KeySetFile,
        logger: Logger,
        fetch: @escaping @Sendable (KeySource) async throws -> String
    ) {
        self.publisher = publisher
        self.file = file
        self.logger = logger
        self.fetch = fetch
        let kept = file.load()
        self.schedule.withLock { $0.restore(kept) }
        publisher.supply(kept)
    }

    private var now: Int { Int((ContinuousClock.now - self.start).components.seconds) }

    /// Fetches until cancelled: what is due, each time that policies may have changed, and at least every ten seconds.
    func run() async {
        await withDiscardingTaskGroup { group in
            let (ticks, ticking) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            ticking.yield()
            group.addTask {
                for await _ in self.publisher.keySourceNews { ticking.yield() }
            }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(10))) != nil { ticking.yield() }
            }
            for await _ in ticks {
                await self.round()
                guard !Task.isCancelled else { break }
            }
            group.cancelAll()
        }
    }

    /// Fetches what is due now.
    func round() async {
        let sources = self.publisher.keySources
        let (due, refused) = self.schedule.withLock { schedule in
            let refused = schedule.want(sources, at: self.now)
            return (schedule.takeDue(at: self.now), refused)
        }
        if let first = refused.first {
            self.logger.warning(
                "too many key sets, some are not fetched",
                metadata: ["keys.source": "\(PlainLine.of(first.description, bytes: 512))"]
            )
        }
        // Before the configuration was read once, nobody asks for anything.
        guard !due.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            var rest = due[...]
            for source in rest.prefix(Self.parallel) { group.addTask { await self.fetchOne(source) } }
            rest = rest.dropFirst(Self.parallel)
            while await group.next() != nil {
                guard let source = rest.popFirst() else { continue }
                group.addTask { await self.fetchOne(source) }
            }
        }
        let keySets = self.schedule.withLock(\.keySets)
        self.publisher.supply(keySets)
        do {
            try self.file.store(keySets)
        } catch {
            self.logger.warning("keys can't be stored", metadata: ["error": "\(error)"])
        }
    }

    private func fetchOne(_ source: KeySource) async {
        let name = PlainLine.of(source.description, bytes: 512)
        do {
            let keys = try await self.fetch(source)
            if self.schedule.withLock({ $0.note(keys, of: source, at: self.now) }) {
                self.logger.info("keys fetched", metadata: ["keys.source": "\(name)"])
            }
        } catch {
            _ = self.schedule.withLock { $0.note(nil, of: source, at: self.now) }
            self.logger.warning(
                "keys can't be fetched; those that are known stay in use",
                metadata: ["keys.source": "\(name)", "error": "\(PlainLine.of("\(error)", bytes: 512))"]
            )
        }
    }
}
