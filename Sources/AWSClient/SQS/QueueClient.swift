import AWSSignature

/// One queue of Simple Queue Service. All calls throw `AWSError`.
package struct QueueClient: Sendable {
    /// One delivery of a message.
    package struct Message: Sendable, Hashable {
        /// Its text.
        package var body: String
        /// What deletes it; of this delivery alone.
        package var receipt: String
    }

    private let client: AWSClient
    private let url: String
    private let region: String

    /// The most messages that one call takes or deletes; SQS's own limit.
    package static let batch = 10
    /// The longest that a call waits for a message, in seconds; below the client's deadline of an attempt.
    private static let wait = 10

    /// - Parameters:
    ///   - client: whose credentials may receive and delete.
    ///   - url: the queue's URL, which names it; where it is reached follows from the region as for all services.
    ///   - region: the queue's.
    package init(client: AWSClient, url: String, region: String) {
        self.client = client
        self.url = url
        self.region = region
    }

    /// Waits up to 10 s for messages.
    ///
    /// - Returns: at most 10, in no order; those without text or receipt are left out.
    package func receive() async throws -> [Message] {
        let answer = try await self.client.query(
            .sqs,
            action: "ReceiveMessage",
            parameters: [
                QueryItem("QueueUrl", self.url), QueryItem("MaxNumberOfMessages", String(Self.batch)),
                QueryItem("WaitTimeSeconds", String(Self.wait)),
            ],
            region: self.region
        )
        return (answer.only("ReceiveMessageResult")?.all("Message") ?? []).compactMap { message in
            guard let body = message.only("Body")?.text, let receipt = message.only("ReceiptHandle")?.text else {
                return nil
            }
            return Message(body: body, receipt: receipt)
        }
    }

    /// Deletes deliveries, at most 10 a call. One that SQS does not take comes again, which does no harm.
    package func delete(_ messages: [Message]) async throws {
        for start in stride(from: 0, to: messages.count, by: Self.batch) {
            var parameters = [QueryItem("QueueUrl", self.url)]
            for (index, message) in messages[start...].prefix(Self.batch).enumerated() {
                let entry = "DeleteMessageBatchRequestEntry.\(index + 1)"
                parameters.append(QueryItem("\(entry).Id", "m\(index)"))
                parameters.append(QueryItem("\(entry).ReceiptHandle", message.receipt))
            }
            _ = try await self.client.query(
                .sqs,
                action: "DeleteMessageBatch",
                parameters: parameters,
                region: self.region
            )
        }
    }
}
