/// `ztunnel redirect`: what an init container does for a task (capture mode `netadmin`).
package enum RedirectCommand {
    /// What is printed, and how the program ends.
    package struct Result: Hashable, Sendable {
        /// The exit status: 0 done, or `show` found exactly the plan's rules; 1 otherwise.
        package var status: Int32
        /// For the standard output.
        package var output = ""
        /// For the standard error.
        package var problem = ""
    }

    /// Does what the options ask for, in the process's own network namespace.
    package static func run(_ options: RedirectOptions) -> Result {
        let rules = RedirectRules(options.plan)
        if options.isDryRun {
            switch options.action {
            case .apply: return Result(status: 0, output: rules.script)
            case .remove: return Result(status: 0, output: RedirectRules.removal)
            case .show: return Result(status: 0, output: rules.listing)
            }
        }
        do throws(RedirectError) {
            let table = try RedirectTable()
            switch options.action {
            case .apply:
                try table.apply(options.plan)
                guard case .matches = try table.find(options.plan) else {
                    return Result(status: 1, problem: "redirect: the kernel shows other rules than were written\n")
                }
                return Result(status: 0, output: "redirect rules are in place\n")
            case .remove:
                try table.remove()
                return Result(status: 0, output: "redirect rules are removed\n")
            case .show:
                return self.show(try table.find(options.plan))
            }
        } catch {
            return Result(status: 1, problem: "redirect: \(error)\n")
        }
    }

    private static func show(_ finding: RedirectTable.Finding) -> Result {
        switch finding {
        case .absent:
            Result(status: 1, problem: "redirect: there are no rules of ztunnel's\n")
        case .matches(let listing):
            Result(status: 0, output: listing + "matches the options\n")
        case .differs(let listing, let reason):
            Result(status: 1, output: listing, problem: "redirect: differs: \(reason)\n")
        }
    }
}
