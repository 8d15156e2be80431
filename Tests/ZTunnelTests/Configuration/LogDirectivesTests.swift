import MeshTelemetry
import Testing

@testable import ZTunnel

@Suite("RUST_LOG")
struct LogDirectivesTests {
    @Test("a level holds for all parts, and a part may have its own")
    func reads() throws {
        let log = try #require(LogDirectives(parsing: "warn, access=off,ztunnel::dns=trace"))
        #expect(log.standard == .warning)
        #expect(log.targets == [.init(name: "access", level: nil), .init(name: "ztunnel::dns", level: .debug)])
        #expect(LogDirectives(parsing: "access=debug")?.standard == .info)
        #expect(LogDirectives(parsing: "OFF")?.standard == .some(nil))
        #expect(LogDirectives(parsing: "2")?.standard == .warning)
        #expect(LogDirectives(parsing: "") == LogDirectives())
    }

    @Test("what is no directive is refused", arguments: ["a=b", "=info", "info[span]", "x{f=1}=info", "a=info=b", "loud"])
    func refuses(_ text: String) { #expect(LogDirectives(parsing: text) == nil) }
}
