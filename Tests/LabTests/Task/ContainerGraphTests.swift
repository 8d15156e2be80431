import Testing

@testable import Lab

func container(_ name: String, _ dependsOn: [(String, String)] = [], checked: Bool = false, essential: Bool = true)
    -> ContainerDefinition
{
    ContainerDefinition(
        name: name,
        image: "image",
        essential: essential,
        dependsOn: dependsOn.map { .init(containerName: $0.0, condition: $0.1) },
        healthCheck: checked ? .init(command: ["CMD", "true"]) : nil
    )
}

@Suite struct ContainerGraphTests {
    @Test(arguments: [
        ("START", ContainerGraph.State.pending, ContainerGraph.Verdict.wait),
        ("START", .running(.unknown), .start),
        ("START", .stopped(exitCode: 3), .start),
        ("HEALTHY", .pending, .wait),
        ("HEALTHY", .running(.unknown), .wait),
        ("HEALTHY", .running(.unhealthy), .wait),
        ("HEALTHY", .running(.healthy), .start),
        ("HEALTHY", .stopped(exitCode: 0), .impossible("container app needs proxy to be healthy, but it has stopped")),
        ("COMPLETE", .running(.healthy), .wait),
        ("COMPLETE", .stopped(exitCode: 1), .start),
        ("SUCCESS", .running(.unknown), .wait),
        ("SUCCESS", .stopped(exitCode: 0), .start),
        ("SUCCESS", .stopped(exitCode: 2), .impossible("container app needs proxy to succeed, but it exited with 2")),
    ])
    func `a container starts when its dependency has come far enough`(
        _ condition: String,
        _ state: ContainerGraph.State,
        _ expected: ContainerGraph.Verdict
    ) throws {
        let graph = try ContainerGraph([container("app", [("proxy", condition)]), container("proxy", checked: true)])
        #expect(graph.verdict(for: "app", states: ["app": .pending, "proxy": state]) == expected)
        #expect(graph.verdict(for: "proxy", states: ["app": .pending, "proxy": .pending]) == .start)
    }

    @Test func `an impossible dependency outweighs one that is waited for`() throws {
        let graph = try ContainerGraph([
            container("app", [("slow", "START"), ("broken", "SUCCESS")]), container("slow"), container("broken"),
        ])
        let verdict = graph.verdict(for: "app", states: ["broken": .stopped(exitCode: 1)])
        #expect(verdict == .impossible("container app needs broken to succeed, but it exited with 1"))
    }

    @Test func `containers stop in the reverse of the order they start in`() throws {
        let graph = try ContainerGraph([
            container("app", [("proxy", "HEALTHY")]), container("proxy", [("init", "SUCCESS")], checked: true),
            container("logger"), container("init"),
        ])
        #expect(graph.stopOrder == [["app"], ["proxy"], ["logger", "init"]])
    }

    @Test(arguments: [
        ([container("a", [("b", "START")]), container("b", [("a", "START")])], "cycle"),
        ([container("a", [("a", "START")])], "cycle"),
        ([container("a", [("b", "START")])], "isn't there"),
        ([container("a", [("b", "READY")]), container("b")], "READY"),
        ([container("a", [("b", "HEALTHY")]), container("b")], "no healthCheck"),
        ([container("a"), container("a")], "same name"),
    ])
    func `refuses dependencies that can't be kept`(_ containers: [ContainerDefinition], _ words: String) {
        let error = #expect(throws: LabError.self) { try ContainerGraph(containers) }
        #expect(error?.message.contains(words) == true)
    }
}
