"""Reads metrics from stdin with Prometheus' own parser; prints {family: {type, samples}}."""
import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.name not in families, f"{family.name} is there twice"
    keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
    assert len(keys) == len(set(keys)), f"{family.name} has a sample twice"
    samples = [{"name": s.name, "labels": s.labels, "value": s.value} for s in family.samples]
    families[family.name] = {"type": family.type, "samples": samples}
print(json.dumps(families))
