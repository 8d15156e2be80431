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

    @Test("have Envoy's names, in its order")
    func named() {
        #expect(
            ResponseFlags.names.map(\.name).joined(separator: " ")
                == "LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO"
        )
        for (place, row) in ResponseFlags.names.enumerated() { #expect(row.flag.rawValue == 1 << place) }
    }
}
