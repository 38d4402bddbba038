import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Class 15: what comes out of a program.
    @Suite(.bench()) struct Streams {
        @Test(arguments: cases)
        func outputIsCountedAndBounded(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }

    /// Class 16: input of 100 MB needs that much room.
    @Suite(
        .bench(TestEngine.specification(memory: .mebibytes(192), scratch: .mebibytes(128)))
    )
    struct LargeInput {
        @Test(arguments: cases)
        func largeInputDoesNotBlock(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }
}

/// Checks that head and tail of standard output are kept, and all of it counted.
private func keeps(
    _ count: Int? = nil,
    head: String,
    tail: String
) -> @Sendable (Collected) throws -> Void {
    { result in
        let exit = try #require(result.report?.exit)
        #expect(result.stdout.count == 64 << 10)
        if let count { #expect(exit.stdout == ByteCount(count)) }
        #expect(exit.stdout.bytes > 64 << 10)
        #expect(result.stdout.starts(with: Array(head.utf8)))
        #expect(result.stdout.suffix(tail.utf8.count).elementsEqual(tail.utf8))
    }
}

extension Abuse.Streams {
    private static let cases = [
        AbuseCase(
            name: "stdout at full speed for the whole limit",
            source: """
                import os
                os.write(1, b"head")
                block = b"x" * 65536
                while True: os.write(1, block)
                """,
            limits: .tight.with(wall: .seconds(1)),
            endings: [.wallTime],
            check: keeps(head: "headxxx", tail: "xxx")
        ),
        AbuseCase(
            name: "one line of 100 MB",
            source: """
                import os
                os.write(1, b"head")
                left = 100_000_000
                block = b"x" * 1_000_000
                while left: left -= os.write(1, block)
                os.write(1, b"tail")
                """,
            check: keeps(100_000_008, head: "headxxx", tail: "xxxtail")
        ),
        AbuseCase(
            name: "NULs, and characters that are split where the middle is dropped",
            source: """
                import os
                os.write(1, b"\\0\\xff" + "é".encode() * 100_000 + b"\\xc3")
                """,
            check: { result in
                let exit = try #require(result.report?.exit)
                #expect(exit.stdout == ByteCount(200_003))
                #expect(result.stdout.count == 64 << 10)
                #expect(result.stdout.prefix(4) == [0, 0xFF, 0xC3, 0xA9])
                #expect(result.stdout.suffix(2) == [0xA9, 0xC3])
            }
        ),
        AbuseCase(
            name: "200,000 writes of one byte",
            source: "import os\nfor number in range(200_000): os.write(1, b'ab'[number & 1:][:1])",
            check: keeps(200_000, head: "abab", tail: "abab")
        ),
        AbuseCase(
            name: "a pipe that keeps every byte apart",
            source: """
                import fcntl, os
                fcntl.fcntl(1, fcntl.F_SETFL, os.O_DIRECT)
                fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)
                for number in range(100_000): os.write(1, b"x")
                """,
            check: keeps(100_000, head: "xxx", tail: "xxx")
        ),
        AbuseCase(
            name: "both streams at once from 20 processes",
            source: """
                import os
                for _ in range(20):
                    if os.fork() == 0:
                        for _ in range(200):
                            os.write(1, b"o" * 4096)
                            os.write(2, b"e" * 4096)
                        os._exit(0)
                for _ in range(20): os.wait()
                """,
            check: { result in
                let exit = try #require(result.report?.exit)
                #expect(exit.stdout == ByteCount(20 * 200 * 4_096))
                #expect(exit.stderr == ByteCount(20 * 200 * 4_096))
                #expect(result.stdout.count == 64 << 10)
                #expect(result.stderr.count == 64 << 10)
            }
        ),
        AbuseCase(
            name: "the streams are closed, opened again and made not to block",
            source: """
                import os
                os.set_blocking(1, False)
                again = os.open("/proc/self/fd/1", os.O_WRONLY)
                third = os.open("/dev/stdout", os.O_WRONLY | os.O_APPEND)
                os.close(1)
                os.write(again, b"again ")
                os.close(again)
                os.write(third, b"third")
                os.close(third)
                os.close(2)
                os.close(0)
                os._exit(0)
                """,
            stdout: "again third"
        ),
        AbuseCase(
            name: "it reads what it has written",
            source: """
                import os
                reader = os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)
                for _ in range(1_000):
                    os.write(1, b"x" * 100)
                    try:
                        os.read(reader, 1_000)
                    except BlockingIOError:
                        pass
                os.write(1, b"end")
                """,
            check: { result in
                let exit = try #require(result.report?.exit)
                #expect(exit.stdout.bytes <= 100_003)
                #expect(result.text.hasSuffix("end"))
            }
        ),
        AbuseCase(
            name: "standard input is written to without end",
            source: """
                import os
                writer = os.open("/proc/self/fd/0", os.O_WRONLY | os.O_NONBLOCK)
                written = 0
                for _ in range(1_000):
                    try:
                        written += os.write(writer, bytes(4096))
                    except BlockingIOError:
                        written += len(os.read(0, 4096))
                print(written > 65536)
                """,
            stdin: [UInt8](repeating: 1, count: 300_000),
            stdout: "True\n"
        ),
        AbuseCase(
            name: "text that looks like the agent's frames",
            source: """
                import os, struct
                frames = b"".join(
                    struct.pack("<IB", len(body) + 1, kind) + body
                    for kind in range(256) for body in [b"", bytes(8), bytes(60)]
                )
                os.write(1, frames)
                os.write(2, frames)
                for length in [0, 1, 0xFFFFFFFF, 1 << 20]:
                    os.write(1, struct.pack("<IB", length, 0x86))
                """,
            check: { result in
                let exit = try #require(result.report?.exit)
                #expect(exit.stdout == ByteCount(result.stdout.count))
                #expect(result.stdout.count == 256 * (5 + 13 + 65) + 20)
                #expect(result.stderr.count == 256 * (5 + 13 + 65))
            }
        ),
        AbuseCase(
            name: "more standard error than is kept, and nothing else",
            source: "import os\nfor _ in range(100): os.write(2, b'e' * 4096)",
            stdout: "",
            check: {
                #expect($0.stderr.count == 64 << 10)
                #expect($0.report?.exit.stderr == ByteCount(409_600))
            }
        ),
    ]
}

extension Abuse.LargeInput {
    private static let input = [UInt8](repeating: UInt8(ascii: "i"), count: 100_000_000)

    private static let cases = [
        AbuseCase(
            name: "100 MB of input is not read while stdout floods",
            source: """
                import os
                block = b"x" * 65536
                for _ in range(1_000): os.write(1, block)
                """,
            stdin: input,
            check: { #expect($0.report?.exit.stdout == ByteCount(65_536_000)) }
        ),
        AbuseCase(
            name: "100 MB of input is read while stdout floods",
            source: """
                import os
                count = 0
                while data := os.read(0, 65536):
                    count += len(data)
                    os.write(1, data)
                os.write(2, b"%d" % count)
                """,
            stdin: input,
            check: {
                #expect($0.errors == "100000000")
                #expect($0.report?.exit.stdout == ByteCount(100_000_000))
            }
        ),
    ]
}
