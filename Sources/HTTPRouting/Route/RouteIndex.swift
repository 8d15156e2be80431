/// Finds the first entry of a route table whose conditions a request passes, looking at few of them.
struct RouteIndex: Sendable {
    private let conditions: [RouteConditions]
    /// Paths as they are.
    private var tree = PathTree()
    /// Paths of entries that ignore case, in lower case.
    private var foldedTree = PathTree()
    private let lists: [CandidateList]
    /// The list of the entries without a condition on the path; nil for none.
    private let anywhere: Int?
    /// Whether an entry's condition on the path is still to be asked once its list is found.
    private let asksPath: [Bool]

    init(_ conditions: [RouteConditions]) {
        self.conditions = conditions
        var entries: [[Int32]] = []
        var anywhere: [Int32] = []
        var asksPath: [Bool] = []
        for (number, entry) in conditions.enumerated() {
            asksPath.append(entry.path.isPattern)
            guard let place = entry.path.place else {
                anywhere.append(Int32(truncatingIfNeeded: number))
                continue
            }
            let make: () -> Int32 = {
                entries.append([])
                return Int32(truncatingIfNeeded: entries.count - 1)
            }
            let list =
                place.ignoresCase
                ? self.foldedTree.list(at: place.bytes, kind: place.kind, make: make)
                : self.tree.list(at: place.bytes, kind: place.kind, make: make)
            entries[Int(list)].append(Int32(truncatingIfNeeded: number))
        }
        self.asksPath = asksPath
        self.anywhere = anywhere.isEmpty ? nil : entries.count
        if !anywhere.isEmpty { entries.append(anywhere) }
        self.lists = entries.map { CandidateList($0, conditions: conditions) }
    }

    /// The number of the first entry that a request passes; nil without one.
    ///
    /// - Parameter looks: grows by each entry that is looked at.
    func first(for request: borrowing RequestView, looks: inout Int) -> Int? {
        let none = Int32(truncatingIfNeeded: self.conditions.count)
        let path = request.path.utf8.span
        var best = none
        if !self.tree.isEmpty {
            self.tree.walk(path, ignoringCase: false) { list in
                best = self.search(Int(list), before: best, for: request, looks: &looks)
            }
        }
        if !self.foldedTree.isEmpty {
            self.foldedTree.walk(path, ignoringCase: true) { list in
                best = self.search(Int(list), before: best, for: request, looks: &looks)
            }
        }
        if let anywhere = self.anywhere {
            best = self.search(anywhere, before: best, for: request, looks: &looks)
        }
        return best == none ? nil : Int(best)
    }

    @inline(__always)
    private func search(
        _ list: Int,
        before limit: Int32,
        for request: borrowing RequestView,
        looks: inout Int
    ) -> Int32 {
        self.lists[list].first(before: limit, for: request) { entry in
            looks += 1
            return self.asksPath[Int(entry)]
                ? self.conditions[Int(entry)].hold(for: request)
                : self.conditions[Int(entry)].holdBesidesPath(for: request)
        }
    }
}

extension PathCondition {
    /// Where an entry stands in the tree of paths; nil for any path. Patterns stand where their literal beginning is.
    fileprivate var place: (bytes: [UInt8], kind: PathTree.Kind, ignoresCase: Bool)? {
        switch self {
        case .any: nil
        case .exact(let bytes, let ignoresCase): (bytes, .exact, ignoresCase)
        case .segments(let bytes, let ignoresCase): (bytes, .segments, ignoresCase)
        case .text(let bytes, let ignoresCase): (bytes, .text, ignoresCase)
        case .regex(let pattern): (pattern.literalPrefix, .text, false)
        }
    }

    fileprivate var isPattern: Bool {
        if case .regex = self { true } else { false }
    }
}
