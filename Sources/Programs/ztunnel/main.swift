import Glibc
import ZTunnel

exit(ZTunnelProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
