"""Malformed and odd change records: one of each kind, with what must become of it.

`python3 tests/corpus/kinds.py FILE` writes them as one NDJSON file; `--list` prints the table.
"""

import base64
import json
import sys
from dataclasses import dataclass, field

TIME = "2026-11-20T10:00:00.000001Z"
DAY = "2026-11-20"
ROW = "row"


@dataclass
class Kind:
    """One record and its fate."""

    name: str
    record: bytes
    transform: str  # ROW or an error type
    ingest: str  # ROW, an error type, "duplicate" or "stale"
    key: str = ""  # transaction_id of the row
    rescued: str | None = None  # exact text of _rescued in the table
    cells: dict = field(default_factory=dict)  # further cells of the table's row


class Corpus:
    """Collects kinds; every record has a key and a sequence number of its own."""

    def __init__(self):
        self.kinds: list[Kind] = []
        self.sequence = 100000000000000000000

    def image(self, key: str, members: str = "", time: str = f'{{"S":"{TIME}"}}') -> str:
        parts = [f'"transaction_id":{{"S":"{key}"}}', f'"timestamp":{time}', members]
        return "{" + ",".join(filter(None, parts)) + "}"

    def event(self, body: str, name: str = '"INSERT"', more: str = "") -> str:
        """A record of the Streams shape around the members of `dynamodb`."""
        self.sequence += 1
        return (f'{{"eventID":"event-{self.sequence}","eventName":{name},"eventVersion":"1.1",{more}'
                f'"dynamodb":{{"ApproximateCreationDateTime":1795000000,{body},'
                f'"SequenceNumber":"{self.sequence}"}}}}')

    def insert(self, key: str, members: str = "", **image) -> str:
        new = self.image(key, members, **image)
        return self.event(f'"Keys":{{"transaction_id":{{"S":"{key}"}}}},"NewImage":{new}')

    def add(self, name, record, transform, ingest=None, **more):
        data = record if isinstance(record, bytes) else record.encode()
        assert b"\n" not in data, name
        assert all(kind.name != name for kind in self.kinds), name
        self.kinds.append(Kind(name, data, transform, ingest or transform, **more))

    def value(self, name: str, value: str, error: str = "invalid-attribute"):
        """An error because of one attribute value."""
        self.add(name, self.insert(name, f'"odd":{value}'), error)

    def broken(self, name: str, old: str, new: str, error: str = "invalid-json"):
        """A good record with one piece of its text replaced."""
        good = self.insert(name, '"user_id":{"S":"mark"},"price":{"N":"1.5"}')
        assert old in good, name
        self.add(name, good.replace(old, new, 1), error)

    def fine(self, name: str, members: str = "", rescued: str | None = None, **cells):
        self.add(name, self.insert(name, members), ROW, key=name, rescued=rescued, cells=cells)


def nested(levels: int, kind: str) -> str:
    text = '{"S":"deep"}'
    for level in range(levels):
        as_list = kind == "L" or (kind == "mixed" and level % 2)
        text = f'{{"L":[{text}]}}' if as_list else f'{{"M":{{"m":{text}}}}}'
    return text


