/// The pages of a list, fetched as they are asked for.
///
/// Ends with an `AWSError` when a token comes back twice in a row or there are more pages than the limit.
package struct AWSPages: AsyncSequence, Sendable {
    /// One page: the whole answer.
    package typealias Element = JSONValue

    let client: AWSClient
    let service: AWSService
    let action: String
    let body: JSONValue
    let region: String?

    /// Walks the pages once.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let pages: AWSPages
        var token: String?
        var fetched = 0
        var isDone = false

        package mutating func next() async throws -> JSONValue? {
            guard !self.isDone else { return nil }
            guard self.fetched < self.pages.client.executor.limits.pages else { throw self.pages.endless }
            var body = self.pages.body
            if let token = self.token { body["nextToken"] = .string(token) }
            let page = try await self.pages.client.call(
                self.pages.service,
                action: self.pages.action,
                body: body,
                region: self.pages.region
            )
            self.fetched += 1
            let next = page["nextToken"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            if next != nil, next == self.token { throw self.pages.endless }
            self.token = next
            self.isDone = next == nil
            return page
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages: self) }

    /// The strings under one name, of all pages.
    package func strings(_ name: String) async throws -> [String] {
        var strings: [String] = []
        for try await page in self {
            strings.append(contentsOf: page[name]?.strings ?? [])
        }
        return strings
    }

    private var endless: AWSError {
        AWSError(
            service: self.service.name,
            action: self.action,
            code: AWSError.Code.endlessPages,
            message: "the list does not end",
            kind: .server
        )
    }
}
