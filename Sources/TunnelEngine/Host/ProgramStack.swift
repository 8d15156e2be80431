import CMeshLinux

/// The stack of the calling thread.
package enum ProgramStack {
    /// Gives back what was once needed below the frames that are in use now.
    ///
    /// A start, a handshake or a large answer goes deep once, and those pages would stay for as long as the thread.
    package static func release() { _ = mesh_release_stack() }
}