def add_broken_json(corpus: Corpus):
    corpus.add("cut in a string", corpus.insert("cut")[:150], "invalid-json")
    good = corpus.insert("cut2", '"price":{"N":"1"}')
    corpus.add("cut after a colon", good[:good.index('"price":') + 8], "invalid-json")
    corpus.add("cut before the last brace", good[:-1], "invalid-json")
    corpus.add("cut inside a number set", corpus.insert("x", '"s":{"NS":["1","2"]}').split('"2"')[0],
               "invalid-json")
    corpus.add("one brace too many", corpus.insert("brace") + "}", "invalid-json")
    corpus.add("text after the record", corpus.insert("after") + " x", "invalid-json")
    corpus.add("two records on a line", corpus.insert("two") + corpus.insert("records"), "invalid-json")
    corpus.broken("comma before a brace", '{"N":"1.5"}}', '{"N":"1.5"},}')
    corpus.broken("missing comma", '"mark"},', '"mark"}')
    corpus.broken("missing colon", '"price":', '"price"')
    corpus.broken("single quotes", '"mark"', "'mark'")
    corpus.broken("name without quotes", '"price"', "price")
    corpus.broken("comment", '"price"', '/* c */"price"')
    corpus.broken("unknown escape", "mark", "\\q")
    corpus.broken("short unicode escape", "mark", "\\u12")
    corpus.broken("lone high surrogate", "mark", "\\ud83d")
    corpus.broken("lone low surrogate", "mark", "\\ude00")
    corpus.broken("reversed surrogates", "mark", "\\ude00\\ud83d")
    corpus.broken("tab in a string", "mark", "a\tb")
    corpus.broken("array closed by a brace", '"eventVersion":"1.1"', '"eventVersion":[1}')
    corpus.broken("misspelt literal", '"eventVersion":"1.1"', '"eventVersion":tru')
    corpus.broken("NaN", '"eventVersion":"1.1"', '"eventVersion":NaN')
    corpus.broken("number with a leading zero", '"eventVersion":"1.1"', '"eventVersion":011')
    corpus.broken("number that ends with its point", '"eventVersion":"1.1"', '"eventVersion":1.')
    corpus.broken("number with a plus", '"eventVersion":"1.1"', '"eventVersion":+1')
    corpus.broken("form feed as white space", '"eventVersion"', '\f"eventVersion"')
    for name, wrong in (("byte FF", b"\xff"), ("overlong UTF-8", b"\xc0\xaf"),
                        ("surrogate in UTF-8", b"\xed\xa0\x80"), ("beyond U+10FFFF", b"\xf4\x90\x80\x80"),
                        ("cut UTF-8 character", b"\xe2\x82"), ("NUL byte", b"\0")):
        data = corpus.insert(name, '"user_id":{"S":"mark"}').encode().replace(b"mark", wrong)
        corpus.add(name, data, "invalid-json")
    corpus.add("UTF-16", corpus.insert("utf16").encode("utf-16-le"), "invalid-json")


def add_base64(corpus: Corpus):
    def encoded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    corpus.add("plain words", "hello, this is no record", "invalid-base64")
    corpus.add("log line with a number", "12345 GET /index.html", "invalid-base64")
    corpus.add("base64 without its padding", encoded(corpus.insert("pad") + " ").rstrip("="),
               "invalid-base64")
    corpus.add("base64 with a wrong character", encoded(corpus.insert("char")).replace("e", "*", 1),
               "invalid-base64")
    corpus.add("base64 for URLs", base64.urlsafe_b64encode(b"{\"\xfb\xff\xfe>>>???\"").decode(),
               "invalid-base64")
    corpus.add("base64 of words", encoded("no JSON in here"), "invalid-base64")
    corpus.add("base64 of a cut record", encoded(corpus.insert("cut64")[:-2]), "invalid-json")
    corpus.add("array instead of a record", "[" + corpus.insert("array") + "]", "invalid-base64")
    corpus.add("text instead of a record", '"record"', "invalid-base64")
    corpus.add("byte order mark", b"\xef\xbb\xbf" + corpus.insert("bom").encode(), "invalid-base64")


