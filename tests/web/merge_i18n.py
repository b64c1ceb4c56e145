"""Merge i18n/parts/*.json into i18n/{vi,en}.json (used once, before the parts go)."""
import json, pathlib
root = pathlib.Path("/work/web2/i18n")
for language in ("vi", "en"):
    merged = {}
    for part in sorted((root / "parts").glob(f"{language}.*.json")):
        texts = json.loads(part.read_text())
        twice = merged.keys() & texts.keys()
        if twice: print("twice", part.name, sorted(twice))
        merged |= texts
    (root / f"{language}.json").write_text(json.dumps(dict(sorted(merged.items())), ensure_ascii=False, indent=2) + "\n")
    print(language, len(merged))
