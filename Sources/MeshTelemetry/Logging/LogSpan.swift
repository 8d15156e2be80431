/// What a line belongs to, such as one connection: its name and the facts that tell it from others.
///
/// Plain lines show it behind the scope, `inbound:inbound{id="4bf9…"}`; JSON lines as an object of its name.
package struct LogSpan: Sendable {
    /// The name, such as `outbound`.
    package let name: StaticString
    /// The facts.
    package let fields: [LogField]

    /// Joins the two.
    package init(_ name: StaticString, _ fields: [LogField]) {
        self.name = name
        self.fields = fields
    }
}
