"""Applies patch.json to document.json by the rules of RFC 7396 (JSON Merge Patch)."""
import json


def merge(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


with open("document.json") as document, open("patch.json") as patch:
    merged = merge(json.load(document), json.load(patch))
with open("merged.json", "w") as out:
    json.dump(merged, out, indent=2, sort_keys=True)
print(json.dumps(merged, sort_keys=True))
