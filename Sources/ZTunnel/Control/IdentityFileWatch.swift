import TunnelEngine

/// Tells when the files of a certificate have changed and come to rest.
///
/// Confined to the control loop.
final class IdentityFileWatch {
    private let loop: EventLoop
    private let files: IdentityFiles
    private let onChange: () -> Void
    /// What the last report was for.
    private var known: [FileStamp?]
    /// What the look before this one saw.
    private var seen: [FileStamp?]
    private lazy var alarm = LoopAlarm(loop: self.loop)

    /// How often the files are looked at.
    private static let milliseconds: UInt64 = 500

    /// Remembers how the files are now.
    init(loop: EventLoop, files: IdentityFiles, onChange: @escaping () -> Void) {
        self.loop = loop
        self.files = files
        self.onChange = onChange
        self.known = Self.stamps(files)
        self.seen = self.known
    }

    /// Begins to watch.
    func start() {
        self.alarm.set(after: Self.milliseconds) { [weak self] in
            self?.look()
            self?.start()
        }
    }

    private func look() {
        let stamps = Self.stamps(self.files)
        // The files change one after the other: wait until two looks agree.
        let isSteady = stamps == self.seen
        self.seen = stamps
        guard isSteady, stamps != self.known else { return }
        self.known = stamps
        self.onChange()
    }

    private static func stamps(_ files: IdentityFiles) -> [FileStamp?] {
        [files.certificates, files.key, files.roots].map { FileStamp($0) }
    }
}
