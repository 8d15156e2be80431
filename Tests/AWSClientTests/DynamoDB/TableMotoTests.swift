import AWSTestSupport
import Foundation
import Logging
import Testing

@testable import AWSClient

/// The calls against moto's DynamoDB, which keeps conditions and transactions but knows no tokens of requests.
@Suite(.enabled(if: MotoServer.isInstalled, "moto_server is not installed"))
struct TableMotoTests {
    @Test
    func aTransactionIsMadeWholeOrNotAtAll() async throws {
        let moto = try await MotoServer.running()
        let client = AWSClient(try .test(["AWS_ENDPOINT_URL": moto.url]), logger: Logger(label: "test"))
        let name = "mesh-\(UUID().uuidString)"
        let key: (String, String) -> JSONValue = { ["AttributeName": .string($0), "KeyType": .string($1)] }
        let text: (String) -> JSONValue = { ["AttributeName": .string($0), "AttributeType": "S"] }
        _ = try await client.call(
            .dynamoDB,
            action: "CreateTable",
            body: [
                "TableName": .string(name), "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
                "AttributeDefinitions": [text("pk"), text("sk")], "BillingMode": "PAY_PER_REQUEST",
            ]
        )
        let table = TableClient(client: client, table: name)
        let head = TableKey("head", "config")
        let one = TableItem(TableKey("config", "a"), ["text": .string("kind: A\n\"ü\""), "raw": .bytes([0, 255])])
        #expect(
            try await table.write([
                .update(head, add: ["revision": 1], if: .absent), .put(one, if: .absent),
                .put(TableItem(TableKey("config", "b"))),
            ]) == .done
        )
        #expect(try await table.get(one.key) == one)
        #expect(try await table.get(head)?["revision"] == .number(1))
        let late = TableWrite.update(head, add: ["revision": 1], if: .equal(["revision": .number(0)]))
        #expect(try await table.write([late, .delete(one.key)]) == .conflict([0]))
        #expect(try await table.get(one.key) == one)
        #expect(
            try await table.write([
                .check(head, .equal(["revision": .number(1)])), .delete(one.key, if: .present),
                .update(TableKey("config", "b"), set: ["text": .string("b")], if: .present),
            ]) == .done
        )
        #expect(try await table.items(in: "config", limit: 10).map(\.fields) == [["text": .string("b")]])
        #expect(try await table.items(in: "config", after: "b", limit: 10).isEmpty)
        await client.shutdown()
    }
}
