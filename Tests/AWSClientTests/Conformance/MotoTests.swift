import AWSClient
import AWSSignature
import AWSTestSupport
import Foundation
import Logging
import Testing

/// The client against moto: signatures, protocols and errors as somebody else understands them.
@Suite(.enabled(if: MotoServer.isInstalled, "moto_server is not installed"))
struct MotoTests {
    private static func client(_ environment: [String: String] = [:]) async throws -> AWSClient {
        let moto = try await MotoServer.running()
        var variables = ["AWS_ENDPOINT_URL": moto.url]
        variables.merge(environment) { _, given in given }
        return AWSClient(try .test(variables), logger: Logger(label: "test"))
    }

    @Test
    func registersAndReadsATaskDefinitionWithoutLoss() async throws {
        let client = try await Self.client()
        let ecs = client.ecs()
        let input = try JSONValue(
            parsing: """
                {"family":"loss-test","networkMode":"awsvpc","containerDefinitions":[{"name":"app","image":"i:1",
                "memory":128,"portMappings":[{"containerPort":8080,"protocol":"tcp"}],"environment":[
                {"name":"B","value":"é😀\\n"},{"name":"A","value":"\\"quoted\\""}]}],
                "taskRoleArn":"arn:aws:iam::123456789012:role/web"}
                """
        )
        let registered = try await ecs.registerTaskDefinition(input)
        #expect(registered.revision >= 1)
        let read = try await ecs.describeTaskDefinition(registered.arn)
        #expect(read.definition.taskRoleARN == "arn:aws:iam::123456789012:role/web")
        #expect(read.definition.containers.first?["environment"] == input["containerDefinitions"]?[0]?["environment"])
        await client.shutdown()
    }

    @Test
    func makesTagsAndFindsThemAgain() async throws {
        let client = try await Self.client()
        let ecs = client.ecs(region: "eu-west-1")
        let name = "tags-\(UUID().uuidString.prefix(8))"
        let created = try await ecs.call("CreateCluster", ["clusterName": .string(name)])
        let arn = try #require(created["cluster"]?["clusterArn"]?.string)
        try await ecs.tagResource(arn, tags: [ECSTag("tulle/discovery-enabled", "true"), ECSTag("x", "y")])
        try await ecs.untagResource(arn, keys: ["x"])
        #expect(try await ecs.listTagsForResource(arn) == ["tulle/discovery-enabled": "true"])
        #expect(try await ecs.listClusters().contains(arn))
        let described = try await ecs.describeClusters([arn, "absent-cluster"])
        #expect(described.items.map(\.arn) == [arn])
        #expect(described.failures.map(\.reason) == ["MISSING"])
        #expect(try await !client.ecs(region: "us-west-2").listClusters().contains(arn))
        await client.shutdown()
    }

    @Test
    func namesErrorsByKind() async throws {
        let client = try await Self.client()
        let missing = await #expect(throws: AWSError.self) {
            try await client.ecs().listServices(cluster: "absent-cluster")
        }
        #expect(missing?.kind == .notFound)
        #expect(missing?.code == "ClusterNotFoundException")
        await client.shutdown()
    }

    @Test
    func takesOnARoleAndIsKnownByItsSession() async throws {
        let client = try await Self.client()
        let role = client.assuming(
            AssumedRole(
                arn: "arn:aws:iam::123456789012:role/web",
                sessionName: "0123456789abcdef0123456789abcdef"
            )
        )
        let identity = try await role.callerIdentity()
        #expect(identity.arn == "arn:aws:sts::123456789012:assumed-role/web/0123456789abcdef0123456789abcdef")
        #expect(identity.account == "123456789012")
        await client.shutdown()
    }

    @Test
    func keepsRecordsInAPrivateZone() async throws {
        let client = try await Self.client()
        let route53 = client.route53()
        let name = "z\(UUID().uuidString.prefix(8).lowercased()).internal"
        // moto wants a VPC that it knows; the default one is always there.
        let vpcs = try await client.query(
            AWSService("ec2", environmentName: "EC2", .query(version: "2016-11-15")),
            action: "DescribeVpcs"
        )
        let vpc = try #require(vpcs["vpcSet"]?["item"]?["vpcId"]?.text)
        let zone = try await route53.createPrivateHostedZone(
            name: name,
            vpc: vpc,
            vpcRegion: "us-east-1",
            callerReference: UUID().uuidString
        )
        #expect(try await route53.hostedZones(named: name).map(\.id) == [zone.id])
        let echo = RecordSet(name: "echo.shop.\(name)", type: "A", timeToLive: 5, values: ["240.240.0.7"])
        let wild = RecordSet(name: "*.\(name)", type: "A", timeToLive: 5, values: ["240.240.0.1", "240.240.0.2"])
        try await route53.change(zone: zone.id, [.upsert(echo), .upsert(wild)])
        try await route53.change(zone: zone.id, [.upsert(echo)])
        var records = try await route53.recordSets(zone: zone.id).filter { $0.type == "A" }
        #expect(Set(records) == [echo, wild])
        try await route53.change(zone: zone.id, [.delete(wild)])
        records = try await route53.recordSets(zone: zone.id).filter { $0.type == "A" }
        #expect(records == [echo])
        #expect(try await route53.hostedZones(named: "absent.internal").isEmpty)
        await client.shutdown()
    }
}

