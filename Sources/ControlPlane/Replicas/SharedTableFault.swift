/// Why a replica does not take over what the shared table says.
package struct SharedTableFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The closed set of faults.
    package enum Code: String, Sendable, CaseIterable {
        /// Documents are applied here, and the table has other ones: it is not known which are meant.
        case strays = "shared_table_strays"
        /// The table was filled when we last read it, and is empty now.
        case emptied = "shared_table_emptied"
        /// Another replica fills it just now.
        case filling = "shared_table_filling"
    }

    /// Which fault.
    package let code: Code
    /// One line for an operator: what was found, what to do.
    package let message: String

    /// Of documents that are applied here, by their keys.
    static func strays(_ keys: [String]) -> SharedTableFault {
        let message =
            "\(keys.count) resources are applied here that the shared table does not have like that ("
            + "\(keys.prefix(5).joined(separator: ", "))): remove their files from the folder applied, and apply those "
            + "that are meant through a replica that runs"
        return SharedTableFault(code: .strays, message: message)
    }

    /// Of a table that had this revision, as the file says that mirrors it.
    static func emptied(revision: Int64, mirror: String) -> SharedTableFault {
        let message =
            "the shared table has no configuration, and had revision \(revision): restore the table, or stop all "
            + "replicas, remove \(mirror) and start this one first to fill it with what is applied here"
        return SharedTableFault(code: .emptied, message: message)
    }

    /// Of a table that changed while it was filled.
    static var filling: SharedTableFault {
        SharedTableFault(code: .filling, message: "another replica fills the shared table")
    }

    package var description: String { "\(self.code.rawValue): \(self.message)" }
}
