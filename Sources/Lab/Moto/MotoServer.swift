import AsyncHTTPClient
import Foundation
import Glibc

/// The AWS API of a lab: a Python process with moto.
///
/// It ends when the lab ends, because the lab holds the other end of its standard input.
package final class MotoServer: Sendable {
    /// What the account holds from the start; written by the server.
    package struct Account: Codable, Sendable {
        package var accountId: String
        package var accessKeyId: String
        package var secretAccessKey: String
        /// Keys whose requests count as made by the ECS service.
        package var ecsAccessKeyId: String
        package var ecsSecretAccessKey: String
        package var region: String
        package var vpcId: String
        package var subnetIds: [String]
        package var securityGroupId: String
        package var roles: [String: String]
    }

    /// Speaks to the server's control endpoints.
    package let control: MotoControl
    package let account: Account
    private let process: ChildProcess
    private let lifeline: FileHandle

    private init(control: MotoControl, account: Account, process: ChildProcess, lifeline: FileHandle) {
        self.control = control
        self.account = account
        self.process = process
        self.lifeline = lifeline
    }

    /// Starts the server and waits until it answers, 60 seconds at most.
    package static func start(_ configuration: LabConfiguration, labID: String, files: StateDirectory) async throws
        -> MotoServer
    {
        let token = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined() + labID
        try files.write(token, to: files.controlToken)
        try? FileManager.default.removeItem(atPath: files.account)
        let log = open(files.motoLog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard log >= 0 else {
            throw LabError(.commandFailed, "can't open \(files.motoLog): \(String(cString: strerror(errno)))")
        }
        defer { close(log) }
        let pipe = Pipe()
        for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
            // A container that held the other end would keep the server alive.
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        var arguments = [
            "\(configuration.scripts)/moto_server.py", "--host", configuration.hostAddress, "--port",
            "\(configuration.apiPort)", "--region", configuration.region, "--vpc-cidr",
            configuration.network.description, "--token-file", files.controlToken, "--account-file", files.account,
        ]
        if let network = configuration.networkV6 { arguments += ["--ipv6-prefix", network.description] }
        var launch = ChildProcess.Launch(
            configuration.python,
            arguments,
            environment: [
                "PATH": Tools.path.joined(separator: ":"), "PYTHONDONTWRITEBYTECODE": "1", "HOME": files.root,
                ProcessTable.marker: labID,
            ]
        )
        launch.input = pipe.fileHandleForReading.fileDescriptor
        launch.output = log
        let process = try ChildProcess.start(launch)
        try pipe.fileHandleForReading.close()
        let control = MotoControl(url: configuration.apiURL, token: token)
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(60)
        while clock.now < deadline {
            guard process.isRunning else {
                throw LabError(.apiFailed, "the AWS API didn't start: \(Self.lastLine(of: files.motoLog))")
            }
            if let data = FileManager.default.contents(atPath: files.account),
                let account = try? JSONDecoder().decode(Account.self, from: data), (try? await control.state()) != nil
            {
                return MotoServer(
                    control: control,
                    account: account,
                    process: process,
                    lifeline: pipe.fileHandleForWriting
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        process.killGroup()
        throw LabError(
            .timedOut,
            "the AWS API didn't answer on \(configuration.apiURL) within 60 s; see \(files.motoLog)"
        )
    }

    /// Whether the server's process is there.
    package var isRunning: Bool { self.process.isRunning }

    /// Ends the server.
    package func stop() async {
        self.process.killGroup()
        _ = await self.process.exit()
        try? self.lifeline.close()
    }

    private static func lastLine(of path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").last.map { String($0.prefix(400)) } ?? "it said nothing"
    }
}
