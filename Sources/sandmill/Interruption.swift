import Dispatch
import Foundation

/// What a command says that waits for what goes on without it, when it is interrupted (Ctrl-C).
enum Interruption {
    /// Runs `body`; at SIGINT meanwhile the words are said on standard error, and the process ends as a shell
    /// reports that signal.
    static func saying<Value>(
        _ words: String,
        during body: () async throws -> Value
    ) async rethrows -> Value {
        let source = DispatchSource.makeSignalSource(signal: SIGINT)
        source.setEventHandler {
            Terminal.writeError("\n\(words)")
            // A shell takes this code for the signal (128 and its number).
            // Without what is done at an exit: it would take the libraries away from threads that use them.
            _exit(128 + SIGINT)
        }
        signal(SIGINT, SIG_IGN)
        await withCheckedContinuation { registered in
            source.setRegistrationHandler { registered.resume() }
            source.activate()
        }
        defer {
            source.cancel()
            signal(SIGINT, SIG_DFL)
        }
        return try await body()
    }
}
