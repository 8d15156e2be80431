import Testing

@testable import MeshTelemetry

struct OutcomeFlagsTests {
    @Test func namesTheWholeAlphabet() {
        let names = """
            LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO
            """
        #expect(Set(OutcomeFlags.all.map(\.text)) == Set(names.split(separator: " ").map(String.init)))
        for flag in OutcomeFlags.all { #expect(OutcomeFlags(name: flag.text) == flag) }
        #expect(Set(OutcomeFlags.all.map(\.longText)).count == 30)
        #expect(OutcomeFlags(name: "XX") == nil)
    }

    @Test func joinsByComma() {
        #expect(OutcomeFlags().text == "-")
        #expect(OutcomeFlags([.upstreamRetryLimitExceeded, .upstreamConnectionFailure]).text == "UF,URX")
        #expect(OutcomeFlags(rawValue: 1 << 31).text == "-")
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
