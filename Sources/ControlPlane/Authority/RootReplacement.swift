package import CertificateAuthority
import Foundation
package import MeshConfig

/// The replacement of a self-signed root, for the admin API.
package struct RootReplacement: RotationAdministration {
    private let authority: SigningAuthority
    private let changed: @Sendable () async -> Void

    /// Administers an authority.
    ///
    /// - Parameter changed: called after each step, so that the control plane's own certificate follows at once.
    package init(authority: SigningAuthority, changed: @escaping @Sendable () async -> Void) {
        self.authority = authority
        self.changed = changed
    }

    package func status() async throws(AdminFault) -> ConfigValue {
        guard let status = self.authority.rotation else {
            throw AdminFault(.notProvided, "the roots of this authority are not made here")
        }
        return status.value
    }

    package func take(_ step: RotationStep, isForced: Bool) async throws(AdminFault) -> ConfigValue {
        let next: RotationStatus.Step =
            switch step {
            case .begin: .begin
            case .advance: .advance
            case .finish: .finish
            }
        let status: RotationStatus
        do throws(AuthorityError) {
            status = try self.authority.rotate(next, force: isForced, now: Date())
        } catch {
            throw AdminFault(error)
        }
        await self.changed()
        return status.value
    }
}

extension RotationStatus {
    fileprivate var value: ConfigValue {
        var entries: [String: ConfigValue] = [
            "phase": .string(self.phase.rawValue), "next": .string(self.next.rawValue), "root": .string(self.root),
        ]
        if let since = self.since { entries["since"] = .string(since.formatted(.iso8601)) }
        if let earliest = self.earliestNext { entries["earliestNext"] = .string(earliest.formatted(.iso8601)) }
        if let newRoot = self.newRoot { entries["newRoot"] = .string(newRoot) }
        return .map(entries)
    }
}
