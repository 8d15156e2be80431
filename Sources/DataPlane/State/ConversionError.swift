/// Why a resource of the control plane is not taken over: which field, what it holds, what would be allowed.
///
/// The text goes into the NACK. Values are cut, as they come from outside.
struct ConversionError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ field: String, _ value: some Any, allowed: String) {
        self.description = "\(field) is \(String(describing: value).prefix(200)); \(allowed)"
    }
}
