import AWSClient
import ArgumentParser

/// How a command writes what it found.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// Aligned columns.
    case table
    /// Aligned columns, and more of them.
    case wide
    /// The control plane's own document.
    case json
    /// The same as YAML.
    case yaml

    /// Takes istioctl's `short` for `table`.
    init?(argument: String) {
        self.init(rawValue: argument == "short" ? Self.table.rawValue : argument)
    }
}

/// The flag `-o`, the same for all commands that list something.
struct OutputOptions: ParsableArguments, Sendable {
    @Option(name: [.short, .long], help: "How the result is written.")
    var output: OutputFormat = .table

    /// The document as JSON or YAML, or what `table` makes for people.
    func text(_ document: @autoclosure () -> JSONValue, table: (_ isWide: Bool) -> String) -> String {
        switch self.output {
        case .table: table(false)
        case .wide: table(true)
        case .json: document().text(.indented(2))
        case .yaml: YAMLText.document(document())
        }
    }
}
