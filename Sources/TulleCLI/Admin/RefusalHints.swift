/// What to do next after a refusal of the control plane, by its code (docs/errors.md).
enum RefusalHints {
    /// Nil for codes whose message says all there is.
    static func hint(for code: String) -> String? {
        switch code {
        case "unauthenticated": "pass --cert and --key: a certificate of this mesh, and its private key"
        case "forbidden":
            "show a certificate that may (--cert and --key), or ask on tulled's own host; its setting admin.identities "
                + "names who may write"
        case "foreign_host": "let --control-plane name tulled's host by its address, or by a name of its certificate"
        case "not_found": "check kind, name and -n; 'tulle get all -A' lists what is declared"
        case "conflict": "look at what is there now, and run this again"
        case "too_large": "give it in several files"
        case "unsupported_media_type", "method_not_allowed":
            "are tulle and tulled of one version? 'tulle version' says so"
        case "not_provided": "this control plane is set up without it; its settings are in docs/tulled-settings.md"
        case "unavailable": "wait a moment and run this again; 'tulle status' says what tulled waits for"
        case "failed": "tulled's log says more"
        default: nil
        }
    }
}
