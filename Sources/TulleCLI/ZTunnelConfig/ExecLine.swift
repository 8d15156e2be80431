/// The command that reaches a ztunnel's admin port in an ECS task, by ECS Exec.
struct ExecLine: Sendable, Hashable {
    var cluster: String
    var task: String
    /// A container with a shell: ztunnel's own has none, and all containers of a task share its loopback.
    var container: String
    /// What is asked for, such as `/config_dump`.
    var path = "/config_dump"
    /// The method.
    var method = "GET"

    /// The line, for a POSIX shell.
    var text: String {
        let request = self.method == "GET" ? "curl -s" : "curl -s -X \(self.method)"
        return "aws ecs execute-command --cluster \(Self.quoted(self.cluster)) --task \(Self.quoted(self.task))"
            + " --container \(Self.quoted(self.container)) --interactive"
            + " --command \(Self.quoted("\(request) http://\(ZTunnelAdmin.usual)\(self.path)"))"
    }

    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: Array("-_./:".utf8).contains(byte)
                }
            }
        return isPlain ? text : "'\(text.replacing("'", with: "'\\''"))'"
    }
}
