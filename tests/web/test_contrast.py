"""Every pair of colours that the screens put on each other is far enough apart.

WCAG 2.2: text 4.5, edges of controls and large signs 3.
"""

import re
from pathlib import Path

import pytest

STYLES = next(
    folder
    for above in Path(__file__).resolve().parents
    for folder in (above / "web" / "styles", above / "web2" / "styles")
    if (folder / "tokens.css").is_file()
)
TOKENS = (STYLES / "tokens.css").read_text(encoding="utf-8")

TEXT, EDGE = 4.5, 3.0
PAIRS = [
    # the dark stage
    ("stage-text", "stage-bg", TEXT),
    ("stage-text", "stage-surface", TEXT),
    ("stage-text", "stage-control", TEXT),
    ("stage-text", "stage-control-hover", TEXT),
    ("stage-text-soft", "stage-bg", TEXT),
    ("stage-text-soft", "stage-surface", TEXT),
    ("stage-text-soft", "stage-control", TEXT),
    ("stage-accent", "stage-bg", TEXT),
    ("stage-accent", "stage-control", TEXT),
    ("stage-warn", "stage-bg", TEXT),
    ("stage-warn", "stage-surface", TEXT),
    ("stage-warn", "stage-control", TEXT),
    ("stage-alarm", "stage-bg", TEXT),
    ("stage-alarm", "stage-control", TEXT),
    ("stage-edge", "stage-bg", EDGE),
    ("stage-edge", "stage-surface", EDGE),
    ("stage-edge", "stage-control", EDGE),
    ("stage-accent", "stage-control-hover", EDGE),
    ("accent-bright", "stage-bg", EDGE),
    # the paper
    ("paper-text", "paper-bg", TEXT),
    ("paper-text", "paper-card", TEXT),
    ("paper-text", "paper-soft", TEXT),
    ("paper-text", "paper-line", TEXT),
    ("paper-text", "accent-tint-strong", TEXT),
    ("paper-text", "alarm-tint", TEXT),
    ("paper-text", "warn-tint", TEXT),
    ("paper-text-soft", "paper-bg", TEXT),
    ("paper-text-soft", "paper-card", TEXT),
    ("paper-text-soft", "paper-soft", TEXT),
    ("paper-text-soft", "accent-tint", TEXT),
    ("paper-text-soft", "warn-tint", TEXT),
    ("paper-text-soft", "alarm-tint", TEXT),
    ("paper-edge", "paper-bg", EDGE),
    ("paper-edge", "paper-card", EDGE),
    ("paper-edge", "paper-soft", EDGE),
    # the one accent, the one warning, the one alarm
    ("accent", "paper-bg", TEXT),
    ("accent", "paper-card", TEXT),
    ("accent", "paper-soft", TEXT),
    ("accent", "accent-tint", TEXT),
    ("accent", "accent-tint-strong", TEXT),
    ("accent-hover", "accent-tint", TEXT),
    ("accent-hover", "accent-tint-strong", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-bright", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("accent-bright", "paper-soft", EDGE),
    ("accent-bright", "paper-card", EDGE),
    ("accent", "paper-line-strong", EDGE),
    ("warn", "paper-line-strong", EDGE),
    ("warn", "paper-bg", TEXT),
    ("warn", "paper-card", TEXT),
    ("warn", "warn-tint", TEXT),
    ("on-warn", "warn-fill", TEXT),
    ("alarm", "paper-bg", TEXT),
    ("alarm", "paper-card", TEXT),
    ("alarm", "alarm-tint", TEXT),
    ("on-alarm", "alarm-fill", TEXT),
    # the focus ring, on either ground
    ("teal-300", "ink-950", EDGE),
    ("teal-700", "paper-0", EDGE),
]


def tokens(css: str) -> dict[str, str]:
    root = css.split(":root {", 1)[1].split("\n}", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", root))


def luminance(name: str, known: dict[str, str]) -> float:
    """Relative luminance of a colour token, references followed. Source: WCAG 2.2."""
    value = known[name].strip()
    reference = re.fullmatch(r"var\(--([\w-]+)\)", value)
    if reference:
        return luminance(reference[1], known)
    channels = [int(value[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("front", "back", "least"), PAIRS, ids=lambda part: str(part))
def test_text_and_controls_have_enough_contrast_with_what_they_lie_on(
    front: str, back: str, least: float
) -> None:
    known = tokens(TOKENS)
    lighter, darker = sorted((luminance(front, known), luminance(back, known)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_text_has_more_contrast_for_people_who_ask_for_it() -> None:
    asked = TOKENS.split("@media (prefers-contrast: more)", 1)[1].split("\n}\n", 1)[0]
    known = tokens(TOKENS) | dict(re.findall(r"--([\w-]+):\s*([^;]+);", asked))
    for front, back in (("paper-text-soft", "paper-bg"), ("stage-text-soft", "stage-bg")):
        lighter, darker = sorted((luminance(front, known), luminance(back, known)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 7.0


def test_only_tokens_and_drawings_name_a_colour() -> None:
    for sheet in sorted(STYLES.glob("*.css")):
        if sheet.name == "tokens.css":
            continue
        written = re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)", sheet.read_text(encoding="utf-8"))
        assert [colour for colour in written if colour != "#000"] == [], sheet.name


def test_every_custom_property_in_use_is_a_token() -> None:
    known = set(re.findall(r"--([\w-]+)\s*:", TOKENS))
    for sheet in sorted(STYLES.glob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        own = set(re.findall(r"--([\w-]+)\s*:", text))
        assert set(re.findall(r"var\(--([\w-]+)", text)) - known - own == set(), sheet.name
