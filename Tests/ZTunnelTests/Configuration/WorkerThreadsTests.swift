import DataPlane
import Testing

@testable import ZTunnel

@Suite("Worker threads")
struct WorkerThreadsTests {
    @Test(
        "a number stands for itself, 0 for all, a percentage is rounded up",
        arguments: [
            ("50%", 8, 4), ("30%", 16, 5), ("10%", 4, 1), ("0", 8, 8), ("3", 1, 3), ("64", 2, 64), ("100%", 4, 4),
        ]
    )
    func explicit(_ text: String, _ processors: Int, _ count: Int) throws {
        let configuration = try Configuration(environment: ["BOOTSTRAP_TOKEN": "t", "ZTUNNEL_WORKER_THREADS": text])
        #expect(configuration.workers.count(processors: processors) == count)
    }

    @Test(
        "what is no number from 0 to 64 and no percentage from 1 to 100 is refused",
        arguments: ["0%", "101%", "%", "-1", "1.5", "65", "ten", " 1", "1000"]
    )
    func refused(_ text: String) {
        let error = #expect(throws: ConfigurationErrors.self) {
            try Configuration(environment: ["BOOTSTRAP_TOKEN": "t", "ZTUNNEL_WORKER_THREADS": text])
        }
        #expect(error?.all.map(\.variable) == ["ZTUNNEL_WORKER_THREADS"])
        #expect(error?.all.first?.description.contains("a percentage such as 50%") == true)
    }

    @Test(
        "without a number the container's limit decides, or a quarter of the machine and the request",
        arguments: [
            ("500m", nil, 32, 1), ("2500m", nil, 32, 3), ("1.5", nil, 32, 2), (nil, nil, 32, 8), (nil, "12", 32, 12),
            ("2", "4", 32, 4), (nil, nil, 1, 1), (nil, nil, 2, 2), (nil, nil, 4, 2), (nil, "500m", 2, 2),
            ("2.0", nil, 8, 2), (nil, nil, 0, 1),
        ] as [(String?, String?, Int, Int)]
    )
    func automatic(_ limit: String?, _ request: String?, _ processors: Int, _ count: Int) throws {
        var environment = ["BOOTSTRAP_TOKEN": "t"]
        environment["ZTUNNEL_RESOURCE_CPU_LIMIT"] = limit
        environment["ZTUNNEL_RESOURCE_CPU_REQUEST"] = request
        #expect(try Configuration(environment: environment).workers.count(processors: processors) == count)
    }

    @Test("a CPU limit replaces the machine's CPUs for percentages")
    func limits() throws {
        var environment = ["BOOTSTRAP_TOKEN": "t", "ZTUNNEL_WORKER_THREADS": "50%", "ZTUNNEL_CPU_LIMIT": "4"]
        #expect(try Configuration(environment: environment).workers.count(processors: 32) == 2)
        environment["ZTUNNEL_RESOURCE_CPU_LIMIT"] = "8"
        #expect(try Configuration(environment: environment).workers.count(processors: 32) == 4)
    }

    @Test(
        "a quantity of CPUs is positive and finite",
        arguments: ["0", "0m", "-1", "1.5m", "Inf", "", "1e3", "1.", ".5", "2Gi", "99999999999"]
    )
    func quantities(_ text: String) { #expect(WorkerThreads.quantity(text) == nil) }
}
