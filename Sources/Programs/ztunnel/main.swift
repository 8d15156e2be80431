import Glibc
import ZTunnel

// Without the handlers of `exit`: other threads still run, and everything that was to be written is written.
_exit(ZTunnelProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
