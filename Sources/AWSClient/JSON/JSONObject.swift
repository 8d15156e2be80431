/// The members of a JSON object in the order they were written; a name occurs once.
///
/// Names are the same when their bytes are. Swift's own equality would take `é` of one scalar and of two for one name, and
/// lose a member.
package struct JSONObject: Sendable, Hashable, Sequence, ExpressibleByDictionaryLiteral {
    /// A name with its value.
    package typealias Member = (name: String, value: JSONValue)

    private var storage: [Entry] = []

    private struct Entry: Sendable, Hashable {
        var name: String
        var value: JSONValue

        func isNamed(_ other: String) -> Bool {
            // The comparison of strings comes first as it is fast, and wider than that of bytes.
            self.name == other && self.name.utf8.elementsEqual(other.utf8)
        }
    }

    /// No members.
    package init() {}

    /// Members in this order; of a name that comes twice the last value stays, at the first place.
    package init(_ members: some Sequence<Member>) {
        for member in members {
            self[member.name] = member.value
        }
    }

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (name, value) in elements {
            self[name] = value
        }
    }

    /// The value of a name. Setting keeps the member's place or adds one at the end; setting `nil` removes it.
    package subscript(name: String) -> JSONValue? {
        get { self.storage.first { $0.isNamed(name) }?.value }
        set {
            let index = self.storage.firstIndex { $0.isNamed(name) }
            switch (index, newValue) {
            case (let index?, let value?): self.storage[index].value = value
            case (let index?, nil): self.storage.remove(at: index)
            case (nil, let value?): self.storage.append(Entry(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a member whose name the caller knows to be new.
    mutating func append(_ name: String, _ value: JSONValue) {
        self.storage.append(Entry(name: name, value: value))
    }

    /// The names in order.
    package var names: [String] { self.storage.map(\.name) }

    /// How many members there are.
    package var count: Int { self.storage.count }

    /// Whether there are none.
    package var isEmpty: Bool { self.storage.isEmpty }

    package func makeIterator() -> AnyIterator<Member> {
        var iterator = self.storage.makeIterator()
        return AnyIterator { iterator.next().map { ($0.name, $0.value) } }
    }
}
