/// How a service wants its requests signed.
package struct SigningOptions: Sendable, Hashable {
    /// Whether `.`, `..` and repeated slashes are taken out of the path; every service but S3.
    package var normalizesPath = true
    /// Whether `%` in the path, as sent on the wire, is encoded once more; every service but S3.
    package var encodesPathTwice = true
    /// Whether the payload's hash goes out as `X-Amz-Content-SHA256` too; S3 asks for it.
    package var addsContentHashHeader = false
    /// Whether the session token is part of what is signed; the few services that want it outside say so.
    package var signsSessionToken = true

    /// The rules of every service but S3.
    package static let standard = SigningOptions()

    /// The rules of S3.
    package static let s3: SigningOptions = {
        var options = SigningOptions()
        options.normalizesPath = false
        options.encodesPathTwice = false
        options.addsContentHashHeader = true
        return options
    }()

    /// Starts from the rules of every service but S3.
    package init() {}
}
