import Testing

@testable import ZTunnel

struct ProgramCommandTests {
    @Test(arguments: [
        ([], ProgramCommand.proxy), (["proxy"], .proxy), (["proxy", "ztunnel"], .proxy),
        (["healthcheck"], .healthCheck), (["version"], .version), (["--help"], .help), (["help", "x"], .help),
        (["proxy", "envoy"], .misuse("unexpected argument: envoy")), (["run"], .misuse("unknown command: run")),
        (["version", "-v"], .misuse("unexpected argument: -v")),
    ])
    func readsTheCommandLine(_ arguments: [String], _ command: ProgramCommand) {
        #expect(ProgramCommand(arguments: arguments) == command)
    }
}
