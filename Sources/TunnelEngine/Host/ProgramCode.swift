import CMeshLinux

/// The program's own code in memory.
package enum ProgramCode {
    /// Unmaps the pages of the code that were needed until now; those that are needed again come back from the page cache,
    /// a page fault each.
    ///
    /// A start runs through nearly all of a program once, and the kernel maps what lies around as well: afterwards most of
    /// a small process's resident memory is code that it doesn't run any more.
    package static func release() { _ = mesh_release_code() }
}
