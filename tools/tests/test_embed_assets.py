import gzip

import pytest

import embed_assets


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>" + "a" * 1000)
    (folder / "assets" / "app-Ab3_x-91.js").write_text("export {};\n")
    return folder


def embed(page, tmp_path):
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    return embed_assets.embed(page, out, "Page")


def test_names_each_file_by_its_url_in_order(page, tmp_path):
    source = embed(page, tmp_path)
    rows = [line.split('"')[1] for line in source.splitlines() if line.startswith('    {"')]
    assert rows == ["/", "/assets/app-Ab3_x-91.js"]


def test_compresses_what_gets_smaller(page, tmp_path):
    embed(page, tmp_path)
    packed = sorted((tmp_path / "out").glob("*.gz"))
    assert [path.name for path in packed] == ["Page_0.gz"]
    assert gzip.decompress(packed[0].read_bytes()) == (page / "index.html").read_bytes()


def test_gives_the_same_bytes_again(page, tmp_path):
    first = embed(page, tmp_path)
    packed = (tmp_path / "out" / "Page_0.gz").read_bytes()
    assert embed(page, tmp_path) == first
    assert (tmp_path / "out" / "Page_0.gz").read_bytes() == packed


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("assets/app-Ab3_x-91.js", True),
        ("assets/app.js", False),
        ("app-Ab3_x-91.js", False),
        ("index.html", False),
    ],
)
def test_knows_which_names_hold_a_hash(name, hashed):
    assert bool(embed_assets.HASHED_NAME.match(name)) == hashed


def test_says_what_to_do_without_a_page(tmp_path):
    with pytest.raises(embed_assets.EmbedError, match=r"run \./dev build"):
        embed(tmp_path / "nothing", tmp_path)


def test_refuses_what_has_no_content_type(page, tmp_path):
    (page / "movie.xyz").write_text("")
    with pytest.raises(embed_assets.EmbedError, match="no content type is known for '.xyz'"):
        embed(page, tmp_path)


def test_refuses_names_that_the_source_cannot_hold(page, tmp_path):
    (page / 'a"b.js').write_text("")
    with pytest.raises(embed_assets.EmbedError, match="quotes"):
        embed(page, tmp_path)