def add_shapes(corpus: Corpus):
    corpus.add("empty object", "{}", "unknown-shape")
    corpus.add("some other JSON", '{"level":"info","message":"started"}', "unknown-shape")
    corpus.add("dynamodb is null", '{"eventName":"INSERT","dynamodb":null}', "unknown-shape")
    corpus.add("dynamodb is an array", '{"eventName":"INSERT","dynamodb":[]}', "unknown-shape")
    corpus.add("image is an array", corpus.event('"NewImage":[1]'), "unknown-shape")
    corpus.add("event name is a number", corpus.event('"NewImage":{}', "5"), "unknown-shape")
    corpus.add("event name is null", corpus.event('"NewImage":{}', "null"), "unknown-event")
    corpus.add("event name in small letters", corpus.event('"NewImage":{}', '"insert"'), "unknown-event")
    corpus.add("unknown event name", corpus.event('"NewImage":{}', '"UPSERT"'), "unknown-event")
    image = corpus.image("image")
    corpus.add("no event name", corpus.event('"NewImage":{}').replace('"eventName"', '"event"'),
               "unknown-event")
    corpus.add("INSERT without its image", corpus.event(f'"OldImage":{image}'), "no-image")
    corpus.add("REMOVE without its image", corpus.event(f'"NewImage":{image}', '"REMOVE"'), "no-image")
    corpus.add("keys only", corpus.event('"Keys":{"transaction_id":{"S":"k"}}', '"MODIFY"'), "no-image")
    for name, sequence in (("sequence number is empty", '""'), ("sequence number with letters", '"12ab"'),
                           ("sequence number is null", "null"), ("sequence number of 41 digits", f'"{"1" * 41}"')):
        record = corpus.insert(name)
        corpus.add(name, record.replace(f'"{corpus.sequence}"}}}}', sequence + "}}"), "no-order")
    corpus.add("creation time is text", corpus.insert("time").replace("1795000000", '"today"'), "no-order")
    kinesis = ('{{"eventID":"e","eventName":"INSERT","recordFormat":"application/json","dynamodb":'
               '{{"NewImage":{}{}}}}}')
    corpus.add("Kinesis shape without a time", kinesis.format(image, ""), "no-order")
    corpus.add("Kinesis shape with an unknown precision", kinesis.format(
        image, ',"ApproximateCreationDateTime":1795000000000,'
               '"ApproximateCreationDateTimePrecision":"NANOSECOND"'), "no-order")
    corpus.add("the other record shape", kinesis.format(
        corpus.image("other shape"), ',"ApproximateCreationDateTime":1795000000000'), ROW, "wrong-shape",
        key="other shape")


def add_attribute_values(corpus: Corpus):
    for name, value in (
            ("unknown type", '{"D":"1"}'), ("type in small letters", '{"s":"x"}'), ("no type", "{}"),
            ("two types", '{"S":"x","N":"1"}'), ("bare number", "12"), ("bare text", '"x"'),
            ("bare null", "null"), ("N is a JSON number", '{"N":12}'), ("N is words", '{"N":"twelve"}'),
            ("N is empty", '{"N":""}'), ("N with a blank", '{"N":" 1"}'), ("N in hexadecimal", '{"N":"0x1F"}'),
            ("N is NaN", '{"N":"NaN"}'), ("N is Infinity", '{"N":"-Infinity"}'),
            ("N with a comma", '{"N":"1,5"}'), ("S is a number", '{"S":5}'), ("S is null", '{"S":null}'),
            ("B is no base64", '{"B":"%%%"}'), ("B of a wrong length", '{"B":"AAE"}'),
            ("BOOL is text", '{"BOOL":"true"}'), ("BOOL is a number", '{"BOOL":1}'),
            ("NULL is false", '{"NULL":false}'), ("M is an array", '{"M":[]}'), ("L is an object", '{"L":{}}'),
            ("L holds a bare value", '{"L":["x"]}'), ("M holds a bare value", '{"M":{"a":1}}'),
            ("SS holds a number", '{"SS":["a",1]}'), ("NS holds words", '{"NS":["1","two"]}'),
            ("BS holds no base64", '{"BS":["AAE=","!"]}'), ("SS is text", '{"SS":"a"}')):
        corpus.value(name, value)
    corpus.value("33 levels of maps", nested(33, "M"), "too-deep")
    corpus.value("33 levels of lists", nested(33, "L"), "too-deep")
    corpus.value("33 mixed levels", nested(33, "mixed"), "too-deep")
    corpus.add("100,000 open brackets", corpus.event('"NewImage":{}', more='"x":' + "[" * 100_000 + ","),
               "too-deep")
    key = "bad old image"
    corpus.add(key, corpus.event(f'"NewImage":{corpus.image(key)},"OldImage":{{"a":{{"N":"x"}}}}',
                                 '"MODIFY"'), "invalid-attribute")


def add_duplicates_and_size(corpus: Corpus):
    corpus.add("attribute twice", corpus.insert("a", '"x":{"S":"1"},"x":{"S":"2"}'), "duplicate-key")
    corpus.add("attribute twice by an escape", corpus.insert("b", '"x":{"S":"1"},"\\u0078":{"S":"2"}'),
               "duplicate-key")
    corpus.add("map member twice", corpus.insert("c", '"x":{"M":{"a":{"S":"1"},"a":{"S":"1"}}}'),
               "duplicate-key")
    corpus.add("image twice", corpus.event('"NewImage":{},"NewImage":{}'), "duplicate-key")
    corpus.add("event name twice", corpus.event('"NewImage":{}', '"INSERT","eventName":"REMOVE"'),
               "duplicate-key")
    corpus.add("record of 17 MiB", corpus.insert("big", f'"user_id":{{"S":"{"x" * (17 << 20)}"}}'),
               "too-large")


