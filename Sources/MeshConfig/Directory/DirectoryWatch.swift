import Glibc

/// Says when something changes in folders: Linux' inotify(7).
///
/// It never says what changed, only that a new look is needed: a full queue or a lost watch then costs nothing but that.
struct DirectoryWatch {
    /// inotify's descriptor, or -1 where the kernel has none left.
    private let descriptor: Int32
    private var folders: [String: Int32] = [:]
    private var entered: Set<String> = []
    /// Whether every folder is watched. Where not, only looking again and again helps.
    private(set) var isWhole = true

    private static let mask = UInt32(
        IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR
    )

    init() {
        self.descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        self.isWhole = self.descriptor >= 0
    }

    /// Ends all watches; nothing may be called afterwards.
    func close() {
        if self.descriptor >= 0 { _ = Glibc.close(self.descriptor) }
    }

    /// What poll(2) waits for; nil where there is nothing to wait for.
    var waitable: Int32? { self.descriptor >= 0 ? self.descriptor : nil }

    /// Begins a pass over the folders.
    mutating func begin() {
        self.entered = []
        self.isWhole = self.descriptor >= 0
    }

    /// Watches a folder.
    mutating func enter(_ folder: String) {
        guard self.descriptor >= 0 else { return }
        self.entered.insert(folder)
        // Adding a folder again gives the same watch; a new folder of the same name gives a new one.
        let watch = inotify_add_watch(self.descriptor, folder, Self.mask)
        if watch >= 0 { self.folders[folder] = watch } else { self.isWhole = false }
    }

    /// Ends a pass: folders that were not entered are no longer watched.
    mutating func finish() {
        let kept = Set(self.entered.compactMap { self.folders[$0] })
        for (folder, watch) in self.folders where !self.entered.contains(folder) {
            if !kept.contains(watch) { inotify_rm_watch(self.descriptor, watch) }
            self.folders[folder] = nil
        }
    }

    /// Takes all events that are there.
    ///
    /// - Returns: whether one of them may matter. Hidden files don't, but for the `..data` that Kubernetes swaps.
    mutating func drain() -> Bool {
        guard self.descriptor >= 0 else { return false }
        var matters = false
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(self.descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return matters }
            if Self.matters(buffer[..<count]) { matters = true }
        }
    }

    /// Whether any of the events is about something that is read.
    static func matters(_ events: ArraySlice<UInt8>) -> Bool {
        // struct inotify_event: watch, mask, cookie, length of the name, name with zeros behind it.
        var rest = events
        while rest.count >= 16 {
            let mask = self.word(rest.dropFirst(4))
            let length = Int(self.word(rest.dropFirst(12)))
            let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
            rest = rest.dropFirst(16 + length)
            if mask & UInt32(IN_Q_OVERFLOW) != 0 || name.isEmpty { return true }
            if name.first != UInt8(ascii: ".") || name.starts(with: "..".utf8) { return true }
        }
        return false
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
