import Foundation

/// One table of DynamoDB with the text keys `pk` (of the partition) and `sk` (in it). All calls throw `AWSError`.
///
/// Reads are consistent: they see every write that was answered before.
package struct TableClient: Sendable {
    /// The most writes of one transaction; DynamoDB's own limit.
    package static let transactionWrites = 100

    private let client: AWSClient
    private let table: String
    private let region: String?
    private let deadline: Duration

    /// - Parameters:
    ///   - client: whose credentials may read and write.
    ///   - table: the table's name.
    ///   - region: the table's; nil for the client's region.
    ///   - deadline: how long a call may take with all retries.
    package init(client: AWSClient, table: String, region: String? = nil, deadline: Duration = .seconds(10)) {
        self.client = client
        self.table = table
        self.region = region
        self.deadline = deadline
    }

    /// The same table with another deadline of calls.
    package func within(_ deadline: Duration) -> TableClient {
        TableClient(client: self.client, table: self.table, region: self.region, deadline: deadline)
    }

    /// The item of a key; nil when there is none.
    package func get(_ key: TableKey) async throws -> TableItem? {
        let answer = try await self.call("GetItem", ["Key": TableJSON.key(key), "ConsistentRead": true])
        return answer["Item"].flatMap(TableJSON.item)
    }

    /// The items of a partition in the order of their keys, fetched page by page.
    ///
    /// - Parameters:
    ///   - partition: which one.
    ///   - sort: the key after which to begin; nil for the first item.
    ///   - limit: the most items, at least 1. As many as that may mean that there are more.
    package func items(in partition: String, after sort: String? = nil, limit: Int) async throws -> [TableItem] {
        var expression = TableExpression()
        var condition = "\(expression.name("pk")) = \(expression.value(.string(partition)))"
        if let sort { condition += " AND \(expression.name("sk")) > \(expression.value(.string(sort)))" }
        var body: JSONValue = ["KeyConditionExpression": .string(condition), "ConsistentRead": true]
        expression.complete(&body)
        var items: [TableItem] = []
        for _ in 0..<self.client.executor.limits.pages {
            body["Limit"] = .int(max(1, limit - items.count))
            let answer = try await self.call("Query", body)
            items += (answer["Items"]?.array ?? []).compactMap(TableJSON.item)
            guard let next = answer["LastEvaluatedKey"], next.object?.isEmpty == false, items.count < limit else {
                return Array(items.prefix(limit))
            }
            guard next != body["ExclusiveStartKey"] else { break }
            body["ExclusiveStartKey"] = next
        }
        throw AWSError(
            service: AWSService.dynamoDB.name,
            action: "Query",
            code: AWSError.Code.endlessPages,
            message: "the list of \(partition) does not end",
            kind: .server
        )
    }

    /// Makes all of these writes or none. A repetition after an answer that got lost writes nothing twice.
    ///
    /// - Parameter writes: 1 to 100, each of another item; in all at most 4 MB.
    package func write(_ writes: [TableWrite]) async throws -> TableOutcome {
        let body: JSONValue = [
            "TransactItems": .array(writes.map(self.part)), "ClientRequestToken": .string(UUID().uuidString),
        ]
        do {
            _ = try await self.call("TransactWriteItems", body)
            return .done
        } catch let error as AWSError where error.code == "TransactionCanceledException" {
            let failed = error.reasons.indices.filter { error.reasons[$0] == "ConditionalCheckFailed" }
            guard !failed.isEmpty else { throw error }
            return .conflict(failed)
        }
    }

    private func part(_ write: TableWrite) -> JSONValue {
        var expression = TableExpression()
        var body: JSONValue = ["TableName": .string(self.table)]
        let name: String
        switch write.action {
        case .put(let fields):
            name = "Put"
            body["Item"] = TableJSON.item(write.key, fields)
        case .update(let set, let add):
            name = "Update"
            body["Key"] = TableJSON.key(write.key)
            let update = expression.update(set: set, add: add)
            if !update.isEmpty { body["UpdateExpression"] = .string(update) }
        case .delete:
            name = "Delete"
            body["Key"] = TableJSON.key(write.key)
        case .check:
            name = "ConditionCheck"
            body["Key"] = TableJSON.key(write.key)
        }
        if let condition = write.condition {
            body["ConditionExpression"] = .string(expression.condition(condition))
        }
        expression.complete(&body)
        return .object([name: body])
    }

    private func call(_ action: String, _ body: JSONValue) async throws -> JSONValue {
        var body = body
        if action != "TransactWriteItems" { body["TableName"] = .string(self.table) }
        return try await self.client.call(
            .dynamoDB,
            action: action,
            body: body,
            region: self.region,
            deadline: self.deadline
        )
    }
}
