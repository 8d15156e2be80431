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
            "version", "version --client -o json",
            "bootstrap -n shop -s web --platform vm --ttl 600",
            "validate -f a -o json", "diff -f a", "delete se pay -n shop", "delete -f a --ignore-not-found",
            "schema ServiceEntry -o yaml", "analyze", "analyze -f a --offline -o json --failure-threshold warning",
            "analyze --cluster c1 -L --output-threshold error", "doctor web --cluster c1 --offline -o wide",
            "ecs list-roles --cluster c1 -o yaml", "ecs bind-role arn:aws:iam::111122223333:role/web shop/web --print",
            "apply -f a.yaml -f b --dry-run", "apply --filename -",
            "get se", "get authorizationpolicy allow -n shop -o yaml", "get all -A", "get services -o wide",
            "describe service web -n shop", "describe pa strict --control-plane http://127.0.0.1:1",
            "status -o wide", "proxy-status", "certificates --cert c --key k --ca-cert r",
            "token list", "token revoke t1", "ca rotation status -o json", "ca rotation begin",
            "ca rotation finish --force", "completion zsh",
            "waypoint generate --for workload --name w -r canary", "waypoint apply -n shop --enroll-namespace -w",
            "waypoint list -A", "waypoint status --no-wait", "waypoint delete a b -n shop", "waypoint delete --all",
            "waypoint end-sessions --control-plane http://127.0.0.1:1",
            "ztunnel-config workload --address 127.0.0.1:15000 --workload-namespace shop", "zc all --with-headers",
            "zc service -f dump.json -o json", "zc connections --direction inbound --raw", "zc log --level debug -r",
            "migrate appmesh -f exports --out new -n shop --image i --bootstrap-facts b.json -o json",
            "migrate appmesh -f a.json -f b.json --out new -n shop --mesh m --skip-task-definitions --overwrite",
            "iam tulled --account 111122223333 --region eu-west-1 --region eu-west-3 --cluster a --cluster b_1",
            "iam tulled --account 111122223333 --region cn-north-1 --route53-zone Z1 --find-zones -o yaml",
            "iam tulled --account 111122223333 --region eu-west-1 --shared-table "
                + "arn:aws:dynamodb:eu-west-1:111122223333:table/tulle --authority-secret "
                + "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a --secret-key "
                + "arn:aws:kms:eu-west-1:111122223333:key/1",
            "iam operator --account 111122223333 --region eu-west-1 --doctor --read-only",
            "iam task --account 111122223333 --region eu-west-1 --exec",
            "zc policy -o short", "zc policy --via exec --cluster c --task t --container app", "zc certs",
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
            "bootstrap -n shop -s web --platform pod",
            "validate", "diff", "delete", "delete se", "delete se pay -f a", "schema", "analyze --offline",
            "analyze -f a --offline --cluster c", "analyze --failure-threshold fatal", "analyze -S TUL0101",
            "doctor web", "doctor --cluster c1", "ecs list-roles", "ecs bind-role web shop/web",
            "ecs bind-role arn:aws:iam::111122223333:role/web web",
            "bootstrap -n shop -s web --platform vm --ttl 59",
            "apply", "get", "get se -n Shop", "get se -n shop -A", "get se -o xml", "describe se",
            "status --control-plane cp:15014", "status --cert c", "token revoke", "ca rotation begin --force",
            "completion tcsh", "waypoint delete", "waypoint delete a --all", "waypoint apply --for pods",
            "waypoint apply --waypoint-timeout 0", "zc workload --via exec --cluster c", "zc workload --via ssh",
            "zc log -f dump.json", "zc connections --direction sideways",
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
            "ecs frobnicate", "iam tulled --account 1 --region eu-west-1", "iam tulled --account 111122223333",
            "iam tulled --account 111122223333 --region eu-west-1 --region cn-north-1",
            "iam tulled --account 111122223333 --region eu-west-1 --private-ca-leaves",
            "iam tulled --account 111122223333 --region eu-west-1 --private-ca arn:aws:acm:eu-west-1:111122223333:x/y",
            "iam tulled --account 111122223333 --region eu-west-1 --cluster a/b",
            "iam tulled --account 111122223333 --region eu-west-1 --route53-zone a.b",
            "iam operator --account 111122223333 --region eu-west-1 --pass-role web",
            "migrate appmesh -f a --out b", "migrate appmesh -f a -n shop",
            "migrate appmesh --out b -n shop",
            "migrate appmesh -f a --out b -n shop --skip-task-definitions --image i",
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
