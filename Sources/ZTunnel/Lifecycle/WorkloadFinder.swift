/// Finds the workloads of a host and serves them, in the modes for many.
///
/// Confined to the control loop.
protocol WorkloadFinder: AnyObject {
    /// The mesh's state changed.
    func stateChanged()
    /// Finds no more; those that are served stay so until the roster lets them go.
    func stop()
}
