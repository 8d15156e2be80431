import DataPlane
import Testing

@testable import ZTunnel

struct StartPlanTests {
    @Test(arguments: [
        ([:], "BOOTSTRAP_TOKEN is not set"),
        (["BOOTSTRAP_TOKEN": "/nonexistent/token"], "BOOTSTRAP_TOKEN: file /nonexistent/token can't be read"),
        (["BOOTSTRAP_TOKEN": "!"], "BOOTSTRAP_TOKEN: bootstrap token is not base64url"),
        (["BOOTSTRAP_TOKEN": "e30", "RUST_LOG": "loud"], "RUST_LOG=\"loud\" is not valid"),
    ])
    func saysWhatIsMissing(_ environment: [String: String], _ beginning: String) {
        let problems = #expect(throws: StartPlan.Problems.self) { try StartPlan(environment: environment) }
        #expect(problems?.lines.first?.hasPrefix(beginning) == true, "\(problems?.lines ?? [])")
    }
}
