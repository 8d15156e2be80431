import MeshModel
import Testing

@testable import ZTunnel

@Suite("Redirect options")
struct RedirectOptionsTests {
    @Test("no options mean a dedicated ztunnel with DNS and IPv6")
    func defaults() throws {
        let options = try RedirectOptions(arguments: ["apply"])
        #expect(options.action == .apply)
        #expect(options.plan == .dedicated(user: 15_301))
        #expect(!options.isDryRun)
    }

    @Test("options take their value after a space or an equals sign, and lists are sorted without repeats")
    func values() throws {
        let options = try RedirectOptions(
            arguments: [
                "show", "--uid", "1337", "--dns=off", "--ipv6", "--exclude-port", "443,22", "--exclude-port=22",
                "--exclude-inbound-port=9100", "--exclude-cidr", "10.0.0.0/8,10.9.9.9/8,::ffff:10.1.2.3/104",
                "--keep-source", "--dry-run",
            ]
        )
        #expect(options.action == .show)
        #expect(options.plan.exemption == .user(1_337))
        #expect(!options.plan.capturesDNS)
        #expect(options.plan.capturesIPv6)
        #expect(options.plan.preservesSource)
        #expect(options.plan.excludedPorts == [22, 443])
        #expect(options.plan.excludedInboundPorts == [9_100, 15_020, 15_021])
        #expect(
            options.plan.excludedNetworks.map(\.description)
                == ["10.0.0.0/8", "169.254.169.254", "169.254.170.2", "fd00:ec2::254"]
        )
        #expect(options.isDryRun)
    }

    @Test(
        "a command line that makes no sense says what is allowed",
        arguments: [
            ([], "redirect: nothing given; allowed: apply, remove or show"),
            (["add"], "redirect: \"add\" given; allowed: apply, remove or show"),
            (["apply", "--uid"], "redirect: --uid \"\" is not valid; allowed: the number of the user"),
            (["apply", "--uid=-1"], "redirect: --uid \"-1\" is not valid; allowed: the number of the user"),
            (["apply", "--uid=4294967295"], "redirect: --uid \"4294967295\" is not valid; allowed: the number"),
            (["apply", "--dns=yes"], "redirect: --dns \"yes\" is not valid; allowed: on or off"),
            (["apply", "--exclude-port=0"], "redirect: --exclude-port \"0\" is not valid; allowed: ports from 1"),
            (["apply", "--exclude-port=22,"], "redirect: --exclude-port \"\" is not valid; allowed: ports from 1"),
            (["apply", "--exclude-port=65536"], "redirect: --exclude-port \"65536\" is not valid; allowed: ports"),
            (["apply", "--exclude-cidr=10.0.0.0/0"], "redirect: --exclude-cidr \"10.0.0.0/0\" is not valid"),
            (["apply", "--mark=1"], "redirect: --mark \"1\" is not valid; allowed: no value"),
            (["apply", "--foo"], "redirect: unknown option --foo"),
        ]
    )
    func misuse(_ arguments: [String], _ beginning: String) {
        #expect {
            try RedirectOptions(arguments: arguments)
        } throws: { error in
            (error as? RedirectOptions.Misuse)?.text.hasPrefix(beginning) == true
        }
    }

    @Test("more than 64 exclusions of a kind are refused")
    func bounds() throws {
        let ports = (1...64).map { "\($0)" }.joined(separator: ",")
        #expect(try RedirectOptions(arguments: ["apply", "--exclude-port", ports]).plan.excludedPorts.count == 64)
        #expect(throws: RedirectOptions.Misuse.self) {
            try RedirectOptions(arguments: ["apply", "--exclude-port", ports + ",65"])
        }
    }

    @Test("a text of rules without any way out of its line reaches nft")
    func injection() {
        #expect(throws: RedirectOptions.Misuse.self) {
            try RedirectOptions(arguments: ["apply", "--exclude-cidr", "10.0.0.1\nflush ruleset"])
        }
    }
}
