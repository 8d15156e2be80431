import ControlPlane
import Foundation

/// Measures the control plane's serving side: a real listener with TLS and client certificates in this process, data planes
/// that do nothing but take and answer in another.
///
///     ControlPlaneBenchmark serve <workloads> <clients> <changes>
///
/// prints one JSON object. `load` is what it starts for itself.
@main
enum Benchmark {
    static func main() async throws {
        // As tulled does; without it for comparison.
        if ProcessInfo.processInfo.environment["BENCH_UNBOUND"] == nil { ProcessMemory.bound() }
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        switch (arguments.first, numbers.count) {
        case ("serve", 3):
            let plane = try BenchmarkPlane(workloads: numbers[0], clients: numbers[1], changes: numbers[2])
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            print(String(decoding: try encoder.encode(try await plane.run()), as: UTF8.self))
        case ("load", 2):
            guard let directory = arguments.last else { return }
            try await SimulatedDataPlanes(port: numbers[0], count: numbers[1], directory: directory).run()
        default:
            FileHandle.standardError.write(
                Data("usage: ControlPlaneBenchmark serve <workloads> <clients> <changes>\n".utf8)
            )
            exit(64)
        }
    }
}
