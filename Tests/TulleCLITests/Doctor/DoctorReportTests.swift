import AWSClient
import AWSTestSupport
import Testing

@testable import TulleCLI

@Suite("tulle doctor")
struct DoctorReportTests {
    @Test("writes a row a check, and below what is wrong and how to mend it")
    func text() throws {
        var facts = try DoctorFixtures.facts()
        facts.service["propagateTags"] = "NONE"
        facts.subnets = .unknown("ec2 DescribeSubnets: denied")
        let lines = DoctorReport(facts).text(isWide: false).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "CODE  STATE        CHECK")
        #expect(lines[1] == "D01   ok           tasks have an address of their own")
        #expect(lines[9] == "D09   error        tasks get the service's tags")
        #expect(lines[11] == "D11   not checked  nothing goes round the mesh by IPv6")
        #expect(lines[19] == "D19   -            ECS Exec works beside the redirect")
        #expect(lines[21].isEmpty)
        #expect(lines[22] == "D09 error: propagateTags is NONE and must be SERVICE")
        #expect(lines[23].hasPrefix("  → aws ecs update-service --service web --propagate-tags SERVICE"))
        #expect(lines[24] == "D11 not checked: ec2 DescribeSubnets: denied")
        let json = DoctorReport(facts).json
        #expect(json["checks"]?.array?.count == 20)
        #expect(json["checks"]?[8]?["state"] == "error")
    }

    @Test("fetches all facts from AWS and the control plane")
    func collects() async throws {
        var account = try DoctorAccount()
        account.hasIPv6 = true
        account.journal = []
        let report = DoctorReport(try await account.facts())
        #expect(report.count(.error) == 0)
        // The one thing that this account has wrong: its subnet speaks IPv6.
        let warnings = report.verdicts.filter { $0.verdict.isWarning("") }.map(\.check)
        #expect(warnings == [.dualStack])
        #expect(report.verdicts.filter(\.verdict.isNotChecked).map(\.check) == [.clock])
    }

    @Test("what cannot be had leaves its checks unchecked, with the reason")
    func partial() async throws {
        let account = try DoctorAccount()
        let facts = try await DoctorAccount.collect(nil) { request in
            ["DescribeServices", "DescribeTaskDefinition"].contains(request.action)
                ? account.answer(request) : .error("AccessDeniedException")
        }
        let report = DoctorReport(facts)
        #expect(report.count(.error) == 0)
        let unchecked = report.verdicts.filter(\.verdict.isNotChecked).map(\.check)
        #expect(
            unchecked == [
                .taskRole, .binding, .securityGroups, .dualStack, .privateZone, .tokenService, .clock, .staleRevision,
                .staleTags, .throttling,
            ]
        )
        guard case .notChecked(let reason) = report.verdicts[6].verdict else { return }
        #expect(reason.contains("iam GetRole: AccessDeniedException"))
    }

    @Test("a service that is not there is a failure")
    func missing() async throws {
        await #expect(throws: CommandFailure.self) {
            _ = try await DoctorAccount.collect(nil) { _ in
                .json(["services": [], "failures": [["reason": "MISSING"]]])
            }
        }
    }
}
