/// Tells which tasks run on this host, again and again.
///
/// Confined to the control loop.
protocol TaskSource: AnyObject {
    /// Begins to tell.
    /// - Parameters:
    ///   - onTasks: called with all running tasks, whenever they were read anew.
    ///   - onFailure: called with one line for the log when they could not be read; what was told before still counts.
    func start(onTasks: @escaping ([HostTask]) -> Void, onFailure: @escaping (String) -> Void)
    /// Forgets what it knows of a task, so that it is read anew: something about it was not as it was told.
    func doubt(_ taskID: String)
    /// Ends it.
    func stop()
}
