/// What keeps an authority going that hangs on a service of AWS.
package protocol AuthorityKeeping: Sendable {
    /// Renews in good time, until cancelled. Failures are logged and tried again; what signed before goes on.
    func run() async
}
