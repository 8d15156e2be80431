import AWSTestSupport
import Foundation
import Logging
import Testing

@testable import AWSClient

struct TableClientTests {
    private static func client(_ fake: FakeAWS) throws -> TableClient {
        let client = AWSClient(try AWSConfiguration.test(), transport: fake, logger: Logger(label: "test"))
        return TableClient(client: client, table: "mesh", region: "eu-west-1")
    }

    private static func cancelled(_ reasons: [String]) -> TransportResponse {
        let reasons = reasons.map { reason -> JSONValue in ["Code": .string(reason)] }
        return .json(
            [
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "cancelled",
                "CancellationReasons": .array(reasons),
            ],
            status: 400
        )
    }

    @Test
    func readsAnItemAsItWasLastWritten() async throws {
        let fake = FakeAWS { request in
            request.repetition == 0
                ? .json([
                    "Item": [
                        "pk": ["S": "p"], "sk": ["S": "s"], "text": ["S": "t"], "count": ["N": "-7"],
                        "half": ["N": "0.5"], "raw": ["B": "AAE="], "list": ["SS": ["a"]],
                    ]
                ]) : .json([:])
        }
        let client = try Self.client(fake)
        let item = try await client.get(TableKey("p", "s"))
        let fields: [String: TableValue] = ["text": .string("t"), "count": .number(-7), "raw": .bytes([0, 1])]
        #expect(item == TableItem(TableKey("p", "s"), fields))
        #expect(try await client.get(TableKey("p", "s")) == nil)
        let sent = try #require(fake.requests.first)
        #expect(sent.header("X-Amz-Target") == "DynamoDB_20120810.GetItem")
        #expect(sent.header("Content-Type") == "application/x-amz-json-1.0")
        #expect(sent.header("Authorization")?.contains("/eu-west-1/dynamodb/aws4_request") == true)
        let expected: JSONValue = [
            "Key": ["pk": ["S": "p"], "sk": ["S": "s"]], "ConsistentRead": true, "TableName": "mesh",
        ]
        #expect(sent.body == expected)
    }

    @Test
    func followsPagesUpToTheLimit() async throws {
        let fake = FakeAWS { request in
            let first = request.repetition * 2
            let items = (first..<first + 2).map { index -> JSONValue in
                ["pk": ["S": "p"], "sk": ["S": .string("\(index)")]]
            }
            return .json(["Items": .array(items), "LastEvaluatedKey": ["sk": ["S": .string("\(first + 1)")]]])
        }
        let items = try await Self.client(fake).items(in: "p", after: "!", limit: 5)
        #expect(items.map(\.key.sort) == ["0", "1", "2", "3", "4"])
        #expect(fake.requests.map { $0.body["Limit"]?.int } == [5, 3, 1])
        #expect(fake.requests[1].body["ExclusiveStartKey"] == ["sk": ["S": "1"]])
        #expect(fake.requests[0].body["KeyConditionExpression"] == "#n0 = :v0 AND #n1 > :v1")
        #expect(fake.requests[0].body["ExpressionAttributeValues"] == [":v0": ["S": "p"], ":v1": ["S": "!"]])
    }

    @Test
    func aListInACircleIsAnError() async throws {
        let fake = FakeAWS { _ in .json(["Items": [], "LastEvaluatedKey": ["sk": ["S": "same"]]]) }
        let error = await #expect(throws: AWSError.self) { try await Self.client(fake).items(in: "p", limit: 5) }
        #expect(error?.code == AWSError.Code.endlessPages && fake.requests.count == 2)
    }

    @Test
    func writesAllPartsWithTheirConditions() async throws {
        let fake = FakeAWS { _ in .json([:]) }
        let outcome = try await Self.client(fake).write([
            .put(TableItem(TableKey("p", "a"), ["x": .number(1)]), if: .absent),
            .update(
                TableKey("p", "b"),
                set: ["y": .string("z")],
                add: ["n": 2],
                if: .equal(["h": .string("me"), "n": .number(3)])
            ),
            .delete(TableKey("p", "c"), if: .present),
            .check(TableKey("p", "d"), .equal([:])),
        ])
        #expect(outcome == .done)
        let parts = try #require(fake.requests.first?.body["TransactItems"]?.array)
        let put: JSONValue = [
            "Put": [
                "TableName": "mesh", "Item": ["pk": ["S": "p"], "sk": ["S": "a"], "x": ["N": "1"]],
                "ConditionExpression": "attribute_not_exists(#n0)", "ExpressionAttributeNames": ["#n0": "pk"],
            ]
        ]
        #expect(parts[0] == put)
        let update = try #require(parts[1]["Update"])
        #expect(update["UpdateExpression"] == "SET #n0 = :v0 ADD #n1 :v1")
        #expect(update["ConditionExpression"] == "#n2 = :v2 AND #n3 = :v3")
        let values: JSONValue = [":v0": ["S": "z"], ":v1": ["N": "2"], ":v2": ["S": "me"], ":v3": ["N": "3"]]
        #expect(update["ExpressionAttributeValues"] == values)
        #expect(parts[2]["Delete"]?["ConditionExpression"] == "attribute_exists(#n0)")
        #expect(parts[3]["ConditionCheck"]?["ConditionExpression"] == "attribute_exists(#n0)")
    }

    @Test
    func saysWhoseConditionsFailed() async throws {
        let fake = FakeAWS { _ in Self.cancelled(["None", "ConditionalCheckFailed", "TransactionConflict"]) }
        let write = TableWrite.delete(TableKey("p", "a"))
        #expect(try await Self.client(fake).write([write, write, write]) == .conflict([1]))
        #expect(fake.requests.count == 1)
    }

    @Test
    func aRepetitionIsTheSameTransaction() async throws {
        let fake = FakeAWS { request in
            switch request.repetition {
            case 0: throw TransportError.failed("gone")
            case 1: Self.cancelled(["TransactionConflict"])
            case 2: Self.cancelled(["ThrottlingError"])
            default: .json([:])
            }
        }
        let client = try Self.client(fake)
        #expect(try await client.write([.delete(TableKey("p", "a"))]) == .done)
        let tokens = fake.requests.map { $0.body["ClientRequestToken"]?.string }
        #expect(tokens.count == 4 && Set(tokens).count == 1)
        _ = try await client.write([.delete(TableKey("p", "a"))])
        #expect(fake.requests.last?.body["ClientRequestToken"]?.string != tokens[0])
    }

    @Test(arguments: ["ResourceNotFoundException", "ValidationException"])
    func otherRefusalsAreErrors(_ code: String) async throws {
        let fake = FakeAWS { _ in .error(code) }
        let error = await #expect(throws: AWSError.self) {
            try await Self.client(fake).write([.delete(TableKey("p", "a"))])
        }
        #expect(error?.code == code && fake.requests.count == 1)
    }
}
