import MeshConfig
import MeshModel
import Testing

@Suite struct TulledConfigurationTests {
    private func resolve(
        _ yaml: String? = nil,
        flags: [String: [String]] = [:],
        environment: [String: String] = ["AWS_REGION": "us-east-1"]
    ) -> Result<TulledConfiguration, ConfigurationFaults> {
        TulledConfiguration.resolve(
            flags: flags,
            environment: environment,
            file: yaml.map { ("tulled.yaml", $0) }
        )
    }

    private func faults(
        _ yaml: String? = nil,
        flags: [String: [String]] = [:],
        environment: [String: String] = ["AWS_REGION": "us-east-1"]
    ) -> [String] {
        guard case .failure(let faults) = self.resolve(yaml, flags: flags, environment: environment) else { return [] }
        return faults.all.map(\.description)
    }

    @Test func defaultsNeedOnlyARegion() throws {
        let configuration = try self.resolve().get()
        #expect(configuration.listen.description == "0.0.0.0:15012")
        #expect(configuration.adminListen.description == "127.0.0.1:15014")
        #expect(configuration.trustDomain == "cluster.local")
        #expect(configuration.meshDomain == "mesh.internal")
        #expect(configuration.addresses == .ipv4)
        #expect(configuration.audience == "cluster.local/tulled")
        #expect(configuration.regions == ["us-east-1"])
        #expect(self.faults(environment: [:]).first?.contains("regions") == true)
    }

    @Test(arguments: [
        ("admin-identity", "https://example.org", "must have the form spiffe://"),
        ("admin-writes-from-loopback", "yes", "must be true or false"),
        ("admin-tls-listen", "15015", "is no address with a port"),
        ("admin-tls-listen", "127.0.0.1:15014", "is the same as adminListen"),
        ("virtual-addresses", "ipv6", "must be one of ipv4, dual"),
        ("trust-domain-alias", "Old.Example", "'Old.Example'"), ("connection-age", "25h", "must lie between"),
    ])
    func whatCannotBeSetOfTheAdminPortAndOfConnections(_ flag: String, _ value: String, _ reason: String) {
        let faults = self.faults(flags: [flag: [value]])
        #expect(faults.count == 1 && faults[0].contains(reason), "\(faults)")
    }

    @Test func anAuthorityInASecretNeedsItsARN() throws {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:tulle/authority-AbCdEf"
        let configuration = try self.resolve(
            flags: ["authority": ["secrets-manager"], "authority-secret": [arn]]
        ).get()
        #expect(configuration.authority == .secretsManager && configuration.authoritySecret == arn)
        let faults = self.faults(flags: ["authority": ["secrets-manager"]])
        #expect(faults.count == 1 && faults[0].contains("authority.secret"), "\(faults)")
        for wrong in [
            "tulle/authority", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:",
            "arn:aws:secretsmanager:eu-west-1:1111:secret:a", "arn:aws:secretsmanager::111122223333:secret:a",
            "arn:aws:ssm:eu-west-1:111122223333:secret:a", arn + ":more",
        ] {
            let faults = self.faults(flags: ["authority-secret": [wrong]])
            #expect(faults.count == 1 && faults[0].contains("arn:aws:secretsmanager:<region>"), "\(wrong): \(faults)")
        }
    }

