/// Lists of entries by the paths that lead to them: a radix tree, so that a look-up walks the request's path once,
/// however many entries there are.
struct PathTree: Sendable {
    /// How far a path must go along with a place of the tree.
    enum Kind: Sendable { case exact, segments, text }

    /// What stands at a place: numbers of lists, -1 for none.
    struct Lists: Sendable {
        var exact: Int32 = -1
        var segments: Int32 = -1
        var text: Int32 = -1

        subscript(kind: Kind) -> Int32 {
            get {
                switch kind {
                case .exact: self.exact
                case .segments: self.segments
                case .text: self.text
                }
            }
            set {
                switch kind {
                case .exact: self.exact = newValue
                case .segments: self.segments = newValue
                case .text: self.text = newValue
                }
            }
        }
    }

    private struct Node: Sendable {
        /// Where the bytes that lead here from the node above stand in `labels`.
        var label: Range<Int>
        var lists = Lists()
        /// First bytes of the children's labels, in rising order, and the children.
        var keys: [UInt8] = []
        var children: [Int32] = []
    }

    private var nodes = [Node(label: 0..<0)]
    /// The bytes of all nodes.
    private var labels: [UInt8] = []

    /// Whether no path leads to anything.
    private(set) var isEmpty = true

    /// The list at a path; `make` gives its number where there is none yet.
    mutating func list(at path: [UInt8], kind: Kind, make: () -> Int32) -> Int32 {
        let node = self.node(at: path)
        self.isEmpty = false
        if self.nodes[node].lists[kind] < 0 { self.nodes[node].lists[kind] = make() }
        return self.nodes[node].lists[kind]
    }

    /// The node at a path, made where there is none.
    private mutating func node(at path: [UInt8]) -> Int {
        var node = 0
        var rest = path[...]
        while let first = rest.first {
            guard let place = self.nodes[node].keys.firstIndex(of: first) else { return self.append(rest, below: node) }
            let child = Int(self.nodes[node].children[place])
            let label = self.labels[self.nodes[child].label]
            let common = zip(label, rest).prefix { $0 == $1 }.count
            if common < label.count { self.split(child, at: common) }
            rest = rest.dropFirst(common)
            node = child
        }
        return node
    }

    private mutating func append(_ label: ArraySlice<UInt8>, below node: Int) -> Int {
        let start = self.labels.count
        self.labels += label
        self.nodes.append(Node(label: start..<self.labels.count))
        let first = self.labels[start]
        let place = self.nodes[node].keys.firstIndex { $0 > first } ?? self.nodes[node].keys.count
        self.nodes[node].keys.insert(first, at: place)
        self.nodes[node].children.insert(Int32(truncatingIfNeeded: self.nodes.count - 1), at: place)
        return self.nodes.count - 1
    }

    /// Makes a node of the first part of a label, with the rest and all that was there below it.
    private mutating func split(_ node: Int, at place: Int) {
        var lower = self.nodes[node]
        let middle = lower.label.lowerBound + place
        var upper = Node(label: lower.label.lowerBound..<middle)
        lower.label = middle..<lower.label.upperBound
        upper.keys = [self.labels[middle]]
        upper.children = [Int32(truncatingIfNeeded: self.nodes.count)]
        self.nodes[node] = upper
        self.nodes.append(lower)
    }

    /// Calls `visit` with each list that a path leads to.
    @inline(__always)
    func walk(_ path: Span<UInt8>, ignoringCase: Bool, visit: (Int32) -> Void) {
        var node = 0
        var position = 0
        while true {
            let lists = self.nodes[node].lists
            if lists.text >= 0 { visit(lists.text) }
            if position == path.count {
                if lists.exact >= 0 { visit(lists.exact) }
                if lists.segments >= 0, position > 0 { visit(lists.segments) }
                return
            }
            if lists.segments >= 0, path[position] == UInt8(ascii: "/") { visit(lists.segments) }
            let byte = ignoringCase ? path[position].asciiLowercased : path[position]
            guard let place = self.place(of: byte, in: node) else { return }
            let child = Int(self.nodes[node].children[place])
            guard let end = self.end(of: child, in: path, at: position, ignoringCase) else { return }
            position = end
            node = child
        }
    }

    /// Where a node's label ends in a path; nil where it does not stand there.
    @inline(__always)
    private func end(of node: Int, in path: Span<UInt8>, at start: Int, _ ignoringCase: Bool) -> Int? {
        let label = self.nodes[node].label
        guard path.count - start >= label.count else { return nil }
        var position = start
        for place in label {
            let byte = ignoringCase ? path[position].asciiLowercased : path[position]
            guard byte == self.labels[place] else { return nil }
            position += 1
        }
        return position
    }

    @inline(__always)
    private func place(of byte: UInt8, in node: Int) -> Int? {
        var low = 0
        var high = self.nodes[node].keys.count
        while low < high {
            let middle = (low + high) / 2
            if self.nodes[node].keys[middle] < byte { low = middle + 1 } else { high = middle }
        }
        return low < self.nodes[node].keys.count && self.nodes[node].keys[low] == byte ? low : nil
    }
}
