/// The general categories of Unicode, by the names that `\p{…}` takes.
enum UnicodeCategories {
    private static let names: [(name: String, category: Unicode.GeneralCategory)] = [
        ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
        ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
        ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
        ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation), ("Pi", .initialPunctuation),
        ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
        ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
        ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Co", .privateUse),
    ]

    /// The categories of a name of one letter (all that begin with it) or two; nil for a name that Unicode has not.
    static func named(_ name: String) -> Set<Unicode.GeneralCategory>? {
        let found = Self.names.filter { $0.name == name || (name.utf8.count == 1 && $0.name.hasPrefix(name)) }
        return found.isEmpty ? nil : Set(found.map(\.category))
    }

    /// Every scalar of some categories. Looks at all of Unicode once, in some milliseconds, when a pattern is read.
    static func scalars(in categories: Set<Unicode.GeneralCategory>) -> ScalarSet {
        let wanted = Self.table.filter { categories.contains($0.category) }
        return ScalarSet(union: wanted.map(\.range))
    }

    /// Runs of scalars of one category, in order. Read once in a process, when the first pattern names a category.
    private static let table: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = {
        var runs: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = []
        for value in UInt32(0)...ScalarSet.last {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let category = scalar.properties.generalCategory
            if let run = runs.last, run.category == category, run.range.upperBound + 1 == value {
                runs[runs.count - 1].range = run.range.lowerBound...value
            } else {
                runs.append((value...value, category))
            }
        }
        return runs
    }()
}
