import Testing

@testable import Lab

@Suite struct ServiceSchedulerTests {
    private static let arn = "arn:aws:ecs:us-east-1:1:service/demo/echo"

    private static func service(
        _ desired: Int,
        minimum: Int = 100,
        maximum: Int = 200,
        status: String = "ACTIVE",
        deployments: [String] = ["new"]
    )
        -> MotoState.Service
    {
        MotoState.Service(
            arn: Self.arn,
            cluster: "demo",
            name: "echo",
            status: status,
            desiredCount: desired,
            minimumHealthyPercent: minimum,
            maximumPercent: maximum,
            deployments: deployments.enumerated().map { .init(id: $1, primary: $0 == 0, taskDefinition: "td") }
        )
    }

    private static func task(
        _ id: String,
        _ deployment: String = "new",
        status: String = "RUNNING",
        health: String = "UNKNOWN",
        desired: String = "RUNNING",
        group: String = "service:echo",
        created: Double = 0
    ) -> MotoState.Task {
        MotoState.Task(
            id: id,
            arn: "arn:aws:ecs:us-east-1:1:task/demo/\(id)",
            account: "1",
            region: "us-east-1",
            cluster: "demo",
            clusterArn: "c",
            availabilityZone: "a",
            createdAt: created,
            desiredStatus: desired,
            lastStatus: status,
            healthStatus: health,
            launchType: "FARGATE",
            group: group,
            startedBy: deployment,
            tags: [:],
            taskDefinitionArn: "td",
            containers: [:]
        )
    }

    private static func state(_ service: MotoState.Service, _ tasks: [MotoState.Task], checked: Bool = false)
        -> MotoState
    {
        MotoState(
            services: [service],
            tasks: tasks,
            taskDefinitions: [
                "td": TaskDefinition(
                    family: "f",
                    revision: 1,
                    containerDefinitions: [container("app", checked: checked)]
                )
            ]
        )
    }

    private static func started(_ actions: [ServiceScheduler.Action]) -> Int {
        actions.filter { if case .start = $0 { true } else { false } }.count
    }

    private static func stopped(_ actions: [ServiceScheduler.Action]) -> [String] {
        actions.compactMap { action in
            if case .stop(let task, _) = action { task.split(separator: "/").last.map(String.init) } else { nil }
        }
    }

    @Test func `starts what is missing and leaves what is there`() {
        var scheduler = ServiceScheduler()
        let actions = scheduler.decide(Self.state(Self.service(3), [Self.task("a", status: "PENDING")]), now: 0)
        #expect(actions == Array(repeating: .start(service: Self.arn, deployment: "new"), count: 2))
        let full = Self.state(Self.service(1), [Self.task("a")])
        #expect(scheduler.decide(full, now: 0).isEmpty)
    }

    @Test func `counts neither stopping tasks nor tasks of others`() {
        var scheduler = ServiceScheduler()
        let tasks = [
            Self.task("a", desired: "STOPPED"), Self.task("b", group: "service:echo2"),
            Self.task("c", group: "family:f"),
        ]
        #expect(Self.started(scheduler.decide(Self.state(Self.service(1), tasks), now: 0)) == 1)
    }

    @Test func `stops the newest when there are too many`() {
        var scheduler = ServiceScheduler()
        let tasks = [Self.task("old", created: 1), Self.task("young", created: 2)]
        #expect(Self.stopped(scheduler.decide(Self.state(Self.service(1), tasks), now: 0)) == ["young"])
        #expect(Self.stopped(scheduler.decide(Self.state(Self.service(0), tasks), now: 0)) == ["old", "young"])
    }

    @Test func `a new deployment starts its tasks before the old ones stop`() {
        var scheduler = ServiceScheduler()
        let service = Self.service(2, deployments: ["new", "old"])
        let old = [Self.task("a", "old"), Self.task("b", "old")]
        let first = scheduler.decide(Self.state(service, old), now: 0)
        #expect(Self.started(first) == 2 && Self.stopped(first).isEmpty)
        let starting = old + [Self.task("c", status: "PENDING"), Self.task("d")]
        #expect(Self.stopped(scheduler.decide(Self.state(service, starting), now: 0)) == ["a"])
        let ready = old + [Self.task("c"), Self.task("d")]
        #expect(Self.stopped(scheduler.decide(Self.state(service, ready), now: 0)) == ["a", "b"])
    }

    @Test func `old tasks stay until the new ones are healthy`() {
        var scheduler = ServiceScheduler()
        let service = Self.service(1, deployments: ["new", "old"])
        let old = Self.task("a", "old", health: "HEALTHY")
        let unknown = Self.state(service, [old, Self.task("b")], checked: true)
        #expect(scheduler.decide(unknown, now: 0).isEmpty)
        let healthy = Self.state(service, [old, Self.task("b", health: "HEALTHY")], checked: true)
        #expect(Self.stopped(scheduler.decide(healthy, now: 0)) == ["a"])
    }

    @Test func `with no room above, an old task goes first`() {
        var scheduler = ServiceScheduler()
        let service = Self.service(1, minimum: 0, maximum: 100, deployments: ["new", "old"])
        let actions = scheduler.decide(Self.state(service, [Self.task("a", "old")]), now: 0)
        #expect(Self.started(actions) == 0 && Self.stopped(actions) == ["a"])
    }

    @Test func `replaces an unhealthy task`() {
        var scheduler = ServiceScheduler()
        let actions = scheduler.decide(Self.state(Self.service(1), [Self.task("a", health: "UNHEALTHY")]), now: 0)
        #expect(Self.started(actions) == 1 && Self.stopped(actions) == ["a"])
    }

    @Test func `a service that goes stops all its tasks and starts none`() {
        var scheduler = ServiceScheduler()
        let state = Self.state(
            Self.service(0, status: "DRAINING"),
            [Self.task("a"), Self.task("b", status: "PENDING")]
        )
        #expect(Self.stopped(scheduler.decide(state, now: 0)) == ["a", "b"])
    }

    @Test func `failing tasks come back ever more slowly, and at once after a long life`() {
        var scheduler = ServiceScheduler()
        let empty = Self.state(Self.service(1), [])
        scheduler.taskEnded(deployment: "new", failed: true, lived: 0, now: 100)
        #expect(Self.started(scheduler.decide(empty, now: 100.9)) == 0)
        #expect(Self.started(scheduler.decide(empty, now: 101)) == 1)
        for _ in 0..<20 { scheduler.taskEnded(deployment: "new", failed: false, lived: 1, now: 200) }
        #expect(Self.started(scheduler.decide(empty, now: 229)) == 0)
        #expect(Self.started(scheduler.decide(empty, now: 230)) == 1)
        scheduler.taskEnded(deployment: "new", failed: false, lived: 60, now: 300)
        #expect(Self.started(scheduler.decide(empty, now: 300)) == 1)
    }
}
