import Foundation
import Glibc

/// Where a container's processes live.
package enum TaskPlace: Sendable, Equatable {
    /// In the task's own network namespace.
    case namespace(String)
    /// In the container instance's network: the lab's own.
    case host
    /// With an address of their own on the loopback, in a lab without root.
    case loopback(address: String)
}

/// How a container is run on this machine: program, user, environment, directory.
///
/// Kept in the status file as well, so that `exec` runs a command just as the container's own.
package struct ContainerPlan: Codable, Sendable, Equatable {
    /// Name of the task's network namespace; nil in network mode host, and in a lab without root.
    package var namespace: String?
    /// Whether it runs with a user and capabilities of its own; false in a lab without root.
    package var isConfined = true
    /// Directory of its control group; nil on Fargate, and where the hierarchy can't be written.
    package var controlGroup: String?
    package var isPrivileged = false
    /// What the definition adds to Docker's capabilities, in ECS's spelling.
    package var addedCapabilities: [String] = []
    /// What the definition takes away, in ECS's spelling.
    package var droppedCapabilities: [String] = []
    package var user: UInt32
    package var group: UInt32
    package var environment: [String: String]
    package var directory: String
    /// What the container runs, with the image's paths replaced by the host's.
    package var arguments: [String]
    /// Path inside the image → path on the host.
    package var files: [String: String]

    /// The full command line that runs `arguments` as a process of the container.
    package func commandLine(for arguments: [String]) throws -> [String] {
        guard let first = arguments.first, !first.isEmpty else {
            throw LabError(.invalidConfiguration, "nothing to run")
        }
        guard let env = Tools.find("env") else { throw LabError(.missingTool, "env is needed") }
        let command = [env, "-C", self.directory] + self.resolved(arguments)
        guard self.isConfined else { return command }
        guard let ip = Tools.find("ip"), let setpriv = Tools.find("setpriv") else {
            throw LabError(.missingTool, "ip and setpriv are needed")
        }
        var line: [String] = []
        if let group = self.controlGroup {
            // The shell moves itself, so that not even its first child is elsewhere.
            line += ["/bin/sh", "-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"", group]
        }
        if let namespace = self.namespace { line += [ip, "netns", "exec", namespace] }
        line += [setpriv, "--clear-groups", "--reuid=\(self.user)", "--regid=\(self.group)"]
        if !self.isPrivileged {
            let kept = ContainerCapabilities(
                user: self.user,
                added: self.addedCapabilities,
                dropped: self.droppedCapabilities
            )
            line += ["--inh-caps=-all", "--bounding-set=\(kept.boundingSet)"]
        }
        return line + ["--"] + command
    }

    /// Replaces paths of the image by the host's, in the first word and in words that are such a path.
    package func resolved(_ arguments: [String]) -> [String] { arguments.map { self.files[$0] ?? $0 } }

    /// Replaces paths of the image in a shell text, word by word.
    package func resolved(shell text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false)
            .map { self.files[String($0)] ?? String($0) }
            .joined(separator: " ")
    }

    /// The command of a health check: CMD as it is, CMD-SHELL by `sh -c`; nil for NONE.
    ///
    /// Refuses a first word that is none of these.
    package func healthCommand(_ check: ContainerDefinition.HealthCheck) throws -> [String]? {
        switch check.command.first {
        case "CMD" where check.command.count > 1:
            return Array(check.command.dropFirst())
        case "CMD-SHELL" where check.command.count > 1:
            return ["/bin/sh", "-c", self.resolved(shell: check.command.dropFirst().joined(separator: " "))]
        case "NONE":
            return nil
        default:
            throw LabError(
                .invalidConfiguration,
                "healthCheck command begins with \(check.command.first?.prefix(40) ?? "nothing"); use CMD or CMD-SHELL"
                    + " and a command"
            )
        }
    }
}

extension ContainerPlan {
    /// What the lab gives a container besides its definition.
    package struct Surroundings: Sendable {
        package var place: TaskPlace
        /// Directory of the lab's own that any user may enter.
        package var runtimeDirectory: String
        package var taskID: String
        /// Environment as ECS injects it.
        package var environment: [String: String]
        /// Directory of the container's control group, if it has one.
        package var controlGroup: String?

        package init(
            place: TaskPlace,
            runtimeDirectory: String,
            taskID: String,
            environment: [String: String],
            controlGroup: String? = nil
        ) {
            self.place = place
            self.runtimeDirectory = runtimeDirectory
            self.taskID = taskID
            self.environment = environment
            self.controlGroup = controlGroup
        }
    }

