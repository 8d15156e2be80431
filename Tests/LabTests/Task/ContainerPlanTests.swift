import Testing

@testable import Lab

@Suite struct ContainerPlanTests {
    private static let ztunnel = ImageTable.Image(entryPoint: ["/ztunnel"], files: ["/ztunnel": "/build/ztunnel"])

    private static func plan(
        _ container: ContainerDefinition,
        image: ImageTable.Image = .init(),
        place: TaskPlace = .namespace("tulle-1")
    ) throws -> ContainerPlan {
        try ContainerPlan(
            container,
            image: image,
            surroundings: .init(
                place: place,
                runtimeDirectory: "/tmp/lab",
                taskID: "abc",
                environment: ["AWS_REGION": "r"]
            )
        )
    }

    @Test func `the definition's words win over the image's, as in Docker`() throws {
        let image = ImageTable.Image(entryPoint: ["/entry"], command: ["default"])
        var container = ContainerDefinition(name: "c", image: "i")
        #expect(try Self.plan(container, image: image).arguments == ["/entry", "default"])
        container.command = ["given"]
        #expect(try Self.plan(container, image: image).arguments == ["/entry", "given"])
        container.entryPoint = ["own"]
        #expect(try Self.plan(container, image: image).arguments == ["own", "given"])
        container.command = nil
        #expect(try Self.plan(container, image: image).arguments == ["own"])
    }

    @Test func `the image's paths become readable copies, in commands and health checks`() throws {
        let container = ContainerDefinition(name: "ztunnel", image: "tulle/ztunnel:1")
        let plan = try Self.plan(container, image: Self.ztunnel)
        let copy = "/tmp/lab/images/tulle_ztunnel_1/ztunnel"
        #expect(plan.arguments == [copy])
        #expect(plan.resolved(["/ztunnel", "healthcheck"]) == [copy, "healthcheck"])
        #expect(
            try plan.healthCommand(.init(command: ["CMD-SHELL", "/ztunnel healthcheck || exit 1"]))
                == ["/bin/sh", "-c", "\(copy) healthcheck || exit 1"]
        )
        #expect(plan.environment["PATH"]?.hasPrefix("/tmp/lab/images/tulle_ztunnel_1:") == true)
    }

    @Test(arguments: [("15301", UInt32(15301), UInt32(15301)), ("15301:42", 15301, 42), ("root", 0, 0), ("0:7", 0, 7)])
    func `reads users by number`(_ text: String, _ user: UInt32, _ group: UInt32) throws {
        let plan = try Self.plan(ContainerDefinition(name: "c", image: "i", command: ["x"], user: text))
        #expect((plan.user, plan.group) == (user, group))
    }

    @Test(arguments: ["nginx", "-1", "1:2:3", "", "4294967295", "99999999999"])
    func `refuses users that aren't numbers`(_ text: String) {
        #expect(throws: LabError.self) {
            try Self.plan(ContainerDefinition(name: "c", image: "i", command: ["x"], user: text))
        }
    }

    @Test func `refuses an image that says nothing to run, and secrets`() {
        #expect(throws: LabError.self) { try Self.plan(ContainerDefinition(name: "c", image: "i")) }
        #expect(throws: LabError.self) {
            try Self.plan(
                ContainerDefinition(
                    name: "c",
                    image: "i",
                    command: ["x"],
                    secrets: [.init(name: "S", valueFrom: "arn")]
                )
            )
        }
    }

    @Test func `an unprivileged container has no capabilities, a root one has Docker's without NET_ADMIN`() throws {
        let plain = try Self.plan(ContainerDefinition(name: "c", image: "i", command: ["x"], user: "15301"))
        let line = try plain.commandLine(for: ["x"])
        #expect(line.contains("--reuid=15301") && line.contains("--clear-groups"))
        #expect(line.contains("--bounding-set=-all"))
        #expect(Array(line.suffix(2)) == [plain.directory, "x"])
        let root = try Self.plan(ContainerDefinition(name: "c", image: "i", command: ["x"]))
        let set = try #require(try root.commandLine(for: ["x"]).first { $0.hasPrefix("--bounding-set") })
        #expect(set.contains("+net_bind_service") && !set.contains("net_admin") && !set.contains("sys_admin"))
    }

    @Test func `without namespaces a container learns its address instead`() throws {
        let plan = try Self.plan(
            ContainerDefinition(
                name: "c",
                image: "i",
                command: ["x"],
                environment: [
                    NameValue(name: "ALL_PROXY", value: "socks5h://127.0.0.1:15080"),
                    NameValue(name: "NO_PROXY", value: "//127.0.0.1:1"),
                ]
            ),
            place: .loopback(address: "127.77.1.10")
        )
        #expect(plan.environment["ALL_PROXY"] == "socks5h://127.77.1.10:15080")
        #expect(plan.environment["NO_PROXY"] == "//127.0.0.1:1")
        #expect(plan.environment["TULLE_LAB_ADDRESS"] == "127.77.1.10")
        #expect(try plan.commandLine(for: ["x"]).dropFirst() == ["-C", plan.directory, "x"])
    }

    @Test(arguments: [["CURL", "x"], ["CMD"], [], ["CMD-SHELL"]])
    func `refuses health checks that are no command`(_ command: [String]) throws {
        let plan = try Self.plan(ContainerDefinition(name: "c", image: "i", command: ["x"]))
        #expect(throws: LabError.self) { try plan.healthCommand(.init(command: command)) }
    }

    @Test(arguments: [("../../etc", ".._.._etc"), ("..", "_"), ("a b/c", "a_b_c"), ("web-1.2", "web-1.2")])
    func `names become one harmless path component`(_ name: String, _ expected: String) {
        #expect(ContainerPlan.safe(name) == expected)
    }

    @Test func `a privileged container in the host's network keeps all capabilities and enters its control group`()
        throws
    {
        var container = ContainerDefinition(name: "c", image: "i", command: ["x"])
        container.privileged = true
        var plan = try Self.plan(container, place: .host)
        #expect(plan.namespace == nil)
        let line = try plan.commandLine(for: ["x"])
        #expect(!line.contains("netns") && !line.contains { $0.hasPrefix("--bounding-set") })
        #expect(line.contains("--reuid=0"))
        plan.controlGroup = "/cgroup/ecs/t/c"
        let grouped = try plan.commandLine(for: ["x"])
        #expect(grouped.first == "/bin/sh" && grouped[3] == "/cgroup/ecs/t/c")
        #expect(Array(grouped.dropFirst(4)) == line)
    }

    @Test func `a container has the capabilities that its definition names`() throws {
        var container = ContainerDefinition(name: "c", image: "i", command: ["x"])
        container.linuxParameters = .init(capabilities: .init(add: ["NET_ADMIN"], drop: ["NET_RAW"]))
        let line = try Self.plan(container).commandLine(for: ["x"])
        let set = try #require(line.first { $0.hasPrefix("--bounding-set") })
        #expect(set.contains("+net_admin") && !set.contains("net_raw"))
        container.linuxParameters = .init(capabilities: .init(add: ["FLY"]))
        #expect(throws: LabError.self) { try Self.plan(container) }
    }
}
