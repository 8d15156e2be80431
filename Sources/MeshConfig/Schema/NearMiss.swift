/// Finds the word that somebody who wrote another one may have meant.
package enum NearMiss {
    /// The nearest word: at most two letters changed, left out or added (one in words of three), or another case.
    package static func of(_ text: String, in words: [String]) -> String? {
        guard (2...64).contains(text.utf8.count) else { return nil }
        let lower = text.lowercased()
        if let same = words.first(where: { $0.lowercased() == lower }) { return same }
        let allowed = text.utf8.count <= 3 ? 1 : 2
        let near = words.map { (word: $0, distance: self.distance(lower, $0.lowercased())) }
        return near.filter { $0.distance <= allowed }.min { $0.distance < $1.distance }?.word
    }

    /// Levenshtein's distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8.prefix(64))
        var row = Array(0...right.count)
        for (index, byte) in left.utf8.prefix(64).enumerated() {
            var next = [index + 1]
            for (column, other) in right.enumerated() {
                let replaced = row[column] + (byte == other ? 0 : 1)
                next.append(min(replaced, row[column + 1] + 1, next[column] + 1))
            }
            row = next
        }
        return row.last ?? 0
    }
}
