import Foundation
import Logging
import SandmillOTLP
import SandmillService

/// Where traces go, by the variables that OpenTelemetry has for it ("Environment Variable Specification").
struct TraceSettings: Equatable {
    /// Where spans go, and what they say.
    let exporter: OTLPExporter.Settings
    /// How often they are sent at least.
    let interval: Duration

    /// Reads the variables; nil where traces are off, which they are unless an endpoint or the exporter is named.
    init?(_ environment: [String: String], worker: String) {
        func value(_ name: String) -> String? {
            environment["OTEL_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
        }
        let isDisabled = value("SDK_DISABLED")?.lowercased() == "true"
        let own = value("EXPORTER_OTLP_TRACES_ENDPOINT")
        let base = value("EXPORTER_OTLP_ENDPOINT")
        let exporter = value("TRACES_EXPORTER")
        let isNamed = exporter == "otlp" || exporter == nil && (own ?? base) != nil
        guard !isDisabled, isNamed else { return nil }
        let start = base ?? "http://localhost:4318"
        let url = own ?? (start.hasSuffix("/") ? start : start + "/") + "v1/traces"
        var resource = Self.pairs(value("RESOURCE_ATTRIBUTES"))
        if let name = value("SERVICE_NAME") { resource["service.name"] = name }
        if resource["service.name"] == nil { resource["service.name"] = "sandmill" }
        resource["service.instance.id"] = resource["service.instance.id"] ?? worker
        resource["service.version"] = Product.version
        self.exporter = OTLPExporter.Settings(
            url: url,
            headers: Self.pairs(
                value("EXPORTER_OTLP_TRACES_HEADERS") ?? value("EXPORTER_OTLP_HEADERS")
            ),
            timeout: Self.milliseconds(
                value("EXPORTER_OTLP_TRACES_TIMEOUT") ?? value("EXPORTER_OTLP_TIMEOUT"),
                default: 10_000
            ),
            resource: resource
        )
        interval = Self.milliseconds(value("BSP_SCHEDULE_DELAY"), default: 5_000)
    }

    /// Reads `name=value,name=value`, the values percent-encoded.
    private static func pairs(_ text: String?) -> [String: String] {
        var pairs: [String: String] = [:]
        for part in (text ?? "").split(separator: ",") {
            let words = part.split(separator: "=", maxSplits: 1)
            guard words.count == 2 else { continue }
            let name = words[0].filter { $0 != " " }
            pairs[String(name)] =
                String(words[1]).removingPercentEncoding ?? String(words[1])
        }
        return pairs
    }

    private static func milliseconds(_ text: String?, default fallback: Int) -> Duration {
        .milliseconds(text.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? fallback)
    }

    /// What gathers spans by the environment of this process; nil where traces are off.
    static func makeTracer(worker: String, logger: Logger) -> Tracer? {
        guard let settings = TraceSettings(ProcessInfo.processInfo.environment, worker: worker)
        else { return nil }
        return Tracer(
            exporter: OTLPExporter(settings.exporter),
            interval: settings.interval,
            logger: logger
        )
    }
}
