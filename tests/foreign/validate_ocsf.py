"""Holds events of standard input, one a line, against the published schema of OCSF 1.7.0."""

import json
import sys

from ocsf.v1_7_0 import events, objects

COUNT = 0


def unknown(model, value, path):
    """Attributes that the schema does not have, at any depth."""
    for key, inner in value.items():
        field = model.model_fields.get(key)
        if field is None:
            yield f"{path}.{key}"
            continue
        if key == "unmapped":
            continue
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict):
                yield from unknown(OBJECTS[key], one, f"{path}.{key}")


OBJECTS = {
    "metadata": objects.Metadata,
    "product": objects.Product,
    "actor": objects.Actor,
    "user": objects.User,
    "groups": objects.Group,
    "session": objects.Session,
    "authorizations": objects.Authorization,
    "api": objects.Api,
    "request": objects.Request,
    "response": objects.Response,
    "src_endpoint": objects.NetworkEndpoint,
    "resources": objects.ResourceDetails,
    "data_classifications": objects.DataClassification,
}
# what the profile `data_classification` adds
PROFILE = {"data_classifications"}

for line in sys.stdin:
    event = json.loads(line)
    events.ApiActivity.model_validate(event)
    extra = [p for p in unknown(events.ApiActivity, event, "") if p.split(".")[-1] not in PROFILE]
    if extra:
        sys.exit(f"not in the schema: {extra}")
    for resource in event.get("resources", []):
        for one in resource.get("data_classifications", []):
            objects.DataClassification.model_validate(one)
    COUNT += 1
print(COUNT)
