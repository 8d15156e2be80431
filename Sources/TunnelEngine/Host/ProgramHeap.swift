import CMeshLinux

/// The C library's heap.
package enum ProgramHeap {
    /// Bytes that were given back to the heap and that it keeps for later, also where their pages went back to the system.
    package static var kept: Int {
        var usage = mesh_heap()
        mesh_heap_usage(&usage)
        return Int(clamping: usage.kept)
    }

    /// Gives whole pages that nothing lies in back to the system. Whoever allocates waits meanwhile.
    package static func trim() { mesh_trim_heap() }
}
