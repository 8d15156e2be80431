import CMeshLinux

/// How this process's heap deals with memory that is given back.
///
/// The C library keeps what was freed, in up to eight arenas a processor, and the more so the larger the blocks were. Here
/// large blocks are copies of the mesh for data planes that join, and thousands may come at once.
package enum ProcessMemory {
    /// Arenas of the heap: one for each of the threads that serve, on a small machine.
    private static let arenas: Int32 = 2
    /// Blocks of this many bytes or more are given back to the system at once.
    private static let mapped: Int32 = 256 << 10

    /// Bounds what is kept. To be called when the program starts, before there are threads.
    package static func bound() { _ = mesh_bound_heap(self.arenas, self.mapped) }

    /// Gives back what is kept: how the benchmark tells what that was. The heap stands still meanwhile.
    package static func trim() { mesh_trim_heap() }

    /// What the heap has handed out, and what it keeps, in bytes.
    package static var heap: (used: Int, kept: Int) {
        var usage = mesh_heap()
        mesh_heap_usage(&usage)
        return (Int(clamping: usage.used), Int(clamping: usage.kept))
    }
}
