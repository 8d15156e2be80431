/// One end of a relay: takes bytes from the other end, and gives its own to it.
///
/// Both ends live on one loop. A call never waits: an end that can't take more says so by its capacity and calls
/// the other's `resume` when that changes.
package protocol RelayEnd: AnyObject {
    /// How many bytes `take` accepts now; 0 promises a later `resume` of the other end.
    func capacity() -> Int

    /// Takes all of `bytes`, at most `capacity` of them unless they were pushed by a stream's flow control.
    ///
    /// Bytes of a socket lie in `LoopScratch.relay`: `LoopScratch.headroomBytes` before them may be overwritten.
    func take(_ bytes: UnsafeRawBufferPointer)

    /// Says that no more bytes come; what was taken before is still delivered.
    func takeEnd()

    /// Says that the other end has room again.
    func resume()

    /// Says that `count` bytes which this end gave have left the process, so that flow control may grant more.
    func credited(_ count: Int)

    /// Ends both directions at once, and tells the far side that it was no orderly end where `isAbortive`.
    func close(isAbortive: Bool)
}
