import Prometheus
import Testing

@Suite struct TextFormatTests {
    private func text(_ name: String, labels: [MetricFamily.Label] = [], value: Double) -> String {
        TextFormat.text([
            MetricFamily(name, .gauge, help: "", samples: [.init(labels: labels, value: value)])
        ])
    }

    @Test func aFamilyHasItsCommentsAndItsLines() {
        let family = MetricFamily(
            "jobs",
            .counter,
            help: "Jobs\nso \\ far.",
            samples: [
                .init(labels: [.init("pool", "a"), .init("state", "ok")], value: 3),
                .init(labels: [.init("pool", "b"), .init("state", "ok")], value: 0.5),
            ]
        )
        #expect(
            TextFormat.text([family]) == """
                # HELP jobs Jobs\\nso \\\\ far.
                # TYPE jobs counter
                jobs{pool="a",state="ok"} 3
                jobs{pool="b",state="ok"} 0.5

                """
        )
    }

    @Test func valuesOfLabelsAreEscaped() {
        let labels = [MetricFamily.Label("path", "C:\\a\n\"b\"")]
        #expect(
            text("x", labels: labels, value: 1)
                == "# TYPE x gauge\nx{path=\"C:\\\\a\\n\\\"b\\\"\"} 1\n"
        )
    }

    @Test func namesHaveOnlyWhatNamesMayHave() {
        let labels = [MetricFamily.Label("0 é:", "v")]
        #expect(text("a.b-c:d", labels: labels, value: 1).hasSuffix("a_b_c:d{____=\"v\"} 1\n"))
    }

    @Test(arguments: [
        (1e18, "1000000000000000000"), (0.0005, "0.0005"), (-2, "-2"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (1e300, "1e+300"),
    ])
    func numbersAreWrittenAsGoReadsThem(value: Double, text: String) {
        #expect(self.text("x", value: value) == "# TYPE x gauge\nx \(text)\n")
    }
}
