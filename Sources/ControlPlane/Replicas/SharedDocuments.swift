import AWSClient
package import MeshConfig

/// What was applied by the admin API, as the table has it: an item `config`/<kind>/<namespace>/<name> for each document,
/// and `head`/`config`, whose revision every change raises, and which names the documents of the last ones. All calls
/// throw `AWSError`.
package struct SharedDocuments: Sendable {
    /// One document.
    package struct Document: Sendable, Hashable {
        /// Its YAML or JSON.
        package var text: String
        /// When it was first applied, in seconds since 1970.
        package var created: Int64
        /// The revision that changed it last.
        package var version: Int64

        /// Makes a document.
        package init(text: String, created: Int64, version: Int64) {
            self.text = text
            self.created = created
            self.version = version
        }
    }

    /// All documents at one revision.
    package struct Contents: Sendable, Hashable {
        /// Grows with each change; 0 while nothing was ever applied.
        package var revision: Int64 = 0
        /// The documents by key.
        package var documents: [ResourceKey: Document] = [:]
        /// Which documents the last changes were of, the newest last.
        var recent = RecentChanges()

        /// Nothing applied.
        package init() {}
    }

    /// A change of one document; nil removes it.
    package typealias Changes = [ResourceKey: Document?]

    /// The most bytes of one document: DynamoDB's items have at most 400 KB, names and keys counted.
    package static let documentBytes = 390_000
    /// The most documents; no directory holds more files.
    package static let documents = 10_000
    /// The most documents, and bytes of them, of one change: DynamoDB's transactions have at most 100 writes and 4 MB.
    package static let batch = (documents: 90, bytes: 3_000_000)

    /// So many changed documents are read one by one; where there are more, all are read.
    private static let single = 20
    private static let head = TableKey("head", "config")
    private let table: any ReplicaTable

    /// Documents of a table.
    package init(table: any ReplicaTable) {
        self.table = table
    }

    /// The revision now; 0 while nothing was ever applied.
    package func revision() async throws -> Int64 {
        try await self.table.get(Self.head)?["revision"]?.number ?? 0
    }

    /// Reads what is new since a state that is known, or all of it. What is written meanwhile may be seen in part; the
    /// revision is then older than that, so that the next look finds another one.
    package func read(after known: Contents? = nil) async throws -> Contents {
        let head = try await self.table.get(Self.head)
        let revision = head?["revision"]?.number ?? 0
        guard revision > 0 else { return Contents() }
        let recent = RecentChanges(head?["recent"]?.string ?? "", since: head?["since"]?.number ?? revision)
        if var contents = known, let keys = recent.keys(after: contents.revision), keys.count <= Self.single {
            for key in keys {
                let item = try await self.table.get(TableKey("config", key))
                guard let resource = ResourceKey(text: key) else { continue }
                contents.documents[resource] = item.flatMap(Document.init)
            }
            (contents.revision, contents.recent) = (revision, recent)
            return contents
        }
        var contents = try await self.readAll()
        (contents.revision, contents.recent) = (revision, recent)
        return contents
    }

    private func readAll() async throws -> Contents {
        var contents = Contents()
        let items = try await self.table.items(in: "config", after: nil, limit: Self.documents + 1)
        guard items.count <= Self.documents else {
            throw AWSError(
                service: "dynamodb",
                action: "Query",
                code: "TooManyDocuments",
                message: "the table has more than \(Self.documents) documents of configuration",
                kind: .invalid
            )
        }
        // What is not ours is left alone.
        for item in items {
            if let key = ResourceKey(text: item.key.sort) { contents.documents[key] = Document(item) }
        }
        return contents
    }

    /// Makes changes as one, provided that nobody made another one since the revision.
    ///
    /// - Parameters:
    ///   - changes: at most as `batch` says.
    ///   - known: what they were worked out over.
    /// - Returns: what there is after them; nil when they were not made.
    package func write(_ changes: Changes, over known: Contents) async throws -> Contents? {
        let revision = known.revision
        var after = known
        after.revision += 1
        after.recent.add(changes.keys.map(\.description).sorted(), at: after.revision)
        for (key, document) in changes { after.documents[key] = document }
        let head: [String: TableValue] = [
            "revision": .number(after.revision), "recent": .string(after.recent.text),
            "since": .number(after.recent.since),
        ]
        var writes = [
            TableWrite.put(
                TableItem(Self.head, head),
                if: revision == 0 ? .absent : .equal(["revision": .number(revision)])
            )
        ]
        for (key, document) in changes.sorted(by: { $0.key < $1.key }) {
            let key = TableKey("config", key.description)
            guard let document else {
                writes.append(.delete(key))
                continue
            }
            let fields: [String: TableValue] = [
                "text": .string(document.text), "created": .number(document.created),
                "version": .number(document.version),
            ]
            writes.append(.put(TableItem(key, fields)))
        }
        return try await self.table.write(writes) == .done ? after : nil
    }
}

extension SharedDocuments.Document {
    /// Reads an item of the table; nil for one without a text.
    fileprivate init?(_ item: TableItem) {
        guard let text = item["text"]?.string else { return nil }
        self.init(text: text, created: item["created"]?.number ?? 0, version: item["version"]?.number ?? 0)
    }
}
