import CLibFuzzer
import Glibc

// Takes libFuzzer's options (https://llvm.org/docs/LibFuzzer.html). Which decoder is fuzzed is in the
// environment, because libFuzzer starts copies of the process with the same options.
let name = unsafe getenv("SANDMILL_FUZZ_DECODER").map { unsafe String(cString: $0) }
guard let decoder = name.flatMap(FuzzedDecoder.init(rawValue:)) else {
    fatalError("SANDMILL_FUZZ_DECODER is neither frames nor requests")
}
var session = FuzzingSession(decoder)
atexit { session.printSummary() }

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
exit(
    unsafe LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        session.feed(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
)