    /// Plans a container: image, user, environment, directory.
    ///
    /// Refuses what the lab can't do rightly: users by name, secrets, an image that says nothing to run.
    package init(_ container: ContainerDefinition, image: ImageTable.Image, surroundings: Surroundings) throws {
        func refuse(_ text: String) -> LabError {
            LabError(.containerUnsupported, "container \(container.name): \(text)")
        }
        if let secret = container.secrets?.first {
            throw refuse("secret \(secret.name): the lab doesn't resolve secrets; use environment")
        }
        (self.user, self.group) = try Self.identity(container.user ?? image.user ?? "0", refuse)
        let runtime = surroundings.runtimeDirectory
        var files: [String: String] = [:]
        for path in (image.files ?? [:]).keys {
            files[path] = Self.copyPath(of: path, image: container.image, runtime: runtime)
        }
        self.files = files
        let entryPoint = container.entryPoint ?? image.entryPoint ?? []
        let command = container.command ?? (container.entryPoint == nil ? image.command ?? [] : [])
        let line = entryPoint + command
        guard !line.isEmpty else {
            throw refuse("image \(container.image) has no entry in the image table, and the definition no command")
        }
        self.directory =
            container.workingDirectory ?? "\(runtime)/tasks/\(surroundings.taskID)/\(Self.safe(container.name))"
        var environment = [
            "PATH": (["\(runtime)/images/\(Self.safe(container.image))"] + Tools.path).joined(separator: ":"),
            "HOME": self.directory,
            "HOSTNAME": surroundings.taskID,
        ]
        environment.merge(image.environment ?? [:]) { _, new in new }
        environment.merge(surroundings.environment) { _, new in new }
        for pair in container.environment ?? [] { environment[pair.name] = pair.value }
        self.controlGroup = surroundings.controlGroup
        self.isPrivileged = container.privileged ?? false
        let capabilities = container.linuxParameters?.capabilities
        self.addedCapabilities = capabilities?.add ?? []
        self.droppedCapabilities = capabilities?.drop ?? []
        try ContainerCapabilities.check(self.addedCapabilities + self.droppedCapabilities, refuse)
        switch surroundings.place {
        case .namespace(let name):
            self.namespace = name
        case .host:
            self.namespace = nil
        case .loopback(let address):
            self.namespace = nil
            self.isConfined = false
            environment["TULLE_LAB_ADDRESS"] = address
            environment["TULLE_LISTEN_ADDRESS"] = address
            // Tasks share 127.0.0.1 here, so their proxies listen on the tasks' own addresses.
            for (name, value) in environment
            where name.lowercased().hasSuffix("_proxy") && name.lowercased() != "no_proxy" {
                environment[name] = value.replacing("//127.0.0.1:", with: "//\(address):")
            }
        }
        self.environment = environment
        self.arguments = []
        self.arguments = self.resolved(line)
    }

    /// Where an image's file is copied to.
    package static func copyPath(of path: String, image: String, runtime: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? "file"
        return "\(runtime)/images/\(Self.safe(image))/\(Self.safe(name))"
    }

    /// A text as one harmless path component.
    static func safe(_ text: String) -> String {
        let kept = text.unicodeScalars.prefix(120).map { scalar -> Character in
            let allowed = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            return allowed || scalar == "-" || scalar == "_" || scalar == "." ? Character(scalar) : "_"
        }
        let name = String(kept)
        return name.allSatisfy { $0 == "." } ? "_" : name
    }

    private static func identity(_ text: String, _ refuse: (String) -> LabError) throws -> (UInt32, UInt32) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        func number(_ part: Substring) throws -> UInt32 {
            if part == "root" { return 0 }
            guard let value = UInt32(part), value < UInt32.max else {
                throw refuse(
                    "user \(text.prefix(64)): the lab knows users by number only, such as 15301 or 15301:15301"
                )
            }
            return value
        }
        guard let first = parts.first else { throw refuse("user is empty") }
        let user = try number(first)
        return (user, try parts.dropFirst().first.map(number) ?? user)
    }
}
