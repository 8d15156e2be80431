import BoringTLS
import DataPlaneTestSupport
import MeshTelemetry
import Synchronization
import Testing
import TunnelEngine

@testable import DataPlane

@Suite("Revocation file")
struct RevocationWatchTests {
    private let authority: TestAuthority
    private let file: TestFile
    private let loop: TestLoop
    private let register = RevocationRegister()
    private let registry = MetricsRegistry()
    private let log = TestLog()
    private let changes = Counting()

    private final class Counting: Sendable {
        let count = Mutex(0)
        var value: Int { self.count.withLock { $0 } }
    }

    private struct Watching: @unchecked Sendable {
        let watch: RevocationWatch
    }

    init() throws {
        authority = try TestAuthority()
        file = try TestFile()
        loop = try TestLoop()
    }

    /// A watch on the file; `look` looks at once, `start` every second.
    private func make() throws -> Watching {
        let (loop, path, register, registry, log) = (self.loop.loop, file.path, self.register, self.registry, log.log)
        let changes = self.changes
        return try self.loop.sync {
            Watching(
                watch: RevocationWatch(
                    loop: loop,
                    path: path,
                    register: register,
                    registry: registry,
                    log: log
                ) { changes.count.withLock { $0 += 1 } }
            )
        }
    }

    private func look(_ watching: Watching) throws { try loop.sync { watching.watch.look() } }

    @Test("a missing file revokes nothing, and is read when it comes")
    func missing() throws {
        let watching = try make()
        try look(watching)
        #expect(register.generation == 0)
        #expect(log.lines.isEmpty)
        try file.write(try authority.revoking([7, 8]))
        try look(watching)
        #expect(register.set.entryCount == 2)
        #expect(changes.value == 1)
        try look(watching)
        #expect(changes.value == 1)
    }

    @Test("an empty file takes revocations back")
    func empty() throws {
        try file.write(try authority.revoking([7]))
        let watching = try make()
        try look(watching)
        #expect(register.set.entryCount == 1)
        try file.write("")
        try look(watching)
        #expect(register.set.entryCount == 0)
        #expect(changes.value == 2)
    }

    @Test("a broken or vanished file leaves in force what was read before, and is counted and told once")
    func broken() throws {
        try file.write(try authority.revoking([7]))
        let watching = try make()
        try look(watching)
        try file.write("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
        try look(watching)
        try look(watching)
        #expect(register.set.entryCount == 1)
        #expect(changes.value == 1)
        #expect(log.lines.filter { $0.contains("revocation file is not used") }.count == 1)
        let metrics = String(decoding: registry.exposition(.prometheus), as: UTF8.self)
        #expect(metrics.contains("tulle_crl_load_failures_total 1"))
        try file.remove()
        try look(watching)
        try look(watching)
        #expect(register.set.entryCount == 1)
        #expect(log.lines.filter { $0.contains("gone") }.count == 1)
        try file.write(try authority.revoking([7, 8, 9]))
        try look(watching)
        #expect(register.set.entryCount == 3)
    }

    @Test("a file that is broken from the start refuses nobody, and a good one counts as soon as it comes")
    func brokenAtFirst() throws {
        try file.write("no list")
        let watching = try make()
        try look(watching)
        #expect(register.generation == 0)
        try file.write(try authority.revoking([7]))
        try look(watching)
        #expect(register.set.entryCount == 1)
    }

    @Test("a change is noticed by itself within two seconds")
    func watching() throws {
        try file.write("")
        let watching = try make()
        try loop.sync { watching.watch.start() }
        #expect(changes.value == 1)
        try file.write(try authority.revoking([7]))
        let began = ContinuousClock.now
        #expect(eventually { register.set.entryCount == 1 })
        #expect(ContinuousClock.now - began < .seconds(2))
    }
}
