import DataPlane
import Glibc
import MeshModel
import MeshTelemetry
import TunnelEngine

/// The program's entry: does what the command line asks for.
package enum ZTunnelProgram {
    /// Exit status for a command line or setting that can't be used, as `sysexits.h` has it.
    static let misuseStatus: CInt = 64

    /// Runs to the end.
    /// - Parameter arguments: the arguments after the program's name.
    /// - Returns: the exit status.
    package static func run(arguments: [String]) -> CInt {
        // A peer that goes away must show up as an error of `write`, not end the program.
        signal(SIGPIPE, SIG_IGN)
        switch ProgramCommand(arguments: arguments) {
        case .version:
            StandardStreams.out("ztunnel \(Version.text)\n")
            return 0
        case .help:
            StandardStreams.out("\(ProgramCommand.usage)")
            return 0
        case .misuse(let text):
            StandardStreams.error("ztunnel: \(text)\n\n\(ProgramCommand.usage)")
            return 1
        case .healthCheck:
            return self.checkHealth()
        case .redirect(let options):
            let result = RedirectCommand.run(options)
            StandardStreams.out(result.output)
            StandardStreams.error(result.problem)
            return result.status
        case .proxy:
            return self.runProxy()
        }
    }

    private static func checkHealth() -> CInt {
        var check = HealthCheck()
        if let address = ProcessEnvironment.read()["TULLE_LISTEN_ADDRESS"].flatMap({ IPAddress(parsing: $0) }) {
            check.address.ip = address
        }
        return check.report()
    }

    private static func runProxy() -> CInt {
        let plan: StartPlan
        do throws(StartPlan.Problems) {
            plan = try StartPlan(environment: ProcessEnvironment.read())
        } catch {
            for line in error.lines { StandardStreams.error("ztunnel: \(line)\n") }
            return self.misuseStatus
        }
        DescriptorLimit.raise()
        let configuration = plan.configuration
        let writer = LogWriter(format: configuration.logFormat, limits: configuration.limits.log)
        let log = Log(
            scope: "ztunnel",
            format: configuration.logFormat,
            threshold: Log.Threshold(configuration.logFilter),
            sink: { writer.write($0) }
        )
        do throws(SocketError) {
            return try ZTunnelProcess(plan: plan, writer: writer, log: log).run()
        } catch {
            StandardStreams.error("ztunnel: event loops could not be made: \(error)\n")
            return 1
        }
    }
}
