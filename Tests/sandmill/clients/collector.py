"""A collector of OTLP over HTTP in JSON: decodes each request by OpenTelemetry's own messages, prints its spans.

The first line is its port. Identifiers are hexadecimal there and base64 in protobuf's JSON, which is the only
difference between the two encodings.
"""
import base64
import http.server
import json

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def as_protobuf(value):
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else as_protobuf(item)
            for key, item in value.items()
        }
    return [as_protobuf(item) for item in value] if isinstance(value, list) else value


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
        request = json_format.ParseDict(as_protobuf(body), ExportTraceServiceRequest())
        for group in request.resource_spans:
            resource = {item.key: item.value.string_value for item in group.resource.attributes}
            for span in (span for scope in group.scope_spans for span in scope.spans):
                assert len(span.trace_id) == 16 and len(span.span_id) == 8
                print(json.dumps({
                    "service": resource["service.name"], "instance": resource["service.instance.id"],
                    "name": span.name, "trace": span.trace_id.hex(), "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(), "kind": span.kind,
                    "seconds": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                    "key": self.headers["x-key"],
                    "attributes": {item.key: item.value.string_value for item in span.attributes},
                }), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
