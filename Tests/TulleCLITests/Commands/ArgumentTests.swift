import ArgumentParser
import Testing

@testable import TulleCLI

@Suite("Arguments")
struct ArgumentTests {
    @Test(
        "are taken",
        arguments: [
            "bootstrap -n shop -s web",
            "bootstrap --namespace shop --service-account web --platform ecs --control-plane https://cp:15014",
            "ecs add-service web --cluster c1 -n shop -s web",
            "ecs add-service web --cluster c1 -n shop -s web --capture socks --image i --dry-run",
            "ecs add-service web --cluster c1 -n shop -s web --container-port 80,8080 --egress-ignore-ports 443",
            "ecs add-service -n shop -s web --task-definition f.json --render json --bootstrap-token t",
            "ecs remove-service web --cluster c1 --render diff --profile p --region us-east-1",
            "ecs remove-service --task-definition f.json --render json",
            "ecs list-services --cluster c1 --output json",
            "version",
        ]
    )
    func taken(_ line: String) throws {
        #expect(throws: Never.self) { try Self.parse(line) }
    }

    @Test(
        "are refused with status 64",
        arguments: [
            "bootstrap -n shop",
            "bootstrap -n Shop -s web",
            "bootstrap -n shop -s web --platform vm",
            "bootstrap -n shop -s web --control-plane cp:15014",
            "ecs add-service --cluster c1 -n shop -s web",
            "ecs add-service web -n shop -s web",
            "ecs add-service web --cluster c1 -n shop -s web --capture tproxy",
            "ecs add-service web --cluster c1 -n shop -s web --container-port 0",
            "ecs add-service web --cluster c1 -n shop -s web --container-port 80,,81",
            "ecs add-service web --cluster c1 -n shop -s web --container-port 65536",
            "ecs add-service web --cluster c1 -n shop -s web --container-port 15008",
            "ecs add-service web --cluster c1 -n shop -s web --container-port 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16",
            "ecs add-service web --cluster c1 -n shop -s web --capture socks --container-port 80",
            "ecs add-service -n shop -s web --task-definition f.json",
            "ecs remove-service web",
            "ecs list-services",
            "ecs frobnicate",
        ]
    )
    func refused(_ line: String) throws {
        let error = #expect(throws: (any Error).self) { try Self.parse(line) }
        #expect(error.map { TulleCommand.exitCode(for: $0) } == .validationFailure)
    }

    private static func parse(_ line: String) throws -> any ParsableCommand {
        try TulleCommand.parseAsRoot(line.split(separator: " ").map(String.init))
    }
}
