extension FuzzTarget {
    static let discovery: [FuzzTarget] = []
    static let dns: [FuzzTarget] = []
    static let capture: [FuzzTarget] = []
    static let certificates: [FuzzTarget] = []
    static let texts: [FuzzTarget] = []
    static let configuration: [FuzzTarget] = []
}
