import MeshModel

/// A connection that a proxy carries.
protocol ActiveConnection: AnyObject {
    /// What the admin endpoint shows of it.
    var entry: ConnectionEntry { get }
    /// Counts the bytes that moved since the last time.
    func sample()
    /// Ends it at once because its policy denies it now.
    func recheck(_ snapshot: MeshSnapshot)
    /// Ends it at once.
    func terminate(_ failure: ConnectionFailure)
}
