import SandmillEntity
import Testing

@Suite("Runtime")
struct RuntimeTests {
    @Test func everyRuntimeIsFoundByItsNameAndItsFiles() {
        for runtime in Runtime.all {
            #expect(Runtime.named(runtime.name) == runtime)
            #expect(Runtime.ofFile("dir.x/\(runtime.entrypoint)") == runtime)
        }
        #expect(Runtime.named("perl") == nil)
        for name in ["main", "c", "main.cc", "a.py.txt", ""] {
            #expect(Runtime.ofFile(name) == nil)
        }
    }

    @Test func noPathIsAnOption() {
        #expect(Runtime.argument("-x.sh") == "./-x.sh")
        #expect(Runtime.argument("@x.c") == "./@x.c")
        #expect(Runtime.argument("a/-x@.c") == "a/-x@.c")
        #expect(Runtime.argument("-\u{301}") == "./-\u{301}")
        #expect(Runtime.argument("@\u{301}") == "./@\u{301}")
    }
}
