"""The AWS-compatible door of the running program, through boto3 and the AWS CLI: Kinesis, Firehose
and STS."""

import base64
import copy
import datetime
import gzip
import hashlib
import json
import random
import stat
import string
import urllib.error
import urllib.request

import botocore
import botocore.config
import pytest
from botocore.exceptions import ClientError

from support import csv_table, program, readers
from support.aws_door import ACCOUNT, REGION, clock_off_by, open_door, read_shard, refusal, wait_for

STREAM = program.TABLE
ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}"
HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with open_door(tmp_path_factory.mktemp("aws-door")) as opened:
        yield opened
        opened.stop()


@pytest.fixture(scope="module")
def simulation(tmp_path_factory):
    return program.simulate(tmp_path_factory.mktemp("events"), seed=71, changes=6000,
                            shape="streams")


@pytest.fixture(scope="module")
def put(door, simulation):
    """All events put by PutRecords of 500; (shard, sequence number, key, data) of each."""
    client, placed = door.client(), []
    events = simulation.events.read_bytes().splitlines()
    for begin in range(0, len(events), 500):
        batch = [{"Data": event, "PartitionKey": key_of(event)}
                 for event in events[begin:begin + 500]]
        answer = client.put_records(StreamName=STREAM, Records=batch)
        assert answer["FailedRecordCount"] == 0
        assert answer["EncryptionType"] == "NONE"
        placed += [(place["ShardId"], place["SequenceNumber"], record["PartitionKey"], record["Data"])
                   for place, record in zip(answer["Records"], batch, strict=True)]
    return placed


def key_of(event: bytes) -> str:
    return hashlib.md5(json.dumps(json.loads(event)["dynamodb"]["Keys"]).encode()).hexdigest()


