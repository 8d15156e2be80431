import Synchronization

/// Keeps the start of a child process apart from work that must not be seen by one.
///
/// A child shares all of our descriptors until it runs its program, even those that are closed on exec. While one of
/// them is open for writing on a program's file, the kernel refuses to run that file ("Text file busy").
enum SpawnTurn {
    private static let turn = Mutex(())

    /// Runs `body` while no child of ours stands between fork and exec, and none is started. BLOCKS for as long as
    /// others hold the turn: for the start of one process, or one copy.
    static func hold<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try self.turn.withLock { _ throws(Failure) in try body() }
    }
}
