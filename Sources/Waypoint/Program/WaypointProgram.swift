import DataPlane
import Glibc
import MeshModel
import MeshTelemetry
import TunnelEngine

/// The program's entry: does what the command line asks for.
package enum WaypointProgram {
    /// Exit status for a command line or setting that can't be used, as `sysexits.h` has it.
    static let misuseStatus: CInt = 64

    private static let usage = """
        usage: waypoint [command]

          proxy         serve (the default); settings come from the environment, see docs/waypoint-settings.md
          healthcheck   ask the running waypoint whether it is ready; exit status 0 when it is
          version       print the version
          help          print this

        """

    /// Runs to the end.
    /// - Parameter arguments: the arguments after the program's name.
    /// - Returns: the exit status.
    package static func run(arguments: [String]) -> CInt {
        // A peer that goes away must show up as an error of `write`, not end the program.
        signal(SIGPIPE, SIG_IGN)
        guard arguments.count <= 1 else { return self.misuse("one command at most") }
        switch arguments.first ?? "proxy" {
        case "proxy": return self.runProxy()
        case "healthcheck": return self.checkHealth()
        case "version", "--version":
            StandardStreams.out("waypoint \(Version.text)\n")
            return 0
        case "help", "--help", "-h":
            StandardStreams.out(self.usage)
            return 0
        case let other: return self.misuse("unknown command \(other.debugDescription)")
        }
    }

    private static func misuse(_ text: String) -> CInt {
        StandardStreams.error("waypoint: \(text)\n\n\(self.usage)")
        return self.misuseStatus
    }

    private static func checkHealth() -> CInt {
        var check = HealthCheck()
        let environment = EnvironmentVariables.read { ["TULLE_LISTEN_ADDRESS", "READINESS_PORT"].contains($0) }
        if let address = environment["TULLE_LISTEN_ADDRESS"].flatMap({ IPAddress(parsing: $0) }) {
            check.address.ip = address
        }
        if let port = environment["READINESS_PORT"].flatMap({ UInt16($0) }) { check.address.port = port }
        return check.report()
    }

    private static func runProxy() -> CInt {
        let plan: StartPlan
        do throws(StartPlan.Problems) {
            plan = try StartPlan(environment: EnvironmentVariables.read { _ in true })
        } catch {
            for line in error.lines { StandardStreams.error("waypoint: \(line)\n") }
            return self.misuseStatus
        }
        DescriptorLimit.raise()
        let configuration = plan.configuration
        let writer = LogWriter(format: configuration.logFormat)
        let log = Log(
            scope: "waypoint",
            format: configuration.logFormat,
            threshold: Log.Threshold(configuration.logFilter),
            sink: { writer.write($0) }
        )
        do throws(SocketError) {
            return try WaypointProcess(plan: plan, writer: writer, log: log).run()
        } catch {
            StandardStreams.error("waypoint: event loops could not be made: \(error)\n")
            return 1
        }
    }
}