def add_missing_keys(corpus: Corpus):
    """Good records that no table of ours can take."""
    time = f'"timestamp":{{"S":"{TIME}"}}'
    corpus.add("no key", corpus.event(f'"NewImage":{{{time},"user_id":{{"S":"no key"}}}}'), ROW, "no-key")
    corpus.add("empty key", corpus.insert(""), ROW, "no-key")
    record = corpus.insert("number key").replace('{"S":"number key"}', '{"N":"7"}')
    corpus.add("key is a number", record, ROW, "no-key")
    for name, value in (("time is no time", '{"S":"soon"}'), ("time is a number", '{"N":"5"}'),
                        ("time is NULL", '{"NULL":true}'), ("day 30 of February", '{"S":"2026-02-30"}'),
                        ("year 0000", '{"S":"0000-01-01T00:00:00Z"}')):
        corpus.add(name, corpus.insert(name, time=value), ROW, "no-partition", key=name)
    corpus.add("no time", corpus.event('"NewImage":{"transaction_id":{"S":"no time"}}'), ROW,
               "no-partition", key="no time")


def add_rescued(corpus: Corpus):
    for name, attribute, value in (
            ("39 digits", "price", '{"N":"123456789012345678901234567890123456789"}'),
            ("19 decimals", "price", '{"N":"0.1234567890123456789"}'),
            ("number too large for its column", "quantity", '{"N":"1E+125"}'),
            ("number too small for its column", "quantity", '{"N":"1E-130"}'),
            ("text in a decimal column", "price", '{"S":"12.5"}'),
            ("BOOL in a decimal column", "price", '{"BOOL":true}'),
            ("number in a text column", "exchange", '{"N":"1.50"}'),
            ("map in a text column", "exchange", '{"M":{"b":{"S":"2"},"a":{"S":"1"}}}'),
            ("set in a text column", "exchange", '{"SS":["b","a"]}'),
            ("binary in a text column", "exchange", '{"B":"AAE="}')):
        corpus.fine(name, f'"{attribute}":{value}', f'{{"{attribute}":{value}}}', **{attribute: "\\N"})
    corpus.add("time finer than a microsecond", corpus.insert(
        "fine time", time='{"S":"2026-11-20T10:00:00.0000001Z"}'), ROW, key="fine time",
        rescued='{"timestamp":{"S":"2026-11-20T10:00:00.0000001Z"}}',
        cells={"timestamp": "\\N", "event_date": DAY})
    for name, attribute in (
            ("name that is SQL", "x; DROP TABLE t--"), ("empty name", ""), ("name with a digit first", "1st"),
            ("name in another alphabet", "цена"), ("emoji name", "💰"), ("name with a dot", "a.b"),
            ("name of a meta column", "_hoodie_record_key"), ("name of our column", "event_date"),
            ("name of _rescued", "_rescued"), ("name that differs by case only", "PRICE"),
            ("name of 300 letters", "n" * 300), ("name that climbs directories", "../../etc/passwd"),
            ("name of a row line member", "change_time")):
        taken = attribute != "change_time"
        rescued = f'{{"{attribute}":{{"S":"v"}}}}' if taken else None
        corpus.fine(name, f'"{attribute}":{{"S":"v"}}', rescued)
    corpus.fine("name with quotes and a line end", '"q\\"\\n":{"S":"v"}', '{"q\\"\\n":{"S":"v"}}')
    corpus.fine("several values that do not fit", '"price":{"S":"x"},"b-c":{"N":"1"},"B":{"N":"2"}',
                '{"b-c":{"N":"1"},"price":{"S":"x"}}')


