import DataPlane

/// Whoever keeps the certificates of a host's tasks.
///
/// Confined to the control loop.
struct TaskIdentities {
    /// Keeps a certificate for the workload from now on; the task's credentials are at the endpoint as seen from the
    /// workload's namespace.
    var keep: (ServedWorkload, CredentialsEndpoint, AWSRegion) -> Void
    /// Keeps none for the workload of this key any longer.
    var forget: (String) -> Void
}
