/// Judges whether giving memory back to the system is worth it: once for what the start left behind, and then whenever there
/// is more than there was at some time since.
struct HeapSurplus {
    /// What one look at the process shows, in bytes.
    struct Look: Hashable {
        /// What the heap keeps unused, whether its pages are resident or not.
        var kept: Int
        /// The process's own pages that are resident.
        var resident: Int
    }

    /// Less than this is not worth it, in bytes.
    static let least = 256 << 10

    /// The least of each since memory was given back.
    private var base: Look?

    /// Whether memory should be given back now.
    mutating func isDue(_ look: Look) -> Bool {
        guard let before = self.base else { return true }
        self.base = Look(kept: min(before.kept, look.kept), resident: min(before.resident, look.resident))
        return look.kept - before.kept >= Self.least || look.resident - before.resident >= Self.least
    }

    /// Memory was given back; this is what is left.
    mutating func gaveBack(_ look: Look) { self.base = look }
}
