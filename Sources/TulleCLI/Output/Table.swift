/// Columns of text, aligned for reading.
struct Table {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: [String]) {
        self.header = header
    }

    /// Adds a row; what is missing is left empty, what is too much is left out. Cells may be text of others.
    mutating func add(_ row: [String]) {
        let cells = row.prefix(self.header.count).map { PlainLine.text($0) }
        self.rows.append(cells + Array(repeating: "", count: self.header.count - cells.count))
    }

    /// One line a row, two spaces between columns, nothing at the end of lines.
    var text: String {
        let lines = [self.header] + self.rows
        let widths = self.header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
        .joined(separator: "\n")
    }
}
