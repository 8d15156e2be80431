import Testing

@testable import MeshTelemetry

struct TraceContextTests {
    @Test func readsWhatItWrites() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            let context = TraceContext(using: &generator)
            #expect(context.header.utf8.count == 55)
            #expect(TraceContext(parsing: context.header) == context)
        }
        let known = try #require(TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"))
        #expect(known.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(known.header == "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01")
        #expect(known.isSampled)
        let other = try #require(TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-fe"))
        #expect(other.header.hasSuffix("-00"))
    }

    @Test func goesOnWithATraceUnderAParentOfItsOwn() throws {
        var generator = SystemRandomNumberGenerator()
        let caller = try #require(TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"))
        let child = caller.child(using: &generator)
        #expect(child.traceID == caller.traceID)
        #expect(child.parent != caller.parent)
        #expect(child.isSampled)
    }

    @Test(arguments: [
        "", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7",
        "01-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        "00-0AF7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-+af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-0g",
        "00--af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
    ])
    func refuses(_ text: String) {
        #expect(TraceContext(parsing: text) == nil)
    }
}
