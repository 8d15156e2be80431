import Glibc
import Waypoint

// Without the handlers of `exit`: other threads still run, and everything that was to be written is written.
_exit(WaypointProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
