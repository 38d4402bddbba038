import SandmillOTLP
import Testing

@testable import sandmill

/// Traces go where the variables of OpenTelemetry say, and nowhere without them.
@Suite struct TraceSettingsTests {
    @Test(arguments: [
        [:], ["OTEL_SERVICE_NAME": "x"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"],
    ])
    func theyAreOff(environment: [String: String]) {
        #expect(TraceSettings(environment, worker: "a") == nil)
    }

    @Test(arguments: [
        (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"], "http://c:4318/v1/traces"),
        (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/x/"], "http://c/x/v1/traces"),
        (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/x"], "http://c/x"),
        (["OTEL_TRACES_EXPORTER": "otlp"], "http://localhost:4318/v1/traces"),
    ])
    func theEndpointIsThatOfTheSpecification(environment: [String: String], url: String) {
        #expect(TraceSettings(environment, worker: "a")?.exporter.url == url)
    }

    @Test func headersAndTheResourceAreRead() {
        let settings = TraceSettings(
            [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "250",
                "OTEL_EXPORTER_OTLP_HEADERS": "key=a%20b, x=1",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test,service.name=no",
                "OTEL_SERVICE_NAME": "mill", "OTEL_BSP_SCHEDULE_DELAY": "100",
            ],
            worker: "host-a"
        )
        #expect(settings?.exporter.headers == ["key": "a b", "x": "1"])
        #expect(settings?.exporter.timeout == .milliseconds(250))
        #expect(settings?.interval == .milliseconds(100))
        #expect(
            settings?.exporter.resource == [
                "service.name": "mill", "service.instance.id": "host-a",
                "service.version": Product.version, "deployment.environment": "test",
            ]
        )
    }
}
