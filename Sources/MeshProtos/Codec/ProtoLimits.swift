/// What one message from outside may cost.
package struct ProtoLimits: Hashable, Sendable {
    /// The largest message, in bytes. Default 200 MiB, as a whole mesh arrives in one xDS response.
    package var bytes = 200 << 20
    /// How deep messages may nest. Default 32; our deepest honest message nests 8 deep.
    package var depth = 32
    /// How many fields one message may hold, nested ones included. Default 32 Mi.
    ///
    /// An empty nested message costs the sender 2 bytes and us a whole struct, hence a limit of its own.
    package var fields = 32 << 20

    /// The default limits.
    package init() {}
}
