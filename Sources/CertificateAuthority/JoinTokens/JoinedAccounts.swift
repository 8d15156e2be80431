import Foundation
import Synchronization

/// The service accounts that machines have joined as: only those may renew with the certificate that they have.
///
/// A list of its own, as tokens are forgotten when they are used. Kept in `joined.json` of the state directory.
final class JoinedAccounts: Sendable {
    static let file = "joined.json"
    /// The most accounts.
    static let capacity = 10_000

    private let state: StateDirectory
    private let accounts: Mutex<Set<String>>

    /// Reads the list.
    ///
    /// - Throws: `AuthorityError` with `state_…`: without it machines that have joined would be cut off.
    init(state: StateDirectory) throws(AuthorityError) {
        self.state = state
        guard let content = try state.read(Self.file) else {
            self.accounts = Mutex([])
            return
        }
        do {
            self.accounts = Mutex(Set(try JSONDecoder().decode([String].self, from: Data(content))))
        } catch {
            throw AuthorityError(
                .stateCorrupt,
                "\(state.path)/\(Self.file) cannot be read: restore it from a backup, or remove it, after which every "
                    + "machine needs a new join token",
                cause: error
            )
        }
    }

    /// All of them, sorted.
    var all: [String] { self.accounts.withLock { $0.sorted() } }

    /// Whether a machine has joined as `<namespace>/<service account>`.
    func contains(_ account: String) -> Bool { self.accounts.withLock { $0.contains(account) } }

    /// Notes that one has; on disk first.
    ///
    /// - Throws: `AuthorityError` with `join_tokens_full` or `state_unwritable`; nothing is noted then.
    func insert(_ account: String) throws(AuthorityError) {
        try self.accounts.withLock { accounts throws(AuthorityError) in
            guard !accounts.contains(account) else { return }
            guard accounts.count < Self.capacity else {
                throw AuthorityError(
                    .joinTokensFull,
                    "machines have joined as \(accounts.count) accounts, the most that is kept"
                )
            }
            let after = accounts.union([account])
            let content: Data
            do {
                content = try JSONEncoder().encode(after.sorted())
            } catch {
                throw AuthorityError(.stateUnwritable, "\(Self.file) cannot be encoded", cause: error)
            }
            try self.state.write(Self.file, Array(content))
            accounts = after
        }
    }
}
