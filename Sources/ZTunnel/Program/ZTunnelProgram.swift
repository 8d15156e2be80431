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
            self.print("ztunnel \(Version.text)\n", to: STDOUT_FILENO)
            return 0
        case .help:
            self.print("\(ProgramCommand.usage)", to: STDOUT_FILENO)
            return 0
        case .misuse(let text):
            self.print("ztunnel: \(text)\n\n\(ProgramCommand.usage)", to: STDERR_FILENO)
            return 1
        case .healthCheck:
            return self.checkHealth()
        case .redirect(let options):
            let result = RedirectCommand.run(options)
            self.print(result.output, to: STDOUT_FILENO)
            self.print(result.problem, to: STDERR_FILENO)
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
        switch check.run() {
        case .ready:
            self.print("ready\n", to: STDOUT_FILENO)
            return 0
        case .notReady(let reason):
            self.print("not ready: \(reason)\n", to: STDERR_FILENO)
            return 1
        }
    }

    private static func runProxy() -> CInt {
        let plan: StartPlan
        do throws(StartPlan.Problems) {
            plan = try StartPlan(environment: ProcessEnvironment.read())
        } catch {
            for line in error.lines { self.print("ztunnel: \(line)\n", to: STDERR_FILENO) }
            return self.misuseStatus
        }
        self.raiseDescriptorLimit()
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
            self.print("ztunnel: event loops could not be made: \(error)\n", to: STDERR_FILENO)
            return 1
        }
    }

    /// Each connection takes two descriptors; the usual soft limit of 1024 is meant for programs with few.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }

    private static func print(_ text: String, to descriptor: CInt) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