/// moto with its own signature check on, in a process apart because the switch is for the whole server.
@Suite(.enabled(if: MotoServer.isInstalled, "moto_server is not installed"))
struct MotoSignatureTests {
    @Test
    func everySignatureIsVerifiedAndARelayedOneToo() async throws {
        let moto = try await MotoServer.start()
        // Two requests pass unchecked: those that make a user and its key.
        let bootstrap = AWSClient(try .test(["AWS_ENDPOINT_URL": moto.url]), logger: Logger(label: "test"))
        let iam = AWSService("iam", environmentName: "IAM", .query(version: "2010-05-08"), isGlobal: true)
        _ = try await bootstrap.query(iam, action: "CreateUser", parameters: [QueryItem("UserName", "u")])
        let key = try await bootstrap.query(iam, action: "CreateAccessKey", parameters: [QueryItem("UserName", "u")])
        let policy =
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:ListClusters","Resource":"*"}]}"#
        _ = try await bootstrap.query(
            iam,
            action: "PutUserPolicy",
            parameters: [
                QueryItem("UserName", "u"), QueryItem("PolicyName", "p"), QueryItem("PolicyDocument", policy),
            ]
        )
        await bootstrap.shutdown()
        let element = try #require(key["CreateAccessKeyResult"]?["AccessKey"])
        let credentials = SignatureCredentials(
            accessKeyID: try #require(element["AccessKeyId"]?.text),
            secretAccessKey: try #require(element["SecretAccessKey"]?.text)
        )

        let transport = NetworkTransport()
        let reset = TransportRequest(
            method: "POST",
            url: moto.url + "/moto-api/reset-auth",
            headers: [],
            body: Array("0".utf8)
        )
        #expect(try await transport.send(reset, deadline: .seconds(10), bodyLimit: 1_000).status == 200)

        let client = AWSClient(
            try .test(["AWS_ENDPOINT_URL": moto.url]),
            credentials: FixedCredentials(credentials),
            transport: transport,
            logger: Logger(label: "test")
        )
        _ = try await client.ecs().listClusters()
        let denied = await #expect(throws: AWSError.self) {
            try await client.ecs().call("CreateCluster", ["clusterName": "x"])
        }
        #expect(denied?.kind == .accessDenied)
        var wrong = credentials
        wrong.secretAccessKey += "x"
        let stranger = AWSClient(
            try .test(["AWS_ENDPOINT_URL": moto.url]),
            credentials: FixedCredentials(wrong),
            transport: transport,
            logger: Logger(label: "test")
        )
        let refused = await #expect(throws: AWSError.self) { try await stranger.ecs().listClusters() }
        #expect(refused?.code == "SignatureDoesNotMatch")
        #expect(refused?.kind == .credentials)

        // A GetCallerIdentity signed here and sent by the verifier.
        let host = "sts.us-east-1.amazonaws.com"
        let fields = [
            HeaderField("host", host), HeaderField("content-type", CallerIdentityVerifier.contentType),
            HeaderField("x-tulle-audience", "cluster.local/tulled"),
        ]
        let signature = RequestSigner(region: "us-east-1", service: "sts").sign(
            SignableRequest(
                method: "POST",
                headers: fields,
                payload: .bytes(Array(CallerIdentityVerifier.body.utf8))
            ),
            credentials: credentials,
            at: SigningDate(epochSeconds: Int64(Date().timeIntervalSince1970)),
            digest: TestDigest.self
        )
        var headers: [String: String] = [:]
        for field in signature.apply(to: fields) { headers[field.lowercasedName] = field.value }
        let verifier = CallerIdentityVerifier(transport: transport, endpointOverride: moto.url)
        guard case .identity(let identity) = await verifier.verify(.init(host: host, headers: headers)) else {
            Issue.record("the signed request was not accepted")
            return
        }
        #expect(identity.arn.hasSuffix(":user/u"))
        headers["x-tulle-audience"] = "other/tulled"
        guard case .refused(let error) = await verifier.verify(.init(host: host, headers: headers)) else {
            Issue.record("an altered header was accepted")
            return
        }
        #expect(error.code == "SignatureDoesNotMatch")
        await transport.shutdown()
    }
}
