import Testing

@testable import MeshTelemetry

struct LogFilterTests {
    @Test(arguments: [
        ("info", "info"), ("WARN", "warn"), ("off", "off"), ("trace", "debug"), ("2", "warn"), ("0", "off"),
        ("dns=5", "dns=debug,info"), ("access=debug", "access=debug,info"),
        ("access=debug,error", "access=debug,error"), ("info,error", "error"), (" info , dns = off ,", "dns=off,info"),
        ("a=info,b=warn,a=debug", "b=warn,a=debug,info"), ("ztunnel::xds=debug", "xds=debug,info"), ("", "info"),
        ("hickory_server::server=off,info", "hickory_server::server=off,info"),
    ])
    func readsDirectives(_ text: String, _ shown: String) throws {
        #expect("\(try LogFilter(parsing: text))" == shown)
    }

    @Test(arguments: ["access", "loud", "access=loud", "a=b=info", "[span]=debug", "a b=info", "=", "a=", "info,x"])
    func refusesWhatIsNoDirective(_ text: String) {
        #expect(throws: LogFilter.Malformed.self) { try LogFilter(parsing: text) }
    }

    @Test func changesNothingWhenOneDirectiveIsMalformed() throws {
        var filter = try LogFilter(parsing: "access=debug,warn")
        let before = filter
        #expect(throws: LogFilter.Malformed(directive: "nonsense")) { try filter.add("error,nonsense") }
        #expect(filter == before)
    }

    @Test func takesTheLongestScopeThatFits() throws {
        let filter = try LogFilter(parsing: "warn,xds=info,xds::client=debug,access=off")
        #expect(filter.level(of: "xds::client") == .debug)
        #expect(filter.level(of: "xds::client::stream") == .debug)
        #expect(filter.level(of: "xds::server") == .info)
        #expect(filter.level(of: "xdsx") == .warning)
        #expect(filter.level(of: "access") == nil)
    }

    @Test func takesTheCratesNameForAllOfUs() throws {
        let filter = try LogFilter(parsing: "error,ztunnel=debug,dns=info")
        #expect(filter.level(of: "proxy") == .debug)
        #expect(filter.level(of: "dns") == .info)
    }

    @Test func boundsTheDirectives() throws {
        var filter = LogFilter()
        for index in 0..<LogFilter.maximumRules { try filter.add("s\(index)=debug") }
        #expect(throws: LogFilter.Malformed.self) { try filter.add("one-more=debug") }
        try filter.add("s0=info")
        #expect(filter.level(of: "s0") == .info)
    }
}
