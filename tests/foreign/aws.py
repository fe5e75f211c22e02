"""AWS as others built it: moto answers as Secrets Manager and STS do, botocore signs as AWS asks.

Prints {"base": URL}, then does the order in each line of its input and prints what came of it:

  {"put": [NAME, VALUE]}    a secret, or a new version of one
  {"bytes": [NAME, VALUE]}  the same, kept as bytes
  {"delete": NAME}          as the service does it: for later
  {"sign": REQUEST}         what botocore puts into `authorization`
"""

import json
import sys

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

session = botocore.session.get_session()


def client(service, region, **more):
    return session.create_client(
        service,
        region_name=region,
        aws_access_key_id="AKIDMOTO",
        aws_secret_access_key="moto",
        **more,
    )


def put(manager, name, **value):
    try:
        made = manager.put_secret_value(SecretId=name, **value)
    except manager.exceptions.ResourceNotFoundException:
        made = manager.create_secret(Name=name, **value)
    return {"arn": made["ARN"], "version": made["VersionId"]}


def sign(asked):
    keys = Credentials(asked["id"], asked["key"], asked.get("token"))
    auth = SigV4Auth(keys, "secretsmanager", asked["region"])
    request = AWSRequest(
        method="POST", url=asked["url"], data=asked["body"], headers=asked["headers"]
    )
    request.context["timestamp"] = asked["date"]
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    auth._inject_signature_to_request(request, signature)
    return request.headers["Authorization"]


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address, port = server.get_host_and_port()
    base = f"http://{address}:{port}"
    print(json.dumps({"base": base}), flush=True)
    manager = client("secretsmanager", "eu-central-1", endpoint_url=base)
    for line in sys.stdin:
        ((order, about),) = json.loads(line).items()
        if order == "put":
            done = put(manager, about[0], SecretString=about[1])
        elif order == "bytes":
            done = put(manager, about[0], SecretBinary=about[1].encode())
        elif order == "delete":
            manager.delete_secret(SecretId=about)
            done = True
        elif order == "sign":
            done = sign(about)
        print(json.dumps({"done": done}), flush=True)


main()
