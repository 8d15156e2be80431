import AWSClient

/// The part of `tulle status` on the workers that watch AWS, one for each account and region.
enum AccountTable {
    /// The table; its columns are members of `/v1/accounts`.
    static func text(_ accounts: [JSONValue]) -> String {
        RecordTable.text(
            accounts,
            [
                .init("WORKER", "name"), .init("ACCOUNT", "account"), .init("REGION", "region"),
                .init("STATE", "state"), .init("LAST SUCCESS", "seen"), .init("TASKS", "tasks"),
                .init("ERROR", "errorCode"),
            ],
            nothing: "no account is watched"
        )
    }

    /// What can't be read now, one line each.
    static func problems(_ accounts: [JSONValue]) -> [String] {
        accounts.compactMap { account in
            guard let error = account["error"]?.string, !error.isEmpty else { return nil }
            return PlainLine.text("\(account["name"]?.string ?? "-"): \(error)")
        }
    }
}
