package import MeshConfig

/// What the admin API does with the change of the mesh's root. The authority provides it.
package protocol RotationAdministration: Sendable {
    /// How far it is: a map of what there is to know, with `phase` among it.
    func status() async throws(AdminFault) -> ConfigValue

    /// Takes a step, and says how far it is then.
    ///
    /// - Parameter isForced: whether to go on although somebody has not taken the step before.
    /// - Throws: `AdminFault` with `conflict` when the step is not the next one or must wait.
    func take(_ step: RotationStep, isForced: Bool) async throws(AdminFault) -> ConfigValue
}

/// The steps of a change of root.
package enum RotationStep: String, Sendable, CaseIterable {
    /// Make a new root and have everybody trust both.
    case begin
    /// Sign with the new one.
    case advance
    /// Trust the new one alone.
    case finish
}
