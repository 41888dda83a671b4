"""The rules by which a change is explained: an id that stays, a sentence for people, and what to do about it.

A rule names what happened from the old schema to the new one. Whether that breaks something is not the rule's to say:
it is asked of the parts themselves (`changes`). The sentence then says which documents are refused, and by whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["backward", "forward"]
DIRECTIONS: tuple[Direction, ...] = ("backward", "forward")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change. `says` tells what happened, `old` and `new` which documents the other side refuses."""

    id: str
    says: str
    old: str = ""
    """Of the old documents: those that the new schema refuses (the change breaks BACKWARD)."""
    new: str = ""
    """Of the new documents: those that the old schema refuses (the change breaks FORWARD)."""
    fix: str = ""
    fix_forward: str = ""
    why: str = ""
    """What makes the old documents so; `why_forward` the new ones. The content model of the object, above all."""
    why_forward: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a change is refused: the rule, the place in the schema as a JSON pointer, the direction, and what to do."""

    rule: str
    path: str
    direction: Direction
    sentence: str
    fix: str


KEEP = "Keep the old form beside the new one, or bump MAJOR."
READERS = "Upgrade readers first and compare BACKWARD, or bump MAJOR."
LOOSER = "Keep the old bound, or bump MAJOR."

_TABLE = [
    # --- types and values
    Rule("type-changed", "The type went from {old} to {new}.", "{old}", "{new}", KEEP, KEEP),
    Rule("type-narrowed", "{lost} is no longer allowed.", "{lost}", "", "Keep {lost} in `type`, or bump MAJOR."),
    Rule("type-widened", "{gained} is allowed now.", "", "{gained}", "", READERS),
    Rule("integer-to-number", "The type went from integer to number.", "", "a fraction", "", READERS),
    Rule("number-to-integer", "The type went from number to integer.", "a fraction", "", "Keep number, or bump MAJOR."),
    Rule("null-allowed", "null is allowed now.", "", "null", "", READERS),
    Rule("null-refused", "null is no longer allowed.", "null", "", "Keep null in `type`, or bump MAJOR."),
    Rule("anything-allowed", "Every value is allowed now.", "", "any other value", "", READERS),
    Rule("nothing-allowed", "No value is allowed any more.", "any value", "", "Leave the old schema in place.", ""),
    Rule("restricted", "Any value was allowed; now there is a schema.", "any other value", "", "Bump MAJOR.", ""),
    Rule("allowed-again", "No value was allowed; now some are.", "", "a value there", "", READERS),
    Rule("enum-value-added", "The values {gained} were added.", "", "{gained}", "", READERS),
    Rule("enum-value-removed", "The values {lost} were removed.", "{lost}", "", "Keep them in `enum`, or bump MAJOR."),
    Rule("enum-changed", "The values {lost} gave way to {gained}.", "{lost}", "{gained}", KEEP, KEEP),
    Rule(
        "enum-introduced",
        "Only {new} is allowed now.",
        "another value",
        "",
        "Bump MAJOR, or name all values in use.",
        "",
    ),
    Rule("enum-dropped", "The list of values {old} was dropped.", "", "another value", "", READERS),
    Rule("const-changed", "The one value went from {old} to {new}.", "{old}", "{new}", "List both in `enum`.", KEEP),
    # --- numbers
    Rule("minimum-raised", "The lower bound went from {old} to {new}.", "a lower number", "", LOOSER),
    Rule("minimum-lowered", "The lower bound went from {old} to {new}.", "", "a lower number", "", READERS),
    Rule("maximum-lowered", "The upper bound went from {old} to {new}.", "a higher number", "", LOOSER),
    Rule("maximum-raised", "The upper bound went from {old} to {new}.", "", "a higher number", "", READERS),
    Rule(
        "multiple-changed",
        "`multipleOf` went from {old} to {new}.",
        "a number that is no multiple of {new}",
        "a number that is no multiple of {old}",
        LOOSER,
        READERS,
    ),
    # --- strings
    Rule("min-length-raised", "`minLength` went from {old} to {new}.", "a shorter text", "", LOOSER),
    Rule("min-length-lowered", "`minLength` went from {old} to {new}.", "", "a shorter text", "", READERS),
    Rule("max-length-lowered", "`maxLength` went from {old} to {new}.", "a longer text", "", LOOSER),
    Rule("max-length-raised", "`maxLength` went from {old} to {new}.", "", "a longer text", "", READERS),
    Rule(
        "pattern-added", "The pattern {new} was added.", "a text that does not match it", "", "Drop it, or bump MAJOR."
    ),
    Rule("pattern-removed", "The pattern {old} was removed.", "", "a text that does not match it", "", READERS),
    Rule(
        "pattern-changed",
        "The pattern went from {old} to {new}.",
        "a text that matches only the old pattern",
        "a text that matches only the new pattern",
        "Keep the pattern; that one pattern is within another is not proved here. Or bump MAJOR.",
        "Keep the pattern, or bump MAJOR.",
    ),
    Rule(
        "format-added",
        "The format {new} was added; formats are asserted.",
        "another text",
        "",
        "Drop it, or bump MAJOR.",
    ),
    Rule("format-removed", "The format {old} was removed; formats are asserted.", "", "another text", "", READERS),
    Rule(
        "format-changed",
        "The format went from {old} to {new}.",
        "a text of the old format",
        "a text of the new format",
        KEEP,
        KEEP,
    ),
    Rule(
        "content-changed",
        "The content of the text went from {old} to {new}.",
        "the old content",
        "the new content",
        KEEP,
        KEEP,
    ),
    # --- objects
    Rule(
        "required-property-added",
        "The required property `{name}` was added.",
        "no `{name}`, or one of another kind,",
        "a `{name}`",
        "Make `{name}` optional; or give it a default and compare under the policy defaults-filled; or bump MAJOR.",
        "Compare under the policy tolerant-reader when readers drop what they do not know; or bump MAJOR.",
        why_forward="The old object is {old_model}: old readers do not ignore a name that they do not know.",
    ),
    Rule(
        "optional-property-added",
        "The optional property `{name}` was added.",
        "a `{name}` of another kind",
        "a `{name}`",
        "Give `{name}` the schema true; or close the object one version earlier (additionalProperties: false); or"
        " compare under the policy tolerant-reader when no writer uses undeclared names; or bump MAJOR.",
        "Compare BACKWARD and upgrade readers first; or open the object one version earlier; or compare under the"
        " policy tolerant-reader when readers drop what they do not know; or bump MAJOR.",
        why="The old object is {old_model}: old documents may carry a `{name}` already.",
        why_forward="The old object is {old_model}: old readers do not ignore a name that they do not know.",
    ),
    Rule(
        "property-removed",
        "The property `{name}` was removed.",
        "a `{name}`",
        "{missing}",
        "Keep `{name}` as an optional property; or open the object; or compare under the policy tolerant-reader; or"
        " bump MAJOR.",
        "Keep `{name}`, or bump MAJOR.",
        why="The new object is {new_model}: it does not take every `{name}`.",
        why_forward="The old object asks for it, or for one of its kind.",
    ),
    Rule(
        "property-renamed",
        "The property `{name}` was renamed to `{to}`{sure}.",
        "the name `{name}`",
        "the name `{to}`",
        "Keep `{name}` and add `{to}` as an optional property; or bump MAJOR and migrate with the step"
        " rename {name} → {to}.",
        "Keep writing `{name}` until no old reader is left, or bump MAJOR.",
    ),
    Rule(
        "property-became-required",
        "`{name}` is required now.",
        "no `{name}`",
        "",
        "Leave it optional; or give it a default and compare under the policy defaults-filled; or bump MAJOR.",
    ),
    Rule(
        "property-became-optional",
        "`{name}` is no longer required.",
        "",
        "no `{name}`",
        "",
        "Keep writing it, or bump MAJOR.",
    ),
    Rule(
        "object-closed",
        "The object was closed: additionalProperties became false.",
        "a property that is not declared",
        "",
        "Leave it open, or compare under the policy tolerant-reader, or bump MAJOR.",
    ),
    Rule(
        "object-opened",
        "The object was opened: additionalProperties is no longer false.",
        "",
        "a property that is not declared",
        "",
        "Leave it closed; or compare under the policy tolerant-reader; or bump MAJOR.",
    ),
    Rule(
        "rest-changed",
        "The schema of additionalProperties changed.",
        "a further property of the old kind",
        "a further property of the new kind",
        KEEP,
        READERS,
    ),
    Rule(
        "named-pattern-changed",
        "The properties that match {name} have another schema.",
        "such a property of the old kind",
        "such a property of the new kind",
        KEEP,
        READERS,
    ),
    Rule(
        "names-changed",
        "`propertyNames` changed.",
        "a name that is refused now",
        "a name that was refused before",
        "Keep the names allowed, or bump MAJOR.",
        READERS,
    ),
    Rule(
        "dependency-added",
        "`{name}` asks for more beside it.",
        "`{name}` alone",
        "",
        "Drop the dependency, or bump MAJOR.",
    ),
    Rule("dependency-removed", "`{name}` asks for less beside it.", "", "`{name}` alone", "", READERS),
    Rule(
        "dependency-changed",
        "What `{name}` asks for beside it changed.",
        "`{name}` with the old company",
        "`{name}` with the new company",
        KEEP,
        KEEP,
    ),
    Rule("min-properties-raised", "`minProperties` went from {old} to {new}.", "fewer properties", "", LOOSER),
    Rule("min-properties-lowered", "`minProperties` went from {old} to {new}.", "", "fewer properties", "", READERS),
    Rule("max-properties-lowered", "`maxProperties` went from {old} to {new}.", "more properties", "", LOOSER),
    Rule("max-properties-raised", "`maxProperties` went from {old} to {new}.", "", "more properties", "", READERS),
    # --- arrays
    Rule("min-items-raised", "`minItems` went from {old} to {new}.", "fewer items", "", LOOSER),
    Rule("min-items-lowered", "`minItems` went from {old} to {new}.", "", "fewer items", "", READERS),
    Rule("max-items-lowered", "`maxItems` went from {old} to {new}.", "more items", "", LOOSER),
    Rule("max-items-raised", "`maxItems` went from {old} to {new}.", "", "more items", "", READERS),
    Rule("unique-items-added", "Items must differ now.", "an item twice", "", "Drop `uniqueItems`, or bump MAJOR."),
    Rule("unique-items-removed", "Items need not differ any more.", "", "an item twice", "", READERS),
    Rule("contains-changed", "`contains` changed.", "no item of the new kind", "no item of the old kind", KEEP, KEEP),
    Rule(
        "tuple-longer",
        "The list of positions grew from {old} to {new}.",
        "another item at a new position",
        "more items",
        KEEP,
        READERS,
    ),
    Rule(
        "tuple-shorter",
        "The list of positions shrank from {old} to {new}.",
        "items at a dropped position",
        "another item at a dropped position",
        KEEP,
        READERS,
    ),
    Rule(
        "items-changed",
        "The schema of the items changed.",
        "items of the old kind",
        "items of the new kind",
        KEEP,
        READERS,
    ),
    # --- combinations
    Rule(
        "all-of-changed",
        "`allOf` changed.",
        "a value that only the old `allOf` allows",
        "a value that only the new `allOf` allows",
        KEEP,
        READERS,
    ),
    Rule(
        "any-of-branch-removed",
        "A branch of `anyOf` was removed or narrowed.",
        "a value of that branch",
        "",
        "Keep the branch, or bump MAJOR.",
    ),
    Rule("any-of-branch-added", "A branch of `anyOf` was added or widened.", "", "a value of that branch", "", READERS),
    Rule(
        "any-of-changed",
        "The branches of `anyOf` changed.",
        "a value of an old branch",
        "a value of a new branch",
        KEEP,
        KEEP,
    ),
    Rule(
        "one-of-changed",
        "The branches of `oneOf` changed.",
        "a value that fits not exactly one of the new branches",
        "a value that fits not exactly one of the old branches",
        "Keep the branches apart by a tag (a `const` in each), or bump MAJOR.",
        READERS,
    ),
    Rule(
        "not-changed",
        "What `not` refuses changed.",
        "a value that is refused now",
        "a value that was refused before",
        KEEP,
        READERS,
    ),
    Rule(
        "condition-changed",
        "`if`/`then`/`else` changed.",
        "a value that fails the new condition",
        "a value that fails the old condition",
        KEEP,
        READERS,
    ),
    # --- the Arrow block: written columns, and the block that is to read them
    Rule(
        "arrow-type-changed",
        "A column `{name}` of {old} is to be read as {new}.",
        "such a column",
        "such a column",
        "Widen it losslessly (int32 to int64, float32 to float64, more decimal digits), or bump MAJOR.",
        "A narrower reader cannot hold wider data: upgrade readers first and compare BACKWARD, or bump MAJOR.",
    ),
    Rule(
        "arrow-type-lossy",
        "A column `{name}` of {old} is to be read as {new}, which does not hold every value of it.",
        "a large value in `{name}`",
        "a large value in `{name}`",
        "Choose a type that holds every value, or bump MAJOR.",
        "Choose a type that holds every value, or bump MAJOR.",
    ),
    Rule(
        "arrow-null-refused",
        "The column `{name}` may hold null, and is to be read as one that does not.",
        "null in `{name}`",
        "null in `{name}`",
        "Leave it nullable, or bump MAJOR.",
        "Upgrade readers first and compare BACKWARD, or bump MAJOR.",
    ),
    Rule(
        "arrow-field-missing",
        "The column `{name}` is not nullable, and is not among those written.",
        "no column `{name}`",
        "no column `{name}`",
        "Make it nullable, or bump MAJOR.",
        "Keep writing it, or bump MAJOR.",
    ),
    Rule(
        "arrow-field-unknown",
        "The column `{name}` is unknown to the reading schema, which is closed.",
        "a column `{name}`",
        "a column `{name}`",
        "Keep the field, or open the object, or compare under the policy tolerant-reader, or bump MAJOR.",
        "Upgrade readers first and compare BACKWARD; or compare under the policy tolerant-reader; or bump MAJOR.",
    ),
    Rule(
        "arrow-order-changed",
        "The columns {old} are to be read in the order {new}.",
        "columns in their own order",
        "columns in their own order",
        "Keep the order and append new fields at the end, or bump MAJOR.",
        "Keep the order and append new fields at the end, or bump MAJOR.",
    ),
    # --- answers about the whole
    Rule(
        "not-included",
        "The schemas allow different documents.",
        "what the counter-example shows",
        "what the counter-example shows",
        "See the counter-example; or bump MAJOR.",
        "See the counter-example; or bump MAJOR.",
    ),
    Rule(
        "not-proved",
        "It is not proved that every document stays valid, and no document was found that does not.",
        "a content not found here",
        "a content not found here",
        "Make the change in smaller steps or in plainer keywords; or bump MAJOR.",
        "Make the change in smaller steps or in plainer keywords; or bump MAJOR.",
    ),
]

RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def reason(rule: str, path: str, direction: Direction, facts: dict[str, Any] | None = None) -> Reason:
    """A rule in words, for one place and one direction."""
    found = RULES[rule]
    words = facts or {}
    says = found.says.format(**words)
    backward = direction == "backward"
    if rule == "not-proved":
        sentence = f"{says} Unknown counts as refused."
    else:
        why = (found.why if backward else found.why_forward).format(**words)
        who, what, by = ("Old", found.old, "new") if backward else ("New", found.new, "old")
        which = f"{who} documents with {what.format(**words)}" if what else f"Some {who.lower()} documents"
        refused = f"{which} are refused by the {by} schema."
        sentence = " ".join(part for part in (says, why, refused) if part)
    fix = (found.fix if backward else found.fix_forward) or KEEP
    return Reason(rule, path, direction, sentence, fix.format(**words))
