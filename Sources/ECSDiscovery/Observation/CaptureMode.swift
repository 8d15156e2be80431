/// How a task's traffic gets into its ztunnel.
package enum CaptureMode: String, Codable, Sendable, Hashable, CaseIterable {
    /// ECS's own redirect, from the task definition's `proxyConfiguration`.
    case appmesh
    /// The application is told to use the proxy on 15080.
    case socks
    /// An init container installs the redirect.
    case netadmin
    /// One ztunnel a host enters the task's network namespace.
    case daemon
}
