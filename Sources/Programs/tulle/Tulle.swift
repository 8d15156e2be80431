import ArgumentParser
import TulleCLI

/// The program `tulle`.
@main
enum Tulle {
    static func main() async {
        await TulleCommand.main()
    }
}
