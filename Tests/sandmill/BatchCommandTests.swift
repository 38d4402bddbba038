import Foundation
import Testing

extension SystemTests {
    /// What a teacher and a pipeline do with batches.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct BatchCommandTests {
        private static let slow = "import time; time.sleep(60)"

        private func path(_ name: String) throws -> String {
            try Installation.current.directory.appending(path: name).path()
        }

        private func count(of batch: String) async throws -> JSON {
            try await Installation.current.query(
                "select count(*) from executions "
                    + "where batch_id = %s::uuid",
                .string(batch)
            )[0]["count"]
        }

        @Test func assignmentIsGradedInOneRun() async throws {
            let installation = try Installation.current
            let sum = "import sys\nv = [int(w) for w in sys.stdin.read().split()]\n"
            try installation.file("cases/1.in", "2 3\n")
            try installation.file("cases/1.out", "5\n")
            try installation.file("cases/small.in", "-1 -1\n")
            try installation.file("cases/small.out", "-2\n")
            try installation.file("work/right.py", sum + "print(sum(v))")
            try installation.file("work/wrong.py", sum + "print(abs(sum(v)))")
            try installation.file("work/crash.py", "1/0")
            try installation.file("work/loop.py", "while True: pass")
            try installation.file("work/killed.py", "import os; os.abort()")
            try installation.file("work/parts/main.py", "from total import t\nprint(t())")
            try installation.file("work/parts/total.py", sum + "def t(): return sum(v)")
            try installation.file("work/none/answer.py", "print(5)")
            try installation.file("secret.txt", "secret")
            try FileManager.default.createSymbolicLink(
                atPath: try path("work/spy.py"),
                withDestinationPath: "../secret.txt"
            )
            let ended = try await installation.run([
                "batch", "submit", try path("work"), "--cases", try path("cases"), "--wall", "1",
                "--wait", "--report", "marks.csv", "--stop-on-first-failure",
            ])
            #expect(ended.exitCode == 1)
            #expect(ended.output.count == 6)
            #expect(ended.errors.contains("none: there is no main.py"))
            #expect(ended.errors.contains("spy.py: no regular file"))
            #expect(ended.errors.contains("8 in all: 2 accepted, 2 not run, 1 exit code"))
            let report = try String(contentsOfFile: try path("marks.csv"), encoding: .utf8)
            let rows = report.split(separator: "\r\n").dropFirst().map {
                $0.split(separator: "\",", maxSplits: 2).map { $0.replacing("\"", with: "") }
            }
            #expect(
                rows.map { "\($0[0]): \($0[1])" } == [
                    "crash: exit code 1 in case 1, 0/2 accepted: "
                        + "ZeroDivisionError: division by zero",
                    "killed: killed by signal 6 in case 1, 0/2 accepted",
                    "loop: timed out (wall_time) in case 1, 0/2 accepted",
                    "none: not run: there is no main.py",
                    "parts: accepted 2/2",
                    "right: accepted 2/2",
                    "spy.py: not run: no regular file",
                    "wrong: wrong answer in case 2 (small), line 1, column 1, 1/2 accepted",
                ]
            )
        }

        @Test func everyEntryOfADirectoryIsToldInTableAndReport() async throws {
            let installation = try Installation.current
            try installation.file("odd/müller.py", "print(input() + open('data.csv').read())")
            try installation.file("odd/anna10.py", "import sys; print(sys.argv[1:], input())")
            try installation.file("odd/anna2.py", "import os; print(os.environ['MODE'])")
            try installation.file("odd/yann.java", "class Yann {}")
            try installation.file("odd/ben.c", "int main(void) {}")
            try installation.file("odd/notes.txt", "late")
            try installation.file("odd/zoe/answer.py", "print(5)")
            try installation.file("shared/data.csv", "1;2")
            let input = try installation.file("shared/input", "line")
            try await eventually(within: .seconds(60), "the worker says what it runs") {
                let rows = try await Installation.current.query(
                    "select id from workers where runtimes <> '{}'"
                )
                return !rows.isEmpty
            }
            // The command's own configuration promises more than the workers run.
            let settings = ["SANDMILL_POOLS_PYTHON_FURTHER_RUNTIMES": "c"]
            let ended = try await installation.run(
                [
                    "batch", "submit", try path("odd"), "--file", try path("shared/data.csv"),
                    "--arg", "-v", "--env", "MODE=x", "--stdin", input, "--wait", "--report",
                    "odd.csv",
                ],
                settings: settings
            )
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let outputs = Set(try ended.output.map { try JSON($0)["stdout"]["preview"].string })
            #expect(outputs == ["line1;2\n", "['-v'] line\n", "x\n"])
            let report = String(
                decoding: try Data(contentsOf: URL(filePath: try path("odd.csv"))),
                as: UTF8.self
            )
            #expect(report.hasPrefix("\u{FEFF}\"name\",\"verdict\","))
            let rows = report.components(separatedBy: "\r\n").dropFirst().dropLast().map { row in
                row.components(separatedBy: "\",").prefix(2).joined(separator: ": ")
                    .replacing("\"", with: "")
            }
            #expect(
                rows.prefix(5).map { $0 } == [
                    "anna2: succeeded", "anna10: succeeded",
                    "ben.c: not run: this pool runs python", "müller: succeeded",
                    "notes.txt: not run: no program: what runs it does not follow from its name",
                ]
            )
            #expect(rows[5] == "yann.java: not run: this pool runs python")
            #expect(rows[6].hasPrefix("zoe: not run: there is no main.py"))
            #expect(rows.count == 7)
            #expect(ended.errors.contains("odd/yann.java: this pool runs python"))
        }

        @Test func aHiddenCaseStaysHiddenAndAnOpenOneIsExplained() async throws {
            let installation = try Installation.current
            try installation.file("hidden/1.in", "1")
            try installation.file("hidden/1.out", "\u{FEFF}1\r\nSECRET\r\n\r\n")
            try installation.file("hidden/1.points", "2")
            try installation.file("hidden/1/given.txt", "1\nguess")
            try installation.file("guesses/a.py", "print(open('given.txt').read())")
            func grade(_ reveal: String?) async throws -> (texts: String, report: String) {
                let option = reveal.map { ["--reveal", $0] } ?? []
                let name = "\(reveal ?? "default").md"
                let ended = try await installation.run(
                    [
                        "batch", "submit", try path("guesses"), "--cases", try path("hidden"),
                        "--wait", "--report", name,
                    ] + option
                )
                #expect(ended.exitCode == 1, "\(ended.errors)")
                let document = try #require(ended.output.first)
                let place = try #require(try JSON(document)["results_path"].string)
                let file = String(
                    decoding: try installation.bytes("\(place)/result.json"),
                    as: UTF8.self
                )
                #expect(try JSON(document)["score"] == 0)
                #expect(try JSON(document)["points"] == 2)
                let report = try String(contentsOfFile: try path(name), encoding: .utf8)
                return (document + ended.errors + file, report)
            }
            let place = "wrong answer in case 1, line 2, column 1, 0/1 accepted"
            let usual = try await grade(nil)
            #expect(!(usual.texts + usual.report).contains("SECRET"))
            #expect(usual.report.contains("| a | 0/2 | \(place) |"))
            let none = try await grade("none")
            #expect(!(none.texts + none.report).contains("SECRET"))
            #expect(none.report.contains("| a | 0/2 | wrong answer in case 1, 0/1 accepted |"))
            let all = try await grade("difference")
            #expect(all.texts.contains("\"expected\":\"SECRET\",\"got\":\"guess\""))
            #expect(all.report.contains("\(place): expected \"SECRET\", got \"guess\" |"))
        }

        @Test func aReaderThatIsGoneLosesNoReport() async throws {
            let installation = try Installation.current
            for number in 0..<6 { try installation.file("piped/\(number).py", "print('x' * 4000)") }
            let piped = try Program(
                URL(filePath: "/bin/sh"),
                [
                    "-c",
                    "\"$0\" batch submit piped --max-running 1 --wait --report piped.csv | head -c 9",
                    try Installation.executable.path(),
                ],
                in: installation.directory,
                environment: installation.settings
            )
            #expect(try await within(.seconds(60), "the pipe") { try await piped.exitCode() } == 0)
            let report = try String(contentsOfFile: try path("piped.csv"), encoding: .utf8)
            #expect(report.components(separatedBy: "\"succeeded\",").count >= 7, "\(report)")
        }

        @Test func whoIsInterruptedHearsThatItGoesOnAndHowToComeBack() async throws {
            let installation = try Installation.current
            try installation.file("long/a.py", Self.slow)
            let program = try installation.file("long.py", Self.slow)
            for arguments in [
                ["batch", "submit", try path("long"), "--wall", "90", "--wait"],
                ["submit", program, "--wall", "90", "--wait"],
            ] {
                let waiting = try Program(
                    Installation.executable,
                    arguments,
                    in: installation.directory,
                    environment: installation.settings
                )
                let id = try #require(
                    try await within(.seconds(30), "the id") { await waiting.errors.next() }
                )
                waiting.send(SIGINT)
                let code = try await within(.seconds(30), "its end") {
                    try await waiting.exitCode()
                }
                #expect(code == 128 + Int(SIGINT))
                let said = waiting.errors.text
                #expect(said.contains("goes on"), "\(said)")
                let command = arguments[0] == "batch" ? "batch wait" : "result"
                #expect(said.contains("sandmill \(command) \(id)"), "\(said)")
                let stop = arguments[0] == "batch" ? ["batch", "cancel", id] : ["cancel", id]
                #expect(try await installation.run(stop).exitCode == 0)
            }
        }

        @Test func unchangedWorkIsKnownAndItsResultsAreShownAgain() async throws {
            let installation = try Installation.current
            try installation.file("known/a.py", "import random; print(random.random())")
            try installation.file("known/b.py", "exit(2)")
            let submit = ["batch", "submit", try path("known")]
            let first = try await installation.run(submit + ["--wait"])
            #expect(first.exitCode == 1)
            #expect(!first.errors.contains("already submitted"))
            let batch = try #require(try JSON(first.output[0])["batch_id"].string)

            let second = try await installation.run(submit + ["--wait"])
            #expect(second.exitCode == 1)
            #expect(second.errors.contains("already submitted at 20"))
            #expect(second.output.sorted() == first.output.sorted())
            let third = try await installation.run(submit)
            #expect(third.exitCode == 0)
            #expect(third.output == [batch])
            #expect(try await count(of: batch) == 2)

            let again = try await installation.run(submit + ["--wait", "--again"])
            #expect(!again.errors.contains("already submitted"))
            #expect(Set(again.output).isDisjoint(with: first.output))
            let repeated = try #require(try JSON(again.output[0])["batch_id"].string)
            #expect(repeated != batch)
            #expect(try await count(of: repeated) == 2)

            try installation.file("known/b.py", "exit(3)")
            let changed = try await installation.run(submit)
            #expect(!changed.errors.contains("already submitted"))
            #expect(changed.errors.contains("1 of 2 have not changed"))
            #expect(![batch, repeated].contains(changed.output[0]))
            try await eventually(within: .seconds(30), "the rest has been taken in") {
                try await count(of: changed.output[0]) == 1
            }
            let graded = try await installation.run(submit + ["--wait", "--report", "known.csv"])
            #expect(graded.errors.contains("already submitted at 20"))
            let kept = try graded.output.filter { try JSON($0)["labels"]["program"] == "a" }
            #expect(kept == first.output.filter { $0.contains("\"program\":\"a\"") })
            #expect(Set(try graded.output.map { try JSON($0)["exit_code"] }) == [0, 3])
            let report = try String(contentsOfFile: try path("known.csv"), encoding: .utf8)
            #expect(report.contains("\"a\",\"succeeded\"") && report.contains("exit code 3"))

            // What a batch had before is a part of two batches now, and of none by itself.
            try FileManager.default.removeItem(atPath: try path("known/a.py"))
            let alone = try await installation.run(submit + ["--wait"])
            #expect(alone.errors.contains("all 1 were submitted before"), "\(alone.errors)")
            #expect(try alone.output.map { try JSON($0)["exit_code"] } == [3])
            let taken = try await installation.run(submit + ["--id", batch])
            #expect(taken.exitCode == 65)
            #expect(taken.errors.contains("\(batch) is the id of another batch"))
        }

        @Test func aMemberIsFoundByItsNameAndTheBeginningOfItsId() async throws {
            let installation = try Installation.current
            try installation.file("named/zoe.py", "print(input())")
            try installation.file("named/yan.py", "print('yan'); exit(1)")
            for name in ["small", "large"] {
                try installation.file("named-cases/\(name).in", "\(name)\n")
                try installation.file("named-cases/\(name).out", "small\n")
            }
            let cases = try path("named-cases")
            let ended = try await installation.run([
                "batch", "submit", try path("named"), "--cases", cases, "--wait",
            ])
            let zoe = try #require(ended.output.first { $0.contains("\"program\":\"zoe\"") })
            let id = try #require(try JSON(zoe)["id"].string)
            let batch = try #require(try JSON(zoe)["batch_id"].string)
            for text in ["zoe", id, String(id.prefix(18))] {
                let result = try await installation.run(["result", text])
                #expect(try result.output.map { try JSON($0) } == [JSON(zoe)], "\(result.errors)")
                let status = try await installation.run(["status", text, "--json"])
                #expect(try JSON(status.output.joined())["id"] == .string(id))
            }
            for (name, words) in [("small", "small"), ("1", "large"), ("2", "small")] {
                let output = try await installation.run(["output", "zoe", "--case", name])
                #expect(output.output == [words], "\(output.errors)")
            }
            let missing = try await installation.run(["output", "zoe", "--case", "3"])
            #expect(missing.exitCode == 65 && missing.errors.contains("large, small"))
            let status = try await installation.run([
                "batch", "status", String(batch.prefix(13)), "--json",
            ])
            #expect(try JSON(status.output.joined())["size"] == 2)
            // A batch is named by the beginning of its id wherever it is asked for.
            let prefix = String(batch.prefix(13))
            let list = try await installation.run(["list", "--batch", prefix, "--json"])
            #expect(try Set(list.output.map { try JSON($0)["batch_id"] }) == [.string(batch)])
            #expect(list.output.count == 2)
            for (arguments, words) in [
                (["rerun", "--batch", prefix, "--dry-run"], "would rerun 2 of them"),
                (["cancel", "--batch", prefix, "--dry-run"], "would cancel 2 of them"),
                (["delete", "--batch", prefix, "--dry-run"], "would delete 2 of them"),
                (
                    ["results", "prune", "--batch", prefix, "--dry-run"],
                    "would remove 2 executions"
                ),
            ] {
                let told = try await installation.run(arguments)
                #expect(told.output.joined().hasPrefix(words), "\(arguments) \(told.errors)")
            }
            let letters = try await installation.run(["dead", "list", "--batch", prefix])
            #expect(letters.exitCode == 0, "\(letters.errors)")
            for arguments in [["list"], ["cancel"], ["dead", "list"]] {
                let nothing = try await installation.run(arguments + ["--batch", "ffffffff-f"])
                #expect(nothing.exitCode == 65)
                #expect(nothing.errors.contains("neither the id of a batch"), "\(nothing.errors)")
            }
            let cancelled = try await installation.run(["cancel", "yan"])
            #expect(cancelled.exitCode == 1 && cancelled.output[0].hasSuffix("ended"))
            let rerun = try await installation.run(["rerun", "yan"])
            #expect(rerun.exitCode == 0, "\(rerun.errors)")
            let many = try await installation.run(["result", ""])
            #expect(many.exitCode == 65)
            let nobody = try await installation.run(["output", "nobody"])
            #expect(nobody.exitCode == 65 && nobody.errors.contains("nor the name of a member"))
        }

        @Test func programRunsForEachInput() async throws {
            let installation = try Installation.current
            for number in [1, 2, 10] { try installation.file("inputs/\(number).txt", "\(number)") }
            let program = try installation.file("square.py", "print(int(input()) ** 2)")
            let ended = try await installation.run([
                "batch", "submit", program, "--inputs", try path("inputs"), "--max-running", "1",
                "--wait", "--report", "squares.json",
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            var answers: [String: String] = [:]
            for line in ended.output {
                let document = try JSON(line)
                #expect(document["labels"]["program"] == "square")
                answers[document["labels"]["input"].string ?? ""] =
                    document["stdout"]["preview"].string
            }
            #expect(answers == ["1.txt": "1\n", "2.txt": "4\n", "10.txt": "100\n"])
            let report = try String(contentsOfFile: try path("squares.json"), encoding: .utf8)
            let names = try JSON(report).elements.map { $0["name"].string }
            #expect(names == ["1.txt", "2.txt", "10.txt"])
            let batch = try JSON(ended.output[0])["batch_id"]
            let rows = try await installation.query(
                "select max_running from batches where id = %s::uuid",
                batch
            )
            #expect(rows[0]["max_running"] == 1)
        }

        @Test func batchThatEndedLongAgoIsReadWithoutTheBroker() async throws {
            let installation = try Installation.current
            let requests = try installation.file(
                "old.ndjson",
                (0..<300).map { #"{"source": "print(\#($0))", "labels": {"program": "\#($0)"}}"# }
                    .joined(separator: "\n")
            )
            let submitted = try await installation.run(["batch", "submit", requests, "--wait"])
            #expect(submitted.exitCode == 0, "\(submitted.errors)")
            let batch = try #require(try JSON(submitted.output[0])["batch_id"].string)
            let waited = try await installation.run(
                ["batch", "wait", batch, "--report", "old.json"],
                settings: ["SANDMILL_BROKER_URL": "amqp://127.0.0.1:1/"]
            )
            #expect(waited.exitCode == 0, "\(waited.errors)")
            #expect(waited.output.count == 300)
            #expect(waited.output.sorted() == submitted.output.sorted())
            let report = try String(contentsOfFile: try path("old.json"), encoding: .utf8)
            let names = try JSON(report).elements.map { $0["name"].string }
            #expect(names == (0..<300).map { "\($0)" })
        }

        @Test func waiterSeesTheEndOfABatchThatRuns() async throws {
            let installation = try Installation.current
            let requests = try installation.file(
                "gate.ndjson",
                #"{"source": "import time; time.sleep(2)"}"# + "\n" + #"{"source": "print(1)"}"#
            )
            let submitted = try await installation.run(["batch", "submit", requests])
            let waited = try await installation.run(["batch", "wait", submitted.output[0]])
            #expect(waited.exitCode == 0, "\(waited.errors)")
            #expect(waited.output.count == 2)
            #expect(waited.errors.contains("2 in all: 2 succeeded"))
        }

        @Test func timeThatIsUpEndsWith75AndTheReportTellsWhoIsMissing() async throws {
            let installation = try Installation.current
            try installation.file("late/fast.py", "print(1)")
            try installation.file("late/slow.py", Self.slow)
            let ended = try await installation.run([
                "batch", "submit", try path("late"), "--wall", "60", "--wait", "--timeout", "10s",
                "--report", "late.json",
            ])
            #expect(ended.exitCode == 75)
            #expect(ended.errors.contains("1 of 2 had ended"))
            let report = try JSON(String(contentsOfFile: try path("late.json"), encoding: .utf8))
            #expect(report.elements.map { $0["verdict"] } == ["succeeded", "not ended"])

            let batch = try #require(try JSON(ended.output[0])["batch_id"].string)
            let status = try await installation.run(["batch", "status", batch])
            #expect(status.output.contains { $0.hasPrefix("pace") })
            #expect(status.output.contains { $0.hasPrefix("left") && $0.contains("about") })
            let waited = try await installation.run(["batch", "wait", batch, "--timeout", "5s"])
            #expect(waited.exitCode == 75)
            #expect(waited.output.count == 1)
            #expect(try await installation.run(["batch", "cancel", batch]).exitCode == 0)
            let cancelled = try await installation.run(["batch", "wait", batch])
            #expect(cancelled.exitCode == 1)
            #expect(cancelled.errors.contains("1 cancelled"))
        }

        /// The client allows more than the worker, which therefore refuses a member.
        @Test(arguments: ["normal", "high"])
        func refusedMemberIsToldAndNotWaitedFor(level: String) async throws {
            let installation = try Installation.current
            let requests = try installation.file(
                "\(level).ndjson",
                #"{"source": "print(1)", "labels": {"program": "good"}}"# + "\n"
                    + #"{"source": "print(2)", "level": "\#(level)", "#
                    + #""labels": {"program": "bad"}, "limits": {"wall_seconds": 500}}"#
            )
            let ended = try await installation.run(
                ["batch", "submit", requests, "--wait", "--report", "\(level).json"],
                settings: ["SANDMILL_POOLS_PYTHON_LIMITS_MAXIMUM_WALL": "1000s"]
            )
            #expect(ended.exitCode == 1, "\(ended.errors)")
            #expect(ended.output.count == 1)
            #expect(ended.errors.contains("bad: refused: "))
            #expect(ended.errors.contains("/limits/wall_seconds"))
            #expect(ended.errors.contains("2 in all: 1 refused, 1 succeeded"))
            let batch = try #require(try JSON(ended.output[0])["batch_id"].string)
            let status = try await installation.run(["batch", "status", batch])
            #expect(status.output.contains { $0.hasPrefix("dead letter") })
            let letters = try await installation.run(["dead", "list", "--batch", batch])
            #expect(letters.output.contains { $0.contains("/limits/wall_seconds") })
            let waited = try await installation.run(["batch", "wait", batch])
            #expect(waited.exitCode == 1)
            #expect(waited.errors.contains("2 in all: 1 refused, 1 succeeded"))
        }

        @Test func personSeesABarAndATable() async throws {
            let installation = try Installation.current
            try installation.file("seen/a.py", "print(1)")
            try installation.file("seen/b.py", "import sys; sys.exit('\\x1b[31mno')")
            let command =
                "stty cols 100; exec \(try Installation.executable.path()) batch submit "
                + "\(try path("seen")) --wait"
            let terminal = try Program(
                URL(filePath: "/usr/bin/script"),
                ["--quiet", "--return", "--command", command, "/dev/null"],
                in: installation.directory,
                environment: installation.settings
            )
            let text = try await within(.seconds(30), "the command in a terminal") {
                while await terminal.output.next() != nil {}
                return terminal.output.text
            }
            #expect(try await terminal.exitCode() == 1)
            #expect(text.contains("] 2/2, 1 not succeeded"))
            #expect(text.contains("program  score  verdict"))
            #expect(text.contains("a        -      succeeded"))
            #expect(text.contains("b        -      exit code 1: \\u{1b}[31mno"))
            #expect(text.contains("2 in all: 1 exit code, 1 succeeded"))
            #expect(!text.contains("\u{1B}[31m"))
        }

        @Test(arguments: [
            (["work"], 65, "there is no *.py"),
            (["nowhere"], 65, "cannot be read"),
            (["p.py"], 64, "--inputs"),
            (["p.py", "--inputs", "work"], 65, "there is no input"),
            (["work", "--inputs", "work"], 64, "is for one program"),
            (["p.txt", "--inputs", "in"], 65, "--runtime"),
            (["p.py", "--inputs", "in", "--cases", "in"], 64, "exclude each other"),
            (["r.ndjson", "--wall", "1"], 64, "says all of it"),
            (["r.ndjson", "--entrypoint", "a.py"], 64, "says all of it"),
            (["r.ndjson", "--max-running", "0"], 64, "from 1"),
            (["r.ndjson", "--again", "--id", "\(UUID())"], 64, "again"),
            (["own.ndjson", "--again"], 65, "line 1"),
            (["mixed.ndjson", "--max-running", "2"], 65, "different levels"),
            (["r.ndjson", "--report", "a.csv"], 64, "need --wait"),
            (["r.ndjson", "--wait", "--report", "a.xls"], 64, ".xml or .md"),
            (["r.ndjson", "--arg", "x"], 64, "says all of it"),
            (["p.py", "--inputs", "in", "--stdin", "in/1"], 64, "exclude each other"),
            (["r.ndjson", "--wait", "--report", "none/a.csv"], 73, "no file can be made"),
            (["bad.ndjson"], 65, "line 1 would be refused: /argss"),
        ])
        func whatMeansNothingIsSaid(arguments: [String], code: Int, words: String) async throws {
            let installation = try Installation.current
            try installation.file("work/notes.txt", "")
            try installation.file("in/1", "")
            try FileManager.default.removeItem(atPath: try path("work"))
            try FileManager.default.createDirectory(
                atPath: try path("work"),
                withIntermediateDirectories: true
            )
            try installation.file("p.py", "print(1)")
            try installation.file("p.txt", "print(1)")
            try installation.file("r.ndjson", #"{"source": "print(1)"}"#)
            try installation.file("bad.ndjson", #"{"source": "print(1)", "argss": []}"#)
            try installation.file(
                "own.ndjson",
                #"{"source": "print(1)", "id": "00000000-0000-7000-8000-000000000001"}"#
            )
            try installation.file(
                "mixed.ndjson",
                #"{"source": "1", "level": "high"}"# + "\n" + #"{"source": "1", "level": "low"}"#
            )
            let ended = try await installation.run(["batch", "submit"] + arguments)
            #expect(ended.exitCode == code, "\(ended.errors)")
            #expect(ended.errors.contains(words), "\(ended.errors)")
            #expect(ended.output.isEmpty)
        }

        @Test func unknownBatchIsWaitedForUntilTheTimeIsUp() async throws {
            let installation = try Installation.current
            let id = UUID().uuidString
            let ended = try await installation.run(["batch", "wait", id, "--timeout", "3s"])
            #expect(ended.exitCode == 75)
            let unknown = try await installation.run(["batch", "status", id])
            #expect(unknown.exitCode == 65)
        }
    }
}
