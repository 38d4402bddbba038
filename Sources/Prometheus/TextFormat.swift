/// The text that Prometheus scrapes, version 0.0.4 ("Exposition formats" of its manual).
public enum TextFormat {
    /// The content type of the text.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Writes families, each under its comments.
    public static func text(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families {
            let name = metricName(family.name)
            if !family.help.isEmpty { text += "# HELP \(name) \(helpText(family.help))\n" }
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += "\(name)\(sample.suffix)\(labels(sample.labels)) \(number(sample.value))\n"
            }
        }
        return text
    }

    /// A name of the characters that names may have; any other becomes `_`.
    static func metricName(_ name: String) -> String {
        restricted(name, mayHaveColon: true)
    }

    private static func labels(_ labels: [MetricFamily.Label]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { label in
            "\(restricted(label.name, mayHaveColon: false))=\"\(labelText(label.value))\""
        }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func restricted(_ name: String, mayHaveColon: Bool) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case "0"..."9" where !result.isEmpty: result.unicodeScalars.append(scalar)
            case ":" where mayHaveColon: result.unicodeScalars.append(scalar)
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }

    private static func helpText(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    private static func labelText(_ text: String) -> String {
        helpText(text).replacing("\"", with: "\\\"")
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}