def add_odd_but_good(corpus: Corpus):
    corpus.fine("string of 1 MB", f'"wallet_address":{{"S":"{"w" * 1_000_000}"}}', wallet_address="w" * 1_000_000)
    corpus.fine("38 digits", '"price":{"N":"-12345678901234567890.123456789012345678"}',
                price="-12345678901234567890.123456789012345678")
    corpus.fine("number with an exponent", '"price":{"N":"1.5E+3"}', price="1500.000000000000000000")
    corpus.fine("number with plus and zeros", '"price":{"N":"+007.50"}', price="7.500000000000000000")
    corpus.fine("number without an integer part", '"price":{"N":"-.5"}', price="-0.500000000000000000")
    corpus.fine("zeros beyond the column's scale", '"price":{"N":"1.50000000000000000000000000"}',
                price="1.500000000000000000")
    corpus.fine("escapes and emoji", '"user_id":{"S":"\\u00e9\\n\\"\\\\\\/\\ud83d\\ude00 ₿"}', user_id='é\n"\\/😀 ₿')
    corpus.fine("32 levels", f'"deep_map":{nested(32, "M")}', deep_map='{"m":' * 32 + '"deep"' + "}" * 32)
    corpus.fine("empty text", '"user_id":{"S":""}', user_id="")
    corpus.fine("NULL", '"user_id":{"NULL":true},"never_seen":{"NULL":true}', user_id="\\N")
    corpus.fine("empty containers", '"e_map":{"M":{}},"e_list":{"L":[]},"e_set":{"SS":[]}', e_map="{}", e_list="[]",
                e_set="[]")
    corpus.fine("all types", '"t_bool":{"BOOL":true},"t_set":{"NS":["10","9","1E2"]},"t_list":{"L":[{"NULL":true},'
                '{"BS":["AQ==","AA=="]},{"N":"-0"}]}', t_bool="True", t_set="[9,10,1E2]",
                t_list='[null,["AA==","AQ=="],-0]')
    name = "white space everywhere"
    spaced = json.dumps(json.loads(corpus.insert(name)), indent=1).replace("\n", " \t\r")
    corpus.add(name, f"\t {spaced} ", ROW, key=name)
    name = "members in reverse order"
    event = json.loads(corpus.insert(name))
    event["dynamodb"] = dict(reversed(event["dynamodb"].items()))
    corpus.add(name, json.dumps(dict(reversed(event.items()))), ROW, key=name)
    name = "unknown members"
    more = '"x":{"y":[1,-2.5e3,null,true,"\\u0041",{"z":[]}]},"eventSource":"aws:dynamodb",'
    body = f'"NewImage":{corpus.image(name)},"SizeBytes":5'
    corpus.add(name, corpus.event(body, more=more), ROW, key=name)
    name = "escaped member names"
    record = corpus.insert(name, '"user_id":{"S":"u"}')
    record = record.replace('"eventName"', '"event\\u004eame"').replace('"user_id":{"S"', '"user\\u005fid":{"\\u0053"')
    corpus.add(name, record, ROW, key=name, cells={"user_id": "u"})
    name = "base64 of a record"
    corpus.add(name, base64.b64encode(corpus.insert(name).encode()), ROW, key=name)
    name = "carriage return before the line end"
    corpus.add(name, corpus.insert(name) + "\r", ROW, key=name)


def add_replays(corpus: Corpus):
    name = "old change"
    stale = corpus.insert(name, '"user_id":{"S":"old"}')
    fresh = corpus.insert(name, '"user_id":{"S":"new"}')
    corpus.add(name, fresh, ROW, key=name, cells={"user_id": "new"})
    corpus.add("the same change again", fresh, ROW, "duplicate", key=name)
    corpus.add("an older change", stale, ROW, "stale", key=name)


def make() -> list[Kind]:
    """All kinds, in the order in which they stand in the file."""
    corpus = Corpus()
    corpus.fine("a good record")
    for add in (add_broken_json, add_base64, add_shapes, add_attribute_values, add_duplicates_and_size,
                add_missing_keys, add_rescued, add_odd_but_good, add_replays):
        add(corpus)
    return corpus.kinds


def write(path) -> list[Kind]:
    """Write the corpus, one record a line."""
    kinds = make()
    with open(path, "wb") as file:
        for kind in kinds:
            file.write(kind.record + b"\n")
    return kinds


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for made in make():
            print(f"{made.name:42} transform: {made.transform:18} ingest: {made.ingest}")
    else:
        write(sys.argv[1])
