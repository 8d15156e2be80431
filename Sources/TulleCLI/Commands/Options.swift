import AWSClient
import ArgumentParser

/// Which account and region a command works in.
struct AWSOptions: ParsableArguments, Sendable {
    @Option(help: "Profile of the AWS configuration files.")
    var profile: String?

    @Option(help: "AWS region; the environment's or the profile's unless given.")
    var region: String?
}

/// Who a workload is, and which control plane it belongs to.
struct MeshOptions: ParsableArguments, Sendable {
    @Option(name: [.short, .long], help: "Namespace that the workload joins, as a DNS label: a-z, 0-9 and dashes.")
    var namespace: MeshName

    @Option(name: [.short, .long], help: "Service account that the workload acts as, as a DNS label.")
    var serviceAccount: MeshName

    @OptionGroup var connection: ControlPlaneOptions
}

extension MeshName: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}

extension CaptureMode: ExpressibleByArgument {}
extension BootstrapToken.Platform: ExpressibleByArgument {}
extension ListServices.Output: ExpressibleByArgument {}

/// What a command prints instead of writing to ECS.
enum Rendering: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// The definition, as for `aws ecs register-task-definition --cli-input-json`.
    case json
    /// What would change, as a unified diff.
    case diff

    /// The text for a definition before and after an edit.
    func text(before: TaskDefinition, after: TaskDefinition) -> String {
        let layout = TaskDefinition.layout
        switch self {
        case .json: return after.document.text(layout)
        case .diff:
            return TextDiff.unified(
                before.document.text(layout),
                after.document.text(layout),
                oldName: "\(before.family) (now)",
                newName: "\(after.family) (new)"
            )
        }
    }
}

/// A list of ports as one argument: `80,8080`.
struct PortList: ExpressibleByArgument, Sendable {
    let ports: [Int]

    init?(argument: String) {
        var ports: [Int] = []
        for text in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let port = UInt16(text), port > 0 else { return nil }
            ports.append(Int(port))
        }
        self.ports = ports
    }
}
