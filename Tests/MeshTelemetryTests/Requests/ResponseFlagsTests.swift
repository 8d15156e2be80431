import Testing

@testable import MeshTelemetry

struct ResponseFlagsTests {
    @Test func namesTheWholeAlphabet() {
        let names = """
            LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO
            """
        #expect(Set(ResponseFlags.all.map(\.text)) == Set(names.split(separator: " ").map(String.init)))
        for flag in ResponseFlags.all { #expect(ResponseFlags(name: flag.text) == flag) }
        #expect(Set(ResponseFlags.all.map(\.longText)).count == 30)
        #expect(ResponseFlags(name: "XX") == nil)
    }

    @Test func joinsByComma() {
        #expect(ResponseFlags().text == "-")
        #expect(ResponseFlags([.upstreamRetryLimitExceeded, .upstreamConnectionFailure]).text == "UF,URX")
        #expect(ResponseFlags(rawValue: 1 << 31).text == "-")
    }

    @Test(
        "the namespace of a principal counts more",
        arguments: [
            ("spiffe://cluster.local/ns/demo/sa/shell", "demo"), ("spiffe://cluster.local/ns//sa/shell", nil),
            ("spiffe://cluster.local/ns/demo/sa/shell/more", nil), ("", nil), ("spiffe://cluster.local/vm/demo", nil),
        ]
    )
    func namespace(_ principal: String, _ namespace: String?) {
        #expect(PeerLabels.namespace(ofPrincipal: principal) == namespace)
    }
}
