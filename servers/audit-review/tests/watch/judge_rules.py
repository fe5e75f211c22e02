"""Judges the Sigma rules: `judge_rules.py RULES` reads records from standard input, one object a line, and
prints for each rule the positions (`seq`) of the records that made it fire, as lists.

pySigma parses and validates; what a condition means is evaluated here, on its syntax tree."""

import datetime
import ipaddress
import json
import pathlib
import re
import sys

from sigma.collection import SigmaCollection
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.correlations import SigmaCorrelationRule, SigmaCorrelationType
from sigma.plugins import InstalledSigmaPlugins
from sigma.types import (
    SigmaBool,
    SigmaCIDRExpression,
    SigmaExists,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)
from sigma.validation import SigmaValidator


def matcher(value):
    if isinstance(value, SigmaString):
        parts = (
            {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}[part]
            if isinstance(part, SpecialChars)
            else re.escape(part)
            for part in value.s
        )
        whole = re.compile("(?is)" + "".join(parts))
        return lambda held: isinstance(held, str) and whole.fullmatch(held) is not None
    if isinstance(value, SigmaRegularExpression):
        anywhere = re.compile(str(value.regexp))
        return lambda held: isinstance(held, str) and anywhere.search(held) is not None
    if isinstance(value, SigmaCIDRExpression):
        network = ipaddress.ip_network(value.cidr)

        def inside(held):
            try:
                return ipaddress.ip_address(held) in network
            except ValueError:
                return False

        return inside
    if isinstance(value, SigmaBool):
        return lambda held: held is value.boolean
    if isinstance(value, SigmaNumber):
        return lambda held: held == value.number
    raise SystemExit(f"a value of another kind: {value!r}")


def condition(node):
    if isinstance(node, ConditionAND):
        parts = [condition(arg) for arg in node.args]
        return lambda record: all(part(record) for part in parts)
    if isinstance(node, ConditionOR):
        parts = [condition(arg) for arg in node.args]
        return lambda record: any(part(record) for part in parts)
    if isinstance(node, ConditionNOT):
        inner = condition(node.args[0])
        return lambda record: not inner(record)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        field = node.field
        if isinstance(node.value, SigmaExists):
            return lambda record: (field in record) == bool(node.value.exists)
        fits = matcher(node.value)

        def holds(record):
            held = record.get(field)
            return any(map(fits, held)) if isinstance(held, list) else fits(held)

        return holds
    raise SystemExit(f"a condition of another kind: {node!r}")


def correlated(rule, hits):
    """The windows, as lists of positions, in which the correlation holds."""
    names = [reference.reference for reference in rule.rules]
    events = sorted(
        (record["when"], record["seq"], name, record) for name in names for record in hits[name]
    )
    windows, found = {}, []
    for when, seq, name, record in events:
        key = tuple(record.get(field) for field in rule.group_by)
        if None in key:
            continue
        window = windows.setdefault(key, [])
        window.append((when, seq, name, record))
        while when - window[0][0] > rule.timespan.seconds:
            window.pop(0)
        if rule.type == SigmaCorrelationType.EVENT_COUNT:
            count = len(window)
        elif rule.type == SigmaCorrelationType.VALUE_COUNT:
            field = rule.condition.fieldref
            field = field[0] if isinstance(field, list) else field
            count = len({own[3][field] for own in window if field in own[3]})
        else:
            assert rule.type == SigmaCorrelationType.TEMPORAL_ORDERED, rule.type
            left = list(names)
            for own in window:
                if left and own[2] == left[0]:
                    left.pop(0)
            if not left:
                found.append([own[1] for own in window])
                windows[key] = []
            continue
        assert rule.condition.op.name == "GTE", rule.condition.op
        if count >= rule.condition.count:
            found.append([own[1] for own in window])
            windows[key] = []
    return found


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.yml"))
    rules = SigmaCollection.load_ruleset(files)
    errors = [str(error) for error in rules.errors]
    plugins = InstalledSigmaPlugins.autodiscover()
    # these compare with lists that they fetch
    offline = {
        name: kind
        for name, kind in plugins.validators.items()
        if not any(word in name for word in ("attack", "d3fend", "atlas", "stp", "cve", "car"))
    }
    issues = SigmaValidator(offline.values()).validate_rules(iter(rules))
    issues = [f"{type(issue).__name__}: {issue}" for issue in issues]
    records = []
    for line in sys.stdin:
        record = json.loads(line)
        record["when"] = datetime.datetime.fromisoformat(record["time"]).timestamp()
        records.append(record)
    fired, hits, correlations = {}, {}, []
    for rule in rules:
        stem = pathlib.Path(str(rule.source.path)).stem
        if isinstance(rule, SigmaCorrelationRule):
            correlations.append((stem, rule))
            continue
        conditions = [condition(parsed.parsed) for parsed in rule.detection.parsed_condition]
        matching = [record for record in records if any(c(record) for c in conditions)]
        hits[rule.name] = matching
        fired[stem] = [[record["seq"]] for record in matching]
    for stem, rule in correlations:
        fired[stem] = correlated(rule, hits)
    print(json.dumps({"errors": errors, "issues": issues, "checks": len(offline), "fired": fired}))


main(sys.argv[1])