    @Test func aWholeFileIsRead() throws {
        let configuration = try self.resolve(
            """
            stateDirectory: /data/tulled
            listen: 10.0.0.1:15012
            adminListen: "[::1]:15014"
            publicURL: https://tulled.internal:15012
            serverNames: [tulled.example, 10.0.0.1]
            trustDomain: example.org
            meshDomain: mesh.example
            virtualAddresses: dual
            network: vpc-1
            clusterID: ecs-prod
            regions: [eu-west-1, us-east-1]
            accounts: [012345678901]
            clusters: [c1, c_2]
            serviceAccountBindings:
              - role: arn:aws:iam::111122223333:role/path/echo
                namespace: shop
                serviceAccount: echo
            discovery:
              pollInterval: 30s
            sts:
              endpoints:
                - {region: us-east-1, url: "http://127.0.0.1:5555"}
            certificates: {workloadDefault: 1h, workloadMaximum: 24h, server: 12h}
            route53:
              zones: [{name: mesh.example.}, {id: Z0123456789}]
            push: {debounce: 10ms, debounceMaximum: 500ms, streams: 100, connectionAge: 5m}
            admin:
              tlsListen: 10.0.0.1:15015
              identities: [spiffe://example.org/ns/ops/sa/admin]
              writesFromLoopback: false
            trustDomainAliases: [old.example]
            drain: 5s
            log: {level: debug}
            """
        ).get()
        #expect(configuration.stateDirectory == "/data/tulled")
        #expect(configuration.adminListen.description == "[::1]:15014")
        #expect(configuration.addresses == .dual)
        #expect(configuration.accounts == ["012345678901"])
        #expect(configuration.audience == "example.org/tulled")
        #expect(
            configuration.bindings == [
                .init(role: "arn:aws:iam::111122223333:role/path/echo", namespace: "shop", serviceAccount: "echo")
            ]
        )
        #expect(configuration.pollInterval == .seconds(30))
        #expect(configuration.connectionAge == .seconds(300))
        #expect(configuration.adminTLSListen?.description == "10.0.0.1:15015")
        #expect(configuration.adminIdentities == ["spiffe://example.org/ns/ops/sa/admin"])
        #expect(!configuration.adminWritesFromLoopback)
        #expect(configuration.trustDomainAliases == ["old.example"])
        #expect(configuration.stsEndpoints == ["us-east-1": "http://127.0.0.1:5555"])
        #expect(configuration.workloadLifetime == .seconds(3600))
        #expect(configuration.zones == [.name("mesh.example"), .id("Z0123456789")])
        #expect(configuration.debounce == .milliseconds(10))
        #expect(configuration.logLevel == .debug)
        #expect(
            configuration.certificateNames == [
                "tulled.internal", "10.0.0.1", "tulled.example", "localhost", "127.0.0.1",
            ]
        )
    }

    @Test func flagsWinOverEnvironmentAndThatOverTheFile() throws {
        let yaml = "trustDomain: file.example\nmeshDomain: file.example\nnetwork: file\nregions: [eu-west-1]"
        let configuration = try self.resolve(
            yaml,
            flags: ["trust-domain": ["flag.example"]],
            environment: [
                "AWS_REGION": "us-east-1", "TULLED_TRUST_DOMAIN": "environment.example",
                "TULLED_MESH_DOMAIN": "environment.example",
            ]
        ).get()
        #expect(configuration.trustDomain == "flag.example")
        #expect(configuration.meshDomain == "environment.example")
        #expect(configuration.network == "file")
        #expect(configuration.regions == ["eu-west-1"], "AWS's own variable is only a fallback")
    }

    @Test func recordsHaveAFormOnTheCommandLineToo() throws {
        let configuration = try self.resolve(
            flags: [
                "binding": ["arn:aws:iam::111122223333:role/a=shop/a", "arn:aws:iam::111122223333:role/b=shop/b"],
                "sts-endpoint": ["us-east-1=http://127.0.0.1:5555"],
                "route53-zone": ["mesh.internal", "id:Z1"],
            ]
        ).get()
        #expect(configuration.bindings.map(\.serviceAccount) == ["a", "b"])
        #expect(configuration.stsEndpoints["us-east-1"] == "http://127.0.0.1:5555")
        #expect(configuration.zones == [.name("mesh.internal"), .id("Z1")])
    }

    @Test func listsInTheEnvironmentAreSeparatedByCommas() throws {
        let configuration = try self.resolve(
            environment: ["TULLED_REGION": "us-east-1, eu-west-1", "TULLED_CLUSTER": "c1,c2"]
        ).get()
        #expect(configuration.regions == ["us-east-1", "eu-west-1"])
        #expect(configuration.clusters == ["c1", "c2"])
    }

    static let broken: [(String, String)] = [
        ("nope: 1", "tulled.yaml:1: nope: no such setting"),
        ("trustDomain: x\ncertificates:\n  lifetime: 1h", "tulled.yaml:3: certificates.lifetime: no such setting"),
        ("certificates: 1h", "tulled.yaml:1: certificates: must be a mapping"),
        ("- a", "tulled.yaml:1: the file must hold a mapping"),
        ("a: [", "no valid YAML"),
        ("trustDomain: [a]", "tulled.yaml:1: trustDomain: must be one value"),
        ("trustDomain: Upper", "trustDomain: 'Upper' is no trust domain"),
        ("regions: us-east-1", "regions: must be a list"),
        ("regions: [moon]", "'moon' is no AWS region"),
        ("accounts: [1]", "'1' is no AWS account"),
        ("clusters: ['arn:aws:ecs:r:a:cluster/c']", "is no ECS cluster name"),
        ("listen: localhost", "listen: 'localhost' is no address with a port"),
        ("publicURL: http://a:1", "publicURL: 'http://a:1' must have the form https://"),
        ("publicURL: https://a:1/path", "must have the form https://"),
        ("discovery: {pollInterval: 15}", "discovery.pollInterval: '15' is no duration"),
        ("discovery: {pollInterval: 10ms}", "must lie between"),
        ("log: {level: loud}", "must be one of trace, debug, info, warning, error"),
        (
            "serviceAccountBindings: [{role: x, namespace: a, serviceAccount: b}]",
            "serviceAccountBindings[0]: role: 'x' is no role"
        ),
        (
            "serviceAccountBindings: [{role: 'arn:aws:iam::111122223333:role/*', namespace: a, serviceAccount: b}]",
            "is no role"
        ),
        (
            "serviceAccountBindings: [{namespace: a, serviceAccount: b}]",
            "role, namespace and serviceAccount are all needed"
        ),
        ("serviceAccountBindings: [{rolle: x}]", "serviceAccountBindings[0].rolle: no such field"),
        (
            "serviceAccountBindings: [{role: 'arn:aws:iam::111122223333:role/a', namespace: A_B, serviceAccount: b}]",
            "namespace: 'A_B' is no DNS label"
        ),
        ("sts: {endpoints: [{region: us-east-1, url: 'ftp://x'}]}", "url: 'ftp://x' must have the form"),
        ("sts: {endpoints: [{region: eu-west-1, url: 'http://127.0.0.1:1'}]}", "'eu-west-1' is not among the regions"),
        ("route53: {zones: [{id: Z1, name: a}]}", "each zone needs either id or name"),
        ("push: {streams: 0}", "must be a whole number from 1"),
        ("push: {debounce: 2s}", "push.debounce"),
        ("certificates: {workloadDefault: 48h}", "is longer than certificates.workloadMaximum"),
        ("adminListen: 0.0.0.0:15012", "is the same as listen"),
        (
            "sharedTable: {name: mesh}",
            "authority.kind: self-signed would give each replica of sharedTable.name a root of its own; allowed with a "
                + "shared table: plugged-in, secrets-manager, private-ca, private-ca-leaves"
        ),
        ("sharedTable: {name: a/b}", "sharedTable.name: 'a/b' is no name of a DynamoDB table"),
        ("sharedTable: {region: eu-west-1}", "sharedTable.region: is of no use without sharedTable.name"),
    ]

    @Test(arguments: broken)
    func saysWhatIsWrongAndWhere(_ yaml: String, _ expected: String) {
        let faults = self.faults(yaml)
        #expect(faults.contains { $0.contains(expected) }, "\(faults)")
    }

    @Test func allFaultsAreReportedTogether() {
        let faults = self.faults("nope: 1\ntrustDomain: Upper\nlog: {level: loud}", flags: ["listen": ["x"]])
        #expect(faults.count == 4)
        #expect(faults.contains { $0.hasPrefix("--listen: listen:") })
    }

    @Test func anUnknownVariableOfOursIsAnError() {
        #expect(self.faults(environment: ["AWS_REGION": "us-east-1", "TULLED_TRUSTDOMAIN": "x"]).count == 1)
    }

    @Test func everySettingHasItsOwnNames() {
        let all = TulledSetting.all
        #expect(Set(all.map(\.path)).count == all.count)
        #expect(Set(all.map(\.flag)).count == all.count)
    }

    @Test func aFileThatIsTooLargeIsRefused() {
        #expect(self.faults(String(repeating: "#", count: 2 << 20)).first?.contains("bytes, at most") == true)
    }
}
