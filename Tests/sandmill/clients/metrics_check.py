"""Reads metrics from stdin with Prometheus' own parser; prints {family: {type, samples}}."""
import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    # The parser takes the ending off a counter, of which a gauge may have the rest for its name.
    name = family.name + ("_total" if family.type == "counter" else "")
    assert name not in families, f"{name} is there twice"
    keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
    assert len(keys) == len(set(keys)), f"{name} has a sample twice"
    samples = [{"name": s.name, "labels": s.labels, "value": s.value} for s in family.samples]
    families[name] = {"type": family.type, "samples": samples}
print(json.dumps(families))
