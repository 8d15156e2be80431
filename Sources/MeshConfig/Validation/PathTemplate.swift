/// The paths of AuthorizationPolicy: exact, prefix, suffix, `*`, or a template with `{*}` (one segment) and `{**}`
/// (anything).
enum PathTemplate {
    /// What is wrong with a path; nil for nothing.
    static func fault(in text: String) -> String? {
        guard text.contains("{") || text.contains("}") else { return self.plainFault(in: text) }
        guard text.hasPrefix("/") else { return "\(Quoted(text)) must begin with '/'" }
        var hasRest = false
        for segment in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            switch segment {
            case "{*}", "{**}":
                if hasRest { return "\(Quoted(text)): nothing but plain segments may follow {**}" }
                hasRest = segment == "{**}"
            case let segment where segment.contains { "{}*".contains($0) }:
                return "\(Quoted(text)): {*} and {**} must be whole segments, and '*' can't stand beside them"
            default: continue
            }
        }
        return nil
    }

    private static func plainFault(in text: String) -> String? {
        guard text.utf8.count > 1, text.dropFirst().dropLast().contains("*") || text == "**" else { return nil }
        return "\(Quoted(text)) has '*' in the middle; write {*} for one segment or {**} for any number"
    }
}
