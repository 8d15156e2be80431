import AWSClient

@testable import TulleCLI

/// A service with which nothing is wrong, to be broken one thing at a time.
enum DoctorFixtures {
    static let role = "arn:aws:iam::111122223333:role/web"
    static let definitionARN = "arn:aws:ecs:us-east-1:111122223333:task-definition/web:8"

    static let tags: JSONValue = [
        ["key": "tulle/namespace", "value": "shop"], ["key": "tulle/service-account", "value": "web"],
        ["key": "tulle/mode", "value": "appmesh"],
    ]

    static let service: JSONValue = [
        "serviceArn": "arn:aws:ecs:us-east-1:111122223333:service/c1/web", "serviceName": "web", "status": "ACTIVE",
        "taskDefinition": .string(definitionARN), "launchType": "FARGATE", "platformVersion": "LATEST",
        "propagateTags": "SERVICE", "enableECSManagedTags": true, "enableExecuteCommand": false,
        "desiredCount": 1, "runningCount": 1, "tags": tags,
        "networkConfiguration": [
            "awsvpcConfiguration": ["subnets": ["subnet-1"], "securityGroups": ["sg-1"]]
        ],
    ]

    static let task: JSONValue = [
        "taskArn": "arn:aws:ecs:us-east-1:111122223333:task/c1/0f", "taskDefinitionArn": .string(definitionARN),
        "platformVersion": "1.4.0", "lastStatus": "RUNNING",
        "containers": [["name": "web", "networkInterfaces": [["privateIpv4Address": "10.0.0.7"]]]],
        "tags": [
            ["key": "tulle/namespace", "value": "shop"], ["key": "tulle/service-account", "value": "web"],
            ["key": "tulle/mode", "value": "appmesh"], ["key": "aws:ecs:serviceName", "value": "web"],
        ],
    ]

    static let trust: JSONValue = [
        "Statement": [
            ["Effect": "Allow", "Principal": ["Service": "ecs-tasks.amazonaws.com"], "Action": "sts:AssumeRole"]
        ]
    ]

    static let group = DoctorFacts.SecurityGroup(
        id: "sg-1",
        inbound: [.init(transport: "tcp", ports: 15008...15008, peers: 1)],
        outbound: [.init(transport: "-1", ports: nil, peers: 1)]
    )

    /// The small definition, enrolled as add-service does it.
    static func definition(_ members: JSONObject = [:], container: JSONObject = [:]) throws -> TaskDefinition {
        var ported = container
        ported["portMappings"] = container["portMappings"] ?? [["containerPort": 8080]]
        var enrolled = try Fixtures.enrolment().apply(to: Fixtures.small(container: ported)).definition.document
        enrolled["taskRoleArn"] = .string(Self.role)
        for member in members { enrolled[member.name] = member.value }
        return try TaskDefinition(enrolled)
    }

    static func facts() throws -> DoctorFacts {
        DoctorFacts(
            service: Self.service,
            definition: try Self.definition(),
            tasks: .known([Self.task]),
            instances: .known([]),
            clusterSize: .known((services: 3, tasks: 9)),
            trustPolicy: .known(Self.trust),
            securityGroups: .known([Self.group]),
            subnets: .known([.init(id: "subnet-1", vpc: "vpc-1", hasIPv6: false)]),
            vpc: .known(.init(id: "vpc-1", resolvesNames: true, namesHosts: true)),
            zones: .known(["mesh.internal.", "other."]),
            controlPlane: .known(try ControlPlaneFacts(BootstrapTokenTests.answer)),
            bindings: .known([["role": .string(Self.role), "namespace": "shop", "serviceAccount": "web"]]),
            proxies: .known([["identity": "spiffe://cluster.local/ns/shop/sa/web"]]),
            issuances: .known([["outcome": "issued", "attestor": "ecs_task", "peer": "ipv4:10.0.0.7:40000"]])
        )
    }

    /// Has the service tagged for capture mode socks.
    static func socks(_ facts: inout DoctorFacts) {
        facts.service["tags"] = [["key": "tulle/mode", "value": "socks"]]
    }

    /// The definition with one property of the redirect changed, or left out.
    static func proxy(_ name: String, _ value: String?) throws -> TaskDefinition {
        let enrolled = try Self.definition()
        var properties = enrolled["proxyConfiguration"]?["properties"]?.array ?? []
        properties.removeAll { $0["name"]?.string == name }
        if let value { properties.append(["name": .string(name), "value": .string(value)]) }
        let proxy = (enrolled["proxyConfiguration"] ?? [:]).with("properties", .array(properties))
        return try Self.definition(["proxyConfiguration": proxy])
    }

    /// What a check says after a change of the facts.
    static func verdict(
        _ check: DoctorCheck,
        _ change: (inout DoctorFacts) throws -> Void = { _ in }
    ) throws -> DoctorCheck.Verdict {
        var facts = try Self.facts()
        try change(&facts)
        return check.verdict(facts)
    }
}

extension DoctorCheck.Verdict {
    var isFine: Bool { if case .fine = self { true } else { false } }
    var isNotChecked: Bool { if case .notChecked = self { true } else { false } }
    var isNotApplicable: Bool { if case .notApplicable = self { true } else { false } }

    /// Whether it is an error that says this.
    func isError(_ text: String) -> Bool {
        if case .problem(.error, let what, let mend) = self { what.contains(text) && !mend.isEmpty } else { false }
    }

    /// Whether it is a warning that says this.
    func isWarning(_ text: String) -> Bool {
        if case .problem(.warning, let what, let mend) = self { what.contains(text) && !mend.isEmpty } else { false }
    }
}
