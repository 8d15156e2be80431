import Testing

@testable import HTTPRouting

@Suite("Response flags")
struct ResponseFlagsTests {
    @Test("are logged by name, in one order")
    func logged() {
        #expect(ResponseFlags([]).logged == "-")
        #expect(ResponseFlags.noRouteFound.logged == "NR")
        #expect(ResponseFlags([.upstreamRetryLimitExceeded, .upstreamConnectionFailure]).logged == "UF,URX")
    }

    @Test("have a name each, and no name twice")
    func named() {
        #expect(Set(ResponseFlags.names.map(\.name)).count == ResponseFlags.names.count)
        let all = ResponseFlags.names.reduce(into: ResponseFlags()) { $0.insert($1.flag) }
        #expect(all.rawValue.nonzeroBitCount == ResponseFlags.names.count)
    }
}
