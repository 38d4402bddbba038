import Foundation
import Testing

extension SystemTests {
    /// The page of the gateway, in a real browser.
    @Suite(.timeLimit(.minutes(5)))
    struct PageTests {
        private static let hostile = "<script>document.title='taken'</script>\u{202E}\"'&"

        @Test(.installationWithoutWorker)
        func whoHasATokenSignsInAndOut() async throws {
            let installation = try Installation.current
            let token = try await installation.token("--role", "operate")
            let gateway = try await installation.open("serve")
            try await Browser.look(at: gateway) { browser in
                try await browser.open("/ui/dead-letters")
                try await browser.see("h1", "Sandmill")
                try await browser.write("sm_wrong", into: "input[name=token]")
                try await browser.click("button", "Sign in")
                try await browser.see(".failed", "not known")
                try await browser.write(token, into: "input[name=token]")
                try await browser.click("button", "Sign in")
                // It leads to where they wanted to go.
                try await browser.see("h1", "Dead letters")
                #expect(try await browser.url().hasSuffix("/ui/dead-letters"))
                #expect(try await browser.evaluate("return document.cookie") == "")
                try await browser.click("button", "Sign out")
                try await browser.see("button", "Sign in")
                try await browser.open("/")
                try await browser.see("button", "Sign in")
            }
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func aProgramThatIsTriedIsShownAsItRuns() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("serve")
            try await Browser.look(at: gateway) { browser in
                try await browser.open("/ui/try")
                try await browser.write(
                    "import time\nprint('first', flush=True)\ntime.sleep(4)\nprint('second')",
                    into: "textarea[name=source]"
                )
                try await browser.click("button", "Run")
                try await browser.see("#live-stdout", "first")
                #expect(try await browser.count(".head .succeeded") == 0)
                try await browser.see(".head .succeeded", "succeeded")
                try await browser.see("pre", "second")
                for step in ["queued", "sandbox", "program", "collect", "commit"] {
                    try await browser.see("svg.timeline text", step)
                }
                try await browser.see("svg.timeline text", " s")
            }
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func whatProgramsWriteIsHarmless() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("serve")
            let answer = try await gateway.submit(
                [
                    "source": .string(
                        "open('<img src=x onerror=alert(1)>.txt', 'w').write('1')\nprint('''\(Self.hostile)''')"
                    ),
                    "labels": ["<b>": .string(Self.hostile)],
                ]
            )
            let id = try #require(answer.json["id"].string)
            try await Browser.look(at: gateway) { browser in
                for path in ["/ui/executions/\(id)", "/ui/executions", "/"] {
                    let opened = try await browser.open(path)
                    #expect(opened["title"].string?.contains("Sandmill") == true)
                    #expect(try await browser.count("main script, main img, main p b") == 0)
                }
                try await browser.open("/ui/executions/\(id)")
                try await browser.see("pre", "<script>")
                let (urls, console) = try await browser.requests()
                #expect(urls.count > 5)
                for url in urls {
                    #expect(url.hasPrefix(gateway.url("/")) || url.hasPrefix("data:"), "\(url)")
                }
                #expect(console.isEmpty)
                // A program's file is never shown as a page of ours.
                let file = try await gateway.ask(
                    "/ui/executions/\(id)/files/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E.txt"
                )
                #expect(file.status == 200)
                #expect(file.fields["content-disposition"]?.hasPrefix("attachment") == true)
                #expect(file.fields["content-security-policy"]?.contains("sandbox") == true)
            }
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func formsOfOtherSessionsAreRefused() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("serve")
            func post(_ body: String, _ fields: String...) async throws -> Int {
                try await gateway.ask(
                    "/ui/try",
                    fields.flatMap { ["-H", $0] } + ["-d", body]
                )
                .status
            }
            let program = "source=print(1)&pool=python&level=normal"
            #expect(try await post(program) == 403)
            #expect(try await post(program, "Cookie: sandmill_session=abc") == 403)
            #expect(try await post("\(program)&csrf=00", "Cookie: sandmill_session=abc") == 403)
            let page = try await gateway.ask("/ui/try")
            let cookie = try #require(page.fields["set-cookie"]?.split(separator: ";").first)
            #expect(page.fields["set-cookie"]?.contains("HttpOnly") == true)
            #expect(page.fields["set-cookie"]?.contains("SameSite=Strict") == true)
            #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
            let token = try #require(
                page.text.firstMatch(of: /name="csrf" value="([0-9a-f]{64})"/)?.1
            )
            #expect(
                try await post("\(program)&csrf=\(token)", "Cookie: sandmill_session=abc") == 403
            )
            #expect(try await post("\(program)&csrf=\(token)", "Cookie: \(cookie)") == 303)
            #expect(
                try await post(
                    "\(program)&csrf=\(token)",
                    "Cookie: \(cookie)",
                    "Origin: http://evil.example"
                ) == 403
            )
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func aTokenSeesWhatItsTenantAndItsRoleMay() async throws {
            let installation = try Installation.current
            let operate = try await installation.token("--role", "operate")
            let submit = try await installation.token("--tenant", "alice")
            let gateway = try await installation.open("serve")
            func page(_ path: String, as token: String) async throws -> HTTPGateway.Answer {
                try await gateway.ask(path, "-H", "Cookie: sandmill_session=\(token)")
            }
            let answer = try await gateway.submit(
                ["source": "print(1)"],
                to: "/execute/sync",
                "-H",
                "Authorization: Bearer \(operate)",
                "-H",
                "tenant: bob"
            )
            let id = try #require(answer.json["id"].string)
            #expect(try await page("/ui/executions/\(id)", as: operate).status == 200)
            #expect(try await page("/ui/executions/\(id)", as: submit).status == 404)
            #expect(try await page("/ui/dead-letters", as: submit).status == 403)
            #expect(try await page("/", as: submit).status == 303)
            #expect(try await page("/ui/find?q=\(id)", as: submit).status == 404)
            #expect(try await page("/ui/find?q=\(id)", as: operate).status == 303)
            // The cookie is for the page alone.
            #expect(try await page("/execute/\(id)/status", as: operate).status == 401)
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func aDeadLetterIsMendedAndRuns() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("serve")
            let id = UUID()
            _ = try await installation.submit(["sorce": "print(4)"], id: id)
            try await Browser.look(at: gateway) { browser in
                try await browser.open("/ui/dead-letters")
                try await browser.see("td", "there is no such field")
                try await browser.click("td.num a")
                try await browser.write(#"{"source": "print(4)"}"#, into: "textarea[name=body]")
                try await browser.click("button", "Requeue")
                try await browser.see(".notice", "on its way")
                let end = try await installation.events.finished(id)
                #expect(end["data"]["stdout"]["preview"] == "4\n")
            }
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func aBatchShowsWhatItsMembersScoredAndWhereTheyDiffer() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("serve")
            let batch = UUID().uuidString.lowercased()
            let answer = try await gateway.submit(
                [
                    "source": "print(input())", "batch": ["id": .string(batch), "size": 1],
                    "reveal": "difference",
                    "cases": [
                        ["stdin": "1", "expected_stdout": "1", "points": 2.5],
                        ["stdin": "<b>", "expected_stdout": "2", "points": 1.5],
                    ],
                ]
            )
            let id = try #require(answer.json["id"].string, "\(answer.text)")
            let members = try await gateway.ask("/ui/batches/\(batch)").text
            #expect(members.contains(">2.5 of 4<"))
            let one = try await gateway.ask("/ui/executions/\(id)").text
            let difference = "line 1, column 1: expected &quot;2&quot;, got &quot;&lt;b&gt;&quot;"
            #expect(one.contains(difference))
            #expect(one.contains(">0 of 1.5<"))
            #expect(one.contains(">2.5 of 4<"))
            try await installation.stop(gateway.process)
        }
        @Test(.installationWithoutWorker)
        func manyAreFoundAndRunAgainAndAWorkerIsDrained() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("serve")
            for _ in 0..<3 {
                let failed = try await gateway.submit(
                    ["source": "exit(3)", "labels": ["course": "a b&c"]]
                )
                #expect(try failed.json["state"] == "failed", "\(failed.text)")
            }
            #expect(try await gateway.submit(["source": "print(1)"]).status == 200)
            try await Browser.look(at: gateway) { browser in
                try await browser.open("/ui/executions")
                try await browser.see("tbody tr", "succeeded")
                #expect(try await browser.count("tbody tr") == 4)
                try await browser.write("course=a b&c", into: "input[name=label]")
                try await browser.click("option[value=failed]")
                try await browser.click("button", "Show")
                try await browser.see("option[value=failed][selected]", "failed")
                #expect(try await browser.count("tbody tr") == 3)
                // The address alone leads there.
                let address = try await browser.url()
                try await browser.open("/ui/try")
                try await browser.open(String(address.dropFirst(gateway.url("").count)))
                try await browser.see("option[value=failed][selected]", "failed")
                #expect(try await browser.count("tbody tr") == 3)

                try await browser.click("select[name=of] option[value=all]")
                try await browser.click("button[value=rerun]")
                try await browser.see("h1", "Run again 3 executions?")
                try await browser.see("p.muted", "course")
                #expect(try await installation.query("select 1 from bulk_actions").isEmpty)
                try await browser.click("button.primary", "Run again")
                // It is followed to its end without being read again by hand.
                try await browser.see(".head .state", "completed")
                #expect(try await browser.see(".figures").contains("3\nmatched\n3\ndone\n0"))
                let reruns = try await installation.query(
                    "select 1 from executions where rerun_of is not null"
                )
                #expect(reruns.count == 3)

                // What comes is shown by itself.
                try await browser.open("/ui/executions?label.n=1")
                try await browser.see(".empty", "No execution matches")
                let later = try await gateway.submit(["source": "1", "labels": ["n": "1"]])
                let id = try #require(later.json["id"].string)
                try await browser.see("tbody tr", String(id.prefix(8)))

                try await browser.open("/ui/workers")
                try await browser.click("button[name=drain]", "Drain")
                try await browser.see("tbody tr", "drained")
                try await browser.see("tbody tr", "python: python")
                try await browser.click("button[name=drain]", "Take again")
                try await browser.see("tbody tr", "active")
                try await browser.open("/ui/access")
                try await browser.see("tbody tr", "undrain")
            }
            let acts = try await gateway.ask("/audit").json["acts"].elements
            #expect(acts.map { $0["action"] } == ["undrain", "drain", "rerun"])
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func everyScreenFitsEveryWidth() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("serve")
            let answer = try await gateway.submit(
                [
                    "source": "print('x' * 5000)",
                    "labels": ["a": .string(String(repeating: "y", count: 200))],
                ]
            )
            let id = try #require(answer.json["id"].string)
            _ = try await installation.submit(["sorce": 1])
            let picture = installation.directory.appending(path: "page.png")
            try await Browser.look(at: gateway) { browser in
                for path in [
                    "/", "/ui/executions", "/ui/executions/\(id)", "/ui/batches",
                    "/ui/dead-letters",
                    "/ui/dead-letters/1", "/ui/workers", "/ui/queues", "/ui/access", "/ui/try",
                ] {
                    try await browser.open(path)
                    try await browser.see("h1")
                    for width in [1_440, 800, 390] {
                        let overflow = try await browser.photograph(to: picture, width: width)
                        #expect(overflow == 0, "\(path) at \(width)")
                    }
                }
            }
            try await installation.stop(gateway.process)
        }
    }
}
