"""An object store (moto), and clients of it that are not ours (boto3): a line of JSON in, a line of JSON out.

The first line that it prints names the port. It ends with its standard input.
"""

import base64
import json
import sys

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]


def client():
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-central-1",
        aws_access_key_id="access",
        aws_secret_access_key="secret",
        config=Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
        ),
    )


store = client()


class Nothing:
    def stream(self, *_, **__):
        yield b""


def make(bucket):
    store.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )


def objects(bucket):
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {o["Key"]: o["Size"] for page in pages for o in page.get("Contents", [])}


def head(bucket, key):
    answer = store.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    names = ["ChecksumSHA256", "ServerSideEncryption", "ContentLength"]
    return {name: answer.get(name) for name in names}


def get(bucket, key):
    body = store.get_object(Bucket=bucket, Key=key)["Body"].read()
    return base64.b64encode(body).decode()


def put(bucket, key, body):
    store.put_object(Bucket=bucket, Key=key, Body=base64.b64decode(body))


def unfinished(bucket):
    return len(store.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def signed(operation, **parameters):
    """What botocore would send, with nothing sent."""
    caught = {}

    def catch(request, **_):
        text = lambda value: value.decode() if isinstance(value, bytes) else str(value)
        caught.update(
            url=request.url,
            headers={name.lower(): text(value) for name, value in request.headers.items()},
        )
        return AWSResponse(request.url, 200, {}, Nothing())

    stub = client()
    stub.meta.events.register("before-send.s3", catch)
    getattr(stub, operation)(**parameters)
    return caught


def link(bucket, key, disposition):
    return store.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": bucket,
            "Key": key,
            "ResponseContentDisposition": disposition,
            "ResponseContentType": "application/octet-stream",
        },
        ExpiresIn=300,
    )


print(json.dumps({"port": port}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    function = globals()[order.pop("do")]
    try:
        answer = {"answer": function(**order)}
    except Exception as error:  # the test says what it expects
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