def test_streams_and_shards_are_described(door):
    client = door.client()
    assert client.list_streams()["StreamNames"] == [STREAM]
    summary = client.describe_stream_summary(StreamARN=ARN)["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "ACTIVE" and summary["OpenShardCount"] == 4
    assert summary["RetentionPeriodHours"] == 24
    age = datetime.datetime.now(datetime.UTC) - summary["StreamCreationTimestamp"]
    assert datetime.timedelta(0) <= age < datetime.timedelta(hours=1)
    described = client.describe_stream(StreamName=STREAM)["StreamDescription"]
    # Not by boto3's paginator, which sends the name with each token: Kinesis refuses that, too.
    page = client.list_shards(StreamName=STREAM, MaxResults=3)
    shards = page["Shards"] + client.list_shards(NextToken=page["NextToken"])["Shards"]
    assert shards == described["Shards"] and len(shards) == 4
    ranges = [{name: int(text) for name, text in shard["HashKeyRange"].items()} for shard in shards]
    assert ranges[0]["StartingHashKey"] == 0
    assert ranges[-1]["EndingHashKey"] == 2**128 - 1
    for left, right in zip(ranges, ranges[1:]):
        assert right["StartingHashKey"] == left["EndingHashKey"] + 1
    assert client.describe_limits()["OpenShardCount"] == 4
    waiter = client.get_waiter("stream_exists")
    waiter.wait(StreamName=STREAM, WaiterConfig={"MaxAttempts": 1})


def test_what_was_put_comes_back_in_order(door, put):
    client = door.client()
    shards = {shard: [] for shard, *_ in put}
    for shard, number, key, data in put:
        shards[shard].append((number, key, data))
    assert len(shards) == 4
    for shard, expected in shards.items():
        assert expected == sorted(expected), "sequence numbers grow as text does"
        records = read_shard(client, STREAM, shard, limit=700)
        got = [(r["SequenceNumber"], r["PartitionKey"], r["Data"]) for r in records]
        assert got == expected
        number = expected[len(expected) // 2][0]
        iterator = client.get_shard_iterator(
            StreamName=STREAM, ShardId=shard, ShardIteratorType="AFTER_SEQUENCE_NUMBER",
            StartingSequenceNumber=number)["ShardIterator"]
        [after] = client.get_records(ShardIterator=iterator, Limit=1)["Records"]
        assert after["SequenceNumber"] == expected[len(expected) // 2 + 1][0]
        iterator = client.get_shard_iterator(
            StreamName=STREAM, ShardId=shard, ShardIteratorType="AT_TIMESTAMP",
            Timestamp=after["ApproximateArrivalTimestamp"])["ShardIterator"]
        [at] = client.get_records(ShardIterator=iterator, Limit=1)["Records"]
        assert at["ApproximateArrivalTimestamp"] == after["ApproximateArrivalTimestamp"]


def test_what_was_put_becomes_the_table(door, put, simulation):
    wait_for(lambda: door.rows() == len(simulation.expected.rows), "the rows")
    shown = readers.read_sql(door.lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, "put through the door")


def test_one_record_can_be_put(door, put):
    client = door.client()
    iterator_of = client.describe_stream(StreamName=STREAM)["StreamDescription"]["Shards"]
    latest = {shard["ShardId"]: client.get_shard_iterator(
        StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="LATEST")["ShardIterator"]
        for shard in iterator_of}
    data = put[0][3]  # a duplicate changes no row
    placed = client.put_record(StreamName=STREAM, PartitionKey="ключ", Data=data)
    [record] = client.get_records(ShardIterator=latest[placed["ShardId"]])["Records"]
    assert record["SequenceNumber"] == placed["SequenceNumber"]
    assert (record["PartitionKey"], record["Data"]) == ("ключ", data)


def test_an_iterator_outlives_the_program(tmp_path):
    with open_door(tmp_path) as door:
        client = door.client()
        placed = client.put_record(StreamName=STREAM, PartitionKey="k", Data=b"not json")
        iterator = client.get_shard_iterator(
            StreamName=STREAM, ShardId=placed["ShardId"],
            ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        door.kill()
        door.start()
        answer = door.client().get_records(ShardIterator=iterator)
        assert [record["Data"] for record in answer["Records"]] == [b"not json"]
        assert answer["MillisBehindLatest"] == 0
        door.stop()
        assert not door.place_file.exists()


def test_only_a_right_signature_opens(door):
    def code(**more):
        return refusal(door.client(**more).list_streams)[0]

    wrong = door.keys.secret[:-1] + ("A" if door.keys.secret[-1] != "A" else "B")
    assert code(aws_secret_access_key=wrong) == "InvalidSignatureException"
    assert code(aws_access_key_id="AKIA" + "A" * 16) == "UnrecognizedClientException"
    assert code(aws_session_token="leftover") == "UnrecognizedClientException"
    assert code(region_name="us-east-1") == "InvalidSignatureException"
    assert code(config=botocore.config.Config(signature_version=botocore.UNSIGNED)) == \
        "MissingAuthenticationTokenException"
    for seconds in (-299, 299):
        with clock_off_by(seconds):
            assert door.client().list_streams()["StreamNames"] == [STREAM]
    with clock_off_by(-330):
        name, message = refusal(door.client().list_streams)
        assert name == "InvalidSignatureException" and "Signature expired" in message
    with clock_off_by(330):
        name, message = refusal(door.client().list_streams)
        assert name == "InvalidSignatureException" and "not yet current" in message


def test_keys_are_made_listed_and_revoked_while_it_runs(door):
    keys = door.make_keys("second")
    assert door.client(keys=keys).list_streams()["StreamNames"] == [STREAM]
    file = door.lake.path / ".tapelake" / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = program.run("keys", "list", "--lake", door.lake.path, "--json").stdout.decode()
    assert keys.secret not in listed
    names = {key["access_key_id"]: key["name"] for key in map(json.loads, listed.splitlines())}
    assert names == {door.keys.id: "test", keys.id: "second"}
    program.run("keys", "revoke", keys.id, "--lake", door.lake.path)
    wait_for(lambda: is_revoked(door, keys), "the end of a revoked key")
    again = program.run("keys", "revoke", keys.id, "--lake", door.lake.path, check=False)
    assert again.returncode == 1 and "there is no key" in again.stderr.decode()


def is_revoked(door, keys) -> bool:
    try:
        door.client(keys=keys).list_streams()
    except ClientError as error:
        return error.response["Error"]["Code"] == "UnrecognizedClientException"
    return False


def test_new_keys_are_printed_as_variables(door):
    done = program.run("keys", "create", "--lake", door.lake.path)
    lines = dict(line.split("=", 1) for line in done.stdout.decode().splitlines())
    assert list(lines) == ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    client = door.client(aws_access_key_id=lines["AWS_ACCESS_KEY_ID"],
                         aws_secret_access_key=lines["AWS_SECRET_ACCESS_KEY"])
    assert client.list_streams()["StreamNames"] == [STREAM]
    program.run("keys", "revoke", lines["AWS_ACCESS_KEY_ID"], "--lake", door.lake.path)
    done = program.run("keys", "create", "--lake", door.lake.path, "--name", "a b", check=False)
    assert done.returncode == 1 and "hint:" in done.stderr.decode()


def test_what_is_not_served_says_so(door):
    client = door.client()
    name, _ = refusal(client.register_stream_consumer, StreamARN=ARN, ConsumerName="efo")
    assert name == "UnknownOperationException"
    name, message = refusal(client.delete_stream, StreamName=STREAM)
    assert name == "InvalidArgumentException" and "configuration" in message
    assert refusal(client.create_stream, StreamName="new", ShardCount=257)[0] == \
        "LimitExceededException"
    assert refusal(client.create_stream, StreamName=STREAM, ShardCount=1)[0] == \
        "ResourceInUseException"
    name, message = refusal(client.put_record, StreamName="none", PartitionKey="k", Data=b"x")
    assert name == "ResourceNotFoundException"
    assert message == f"Stream none under account {ACCOUNT} not found."
    name, message = refusal(client.put_record, StreamName=STREAM, PartitionKey="k",
                            Data=b"x" * (2**20 + 1))
    assert name == "ValidationException" and "less than or equal to 1048576" in message
    assert refusal(door.client("glue").get_databases)[0] == "UnknownOperationException"
    firehose = door.client("firehose")
    assert refusal(firehose.create_delivery_stream, DeliveryStreamName=STREAM)[0] == \
        "ResourceInUseException"
    name, message = refusal(firehose.delete_delivery_stream, DeliveryStreamName=STREAM)
    assert name == "ResourceInUseException" and "configuration" in message
    name, message = refusal(firehose.put_record, DeliveryStreamName="none", Record={"Data": b"x"})
    assert name == "ResourceNotFoundException"
    assert message == f"Firehose none under account {ACCOUNT} not found."


def test_streams_are_made_resharded_and_deleted_as_on_kinesis(tmp_path):
    """Readers go from closed shards to their children, also after the program died."""
    with open_door(tmp_path) as door:
        client = door.client()
        client.create_stream(StreamName="clicks", ShardCount=1)
        client.get_waiter("stream_exists").wait(StreamName="clicks")
        assert client.list_streams()["StreamNames"] == ["clicks", STREAM]
        put = []

        def put_some():
            records = [{"PartitionKey": f"k{number}", "Data": b"%d" % (len(put) + number)}
                       for number in range(40)]
            put.extend(record["Data"] for record in records)
            assert client.put_records(StreamName="clicks", Records=records)["FailedRecordCount"] == 0

        put_some()
        client.split_shard(StreamName="clicks", ShardToSplit="shardId-000000000000",
                           NewStartingHashKey=str(1 << 127))
        put_some()
        client.merge_shards(StreamName="clicks", ShardToMerge="shardId-000000000001",
                            AdjacentShardToMerge="shardId-000000000002")
        put_some()
        scaled = client.update_shard_count(StreamName="clicks", TargetShardCount=2,
                                           ScalingType="UNIFORM_SCALING")
        assert (scaled["CurrentShardCount"], scaled["TargetShardCount"]) == (1, 2)
        door.kill()
        door.start()
        client = door.client()
        put_some()
        shards = client.list_shards(StreamName="clicks")["Shards"]
        assert [shard.get("ParentShardId", "")[-1:] for shard in shards] == ["", "0", "0", "1", "3", "3"]
        assert shards[3]["AdjacentParentShardId"] == "shardId-000000000002"
        open_ids = [shard["ShardId"] for shard in shards
                    if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        assert open_ids == ["shardId-000000000004", "shardId-000000000005"]
        latest = client.list_shards(StreamName="clicks", ShardFilter={"Type": "AT_LATEST"})["Shards"]
        assert [shard["ShardId"] for shard in latest] == open_ids
        assert sorted(read_lineage(client, "clicks")) == sorted(put)
        name, message = refusal(client.split_shard, StreamName="clicks",
                                ShardToSplit="shardId-000000000000", NewStartingHashKey="7")
        assert name == "InvalidArgumentException" and "already been merged or split" in message
        client.delete_stream(StreamName="clicks")
        client.get_waiter("stream_not_exists").wait(StreamName="clicks")
        door.kill()
        door.start()
        assert door.client().list_streams()["StreamNames"] == [STREAM]


def test_retention_of_a_made_stream_is_changed_for_good(tmp_path):
    with open_door(tmp_path) as door:
        client = door.client()
        client.create_stream(StreamName="clicks", ShardCount=1)

        def hours():
            described = client.describe_stream(StreamName="clicks")["StreamDescription"]
            summary = client.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
            assert described["RetentionPeriodHours"] == summary["RetentionPeriodHours"]
            return described["RetentionPeriodHours"]

        assert hours() == 24
        client.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=8760)
        assert hours() == 8760
        for call, asked in ((client.increase_stream_retention_period, 48),
                            (client.decrease_stream_retention_period, 23),
                            (client.increase_stream_retention_period, 8761)):
            name, _ = refusal(call, StreamName="clicks", RetentionPeriodHours=asked)
            assert name == "InvalidArgumentException"
        door.kill()
        door.start()
        client = door.client()
        assert hours() == 8760
        client.decrease_stream_retention_period(StreamName="clicks", RetentionPeriodHours=168)
        door.stop()
        door.start()
        client = door.client()
        assert hours() == 168
        name, message = refusal(client.increase_stream_retention_period, StreamName=STREAM,
                                RetentionPeriodHours=48)
        assert name == "InvalidArgumentException" and "stream.retention" in message


def read_lineage(client, stream: str) -> list[bytes]:
    """All data, read as the KCL does: a shard to its end, then its children."""
    data, waiting, seen = [], ["shardId-000000000000"], set()
    while waiting:
        shard = waiting.pop(0)
        if shard in seen:
            continue
        seen.add(shard)
        iterator = client.get_shard_iterator(
            StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator)
            data += [record["Data"] for record in answer["Records"]]
            iterator = answer.get("NextShardIterator")
            waiting += [child["ShardId"] for child in answer.get("ChildShards", [])]
            if iterator and answer["MillisBehindLatest"] == 0:
                break
    return data


def presigned(door) -> str:
    return door.client("sts").generate_presigned_url(
        "get_caller_identity", ExpiresIn=60, HttpMethod="GET")


def test_the_caller_is_told_who_it_is(door):
    told = door.client("sts").get_caller_identity()
    assert told["Account"] == ACCOUNT
    assert told["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/test"
    url = presigned(door)
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    with HTTP.open(request, timeout=30) as answer:
        result = json.load(answer)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
    assert result["Arn"] == told["Arn"]
    with clock_off_by(-3600):
        late = presigned(door)
    for wrong in (late, url.replace("X-Amz-Expires=60", "X-Amz-Expires=61")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            HTTP.open(wrong, timeout=30)
        assert caught.value.code == 403
        assert b"<Code>SignatureDoesNotMatch</Code>" in caught.value.read()


def test_shards_throttle_as_kinesis_does_if_told_to(tmp_path, simulation):
    with open_door(tmp_path, ", shard_limits: true") as door:
        client = door.client()
        # A batch alone is more than the megabyte that one shard takes at once.
        events = [event.ljust(3000) for event in simulation.events.read_bytes().splitlines()[:1000]]
        waiting = [{"Data": event, "PartitionKey": "one key: one shard"} for event in events]
        refused = 0
        while waiting:
            batch, waiting = waiting[:500], waiting[500:]
            answer = client.put_records(StreamName=STREAM, Records=batch)
            failed = [record for record, place in zip(batch, answer["Records"], strict=True)
                      if "ErrorCode" in place]
            assert len(failed) == answer["FailedRecordCount"]
            codes = {place["ErrorCode"] for place in answer["Records"] if "ErrorCode" in place}
            assert codes <= {"ProvisionedThroughputExceededException"}
            refused += len(failed)
            waiting = failed + waiting
        assert refused > 0
        [shard] = {place["ShardId"] for place in answer["Records"]}
        records = read_shard(client, STREAM, shard)
        assert sorted(record["Data"] for record in records) == sorted(events)
        door.stop()


def test_signatures_are_optional_only_if_told_so(tmp_path):
    with open_door(tmp_path, ", insecure_local: true") as door:
        unsigned = door.client(config=botocore.config.Config(signature_version=botocore.UNSIGNED))
        assert unsigned.list_streams()["StreamNames"] == [STREAM]
        assert door.client(aws_secret_access_key="wrong").list_streams()["StreamNames"] == [STREAM]
        request = urllib.request.Request(
            door.url, b"{}", {"Content-Type": "application/x-amz-json-1.1", "Host": "rebound.example",
                              "X-Amz-Target": "Kinesis_20131202.ListStreams"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            HTTP.open(request, timeout=30)
        assert json.load(caught.value)["__type"] == "AccessDeniedException"
        door.stop()


@pytest.mark.parametrize("flags, what", [
    (("--aws-listen", "0.0.0.0:0"), "needs TLS"),
    (("--aws-listen", "0.0.0.0:0", "--insecure-local"), "for an address of this machine only"),
    (("--aws-listen", "localhost"), "doors.aws.listen 'localhost' has no port"),
    (("--insecure-local",), "--insecure-local is about the AWS-compatible port, which is off"),
])
def test_other_machines_are_kept_out(tmp_path, flags, what):
    done = program.run("up", "--lake", tmp_path / "lake", "--listen", "off", "--duration", "1s",
                       *flags, check=False)
    assert done.returncode == 1
    assert what in done.stderr.decode()


def test_it_is_off_unless_asked_for(tmp_path):
    flags = ("--lake", tmp_path / "lake", "--listen", "off", "--history", "0s", "--duration", "1s")
    assert b"AWS clients call" not in program.run("up", *flags).stdout
    told = program.run("up", *flags, "--aws-listen", "127.0.0.1:0").stdout.decode()
    assert "AWS clients call   http://127.0.0.1:" in told
    assert "keys create --lake" in told
    insecure = program.run("up", *flags, "--aws-listen", "127.0.0.1:0", "--insecure-local")
    assert "it verifies no signatures" in insecure.stdout.decode()


def test_it_is_healthy_and_counted(door, put):
    with HTTP.open(door.url + "/health", timeout=30) as answer:
        told = json.load(answer)
    assert told["status"] == "ok" and told["services"] == ["kinesis", "firehose", "sts"]
    page = json.loads((door.lake.path / ".tapelake" / "http.json").read_text())["url"]
    with HTTP.open(page + "metrics", timeout=30) as answer:
        metrics = answer.read().decode()
    labels = 'service="kinesis",operation="PutRecords"'
    counted = f'tapelake_aws_requests_total{{{labels},outcome="OK"}} '
    [line] = [line for line in metrics.splitlines() if line.startswith(counted)]
    assert int(line.removeprefix(counted)) == len(put) // 500 + (len(put) % 500 > 0)
    assert f"tapelake_aws_request_duration_seconds_count{{{labels}}}" in metrics
    assert "tapelake_aws_open_connections " in metrics


def test_a_signature_holds_for_one_request_only(door):
    """Signed once, sent whole and changed: only the whole one is taken."""
    whole = door.signed("Kinesis_20131202.ListShards", b'{"StreamName":"%s"}' % STREAM.encode())

    def sent_with(**headers) -> int:
        request = copy.deepcopy(whole)
        request.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return door.send(request)

    assert door.send(whole) == 200
    assert sent_with(User_Agent="another") == 200
    assert sent_with(X_Amz_Extra="1") == 400


def change_byte(text, random_, alphabet):
    at = random_.randrange(len(text))
    other = random_.choice([c for c in alphabet if c.lower() != text[at:at + 1].lower()])
    return text[:at] + other + text[at + 1:]


def changed(request, random_):
    """The request, changed in one place that its signature covers, or in the signature."""
    request = copy.deepcopy(request)
    letters = string.ascii_letters + string.digits
    signed = [name for name in request.headers if name != "Authorization"]
    name = random_.choice(signed)
    kind = random_.randrange(9)
    if kind == 0:
        request.body = change_byte(request.body, random_, [c.encode() for c in letters])
    elif kind == 1:
        at = random_.randrange(len(request.body) + 1)
        request.body = request.body[:at] + b" " + request.body[at:]
    elif kind == 2:
        at = random_.randrange(len(request.body))
        request.body = request.body[:at] + request.body[at + 1:]
    elif kind == 3:
        request.headers[name] = change_byte(request.headers[name], random_, letters)
    elif kind == 4:
        request.headers[change_byte(name, random_, letters)] = request.headers.pop(name)
    elif kind == 5:
        del request.headers[random_.choice([*signed, "Authorization"])]
    elif kind == 6:
        request.headers["Authorization"] = change_byte(
            request.headers["Authorization"], random_, letters)
    elif kind == 7:
        request.headers[f"X-Amz-Extra-{random_.randrange(1000)}"] = "1"
    else:
        request.method = random_.choice(["PUT", "GET", "DELETE", "POST"])
        request.path = f"/{random_.choice(['', '?', '/'])}{random_.choice(letters)}=1"
    return request


def test_a_thousand_changed_requests_are_refused(door):
    client = door.client()
    shards = client.list_shards(StreamName=STREAM)["Shards"]
    latest = [client.get_shard_iterator(StreamName=STREAM, ShardId=shard["ShardId"],
                                        ShardIteratorType="LATEST")["ShardIterator"]
              for shard in shards]
    whole = door.signed("Kinesis_20131202.PutRecord", json.dumps({
        "StreamName": STREAM, "PartitionKey": "k", "Data": "bm90IGpzb24="}).encode())
    random_ = random.Random(7)
    for _ in range(1000):
        request = changed(whole, random_)
        assert door.send(request) not in range(200, 300), request
    for iterator in latest:
        assert client.get_records(ShardIterator=iterator)["Records"] == []
    assert door.send(whole) == 200


def test_records_of_every_byte_come_back(tmp_path):
    with open_door(tmp_path) as door:
        client = door.client()
        data = [bytes(range(256)) * 17, b"", b"\x00", base64.b64encode(b"x"), b"x" * (2**20 - 1)]
        answer = client.put_records(
            StreamName=STREAM, Records=[{"Data": d, "PartitionKey": "k"} for d in data])
        [shard] = {place["ShardId"] for place in answer["Records"]}
        assert [record["Data"] for record in read_shard(client, STREAM, shard)] == data
        door.stop()


def test_what_firehose_puts_becomes_table_and_raw_objects(tmp_path, simulation):
    with open_door(tmp_path) as door:
        firehose = door.client("firehose")
        assert firehose.list_delivery_streams()["DeliveryStreamNames"] == [STREAM]
        # Producers of Firehose end records with a newline, as S3 objects have no other separator.
        events = [event + b"\n" for event in simulation.events.read_bytes().splitlines()]
        one = firehose.put_record(DeliveryStreamName=STREAM, Record={"Data": events[0]})
        ids = [one["RecordId"]]
        for begin in range(1, len(events), 500):
            answer = firehose.put_record_batch(
                DeliveryStreamName=STREAM,
                Records=[{"Data": event} for event in events[begin:begin + 500]])
            assert answer["FailedPutCount"] == 0
            ids += [entry["RecordId"] for entry in answer["RequestResponses"]]
        assert len(set(ids)) == len(events)
        wait_for(lambda: door.rows() == len(simulation.expected.rows), "the rows")
        shown = readers.read_sql(door.lake)
        columns = [name for name in shown.columns if name != "_change_seq"]
        csv_table.assert_equal(shown.select(columns), simulation.expected, "put through Firehose")
        [destination] = firehose.describe_delivery_stream(DeliveryStreamName=STREAM)[
            "DeliveryStreamDescription"]["Destinations"]
        folder = destination["ExtendedS3DestinationDescription"]["Prefix"].split("!{")[0]
        door.stop()
        lines = [line for path in (door.lake.path / folder).rglob("*.ndjson.gz")
                 for line in gzip.decompress(path.read_bytes()).splitlines()]
        assert len(lines) == len(events)


def test_the_aws_cli_puts_and_reads(tmp_path, simulation):
    with open_door(tmp_path) as door:
        events = simulation.events.read_bytes().splitlines()
        event = next(event for event in events if b'"INSERT"' in event)
        record = tmp_path / "record.json"
        record.write_bytes(event)
        assert door.cli("sts", "get-caller-identity")["Account"] == ACCOUNT
        assert door.cli("kinesis", "list-streams")["StreamNames"] == [STREAM]
        placed = door.cli("kinesis", "put-record", "--stream-name", STREAM, "--partition-key", "k",
                          "--data", f"fileb://{record}")
        iterator = door.cli("kinesis", "get-shard-iterator", "--stream-name", STREAM, "--shard-id",
                            placed["ShardId"], "--shard-iterator-type", "TRIM_HORIZON")
        [read] = door.cli("kinesis", "get-records", "--shard-iterator",
                          iterator["ShardIterator"])["Records"]
        assert base64.b64decode(read["Data"]) == event
        assert read["SequenceNumber"] == placed["SequenceNumber"]
        assert door.cli("firehose", "list-delivery-streams")["DeliveryStreamNames"] == [STREAM]
        put = door.cli("firehose", "put-record", "--delivery-stream-name", STREAM, "--record",
                       json.dumps({"Data": event.decode()}))
        assert put["RecordId"] > placed["SequenceNumber"]
        wait_for(lambda: door.rows() == 1, "the row")
        door.stop()
