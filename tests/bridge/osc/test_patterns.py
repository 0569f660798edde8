import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.addresses import Table
from bridge.osc.patterns import MAX_PATTERN, Pattern, PatternIndex, is_pattern
from bridge.osc.wire import OscError


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("/a/b", ["/a/b"], ["/a", "/a/b/c", "/a/bb", "/b"]),
        ("/a?c", ["/abc", "/a-c"], ["/ac", "/a/c", "/abbc"]),
        ("/*", ["/a", "/abc", "/"], ["/a/b"]),
        ("/a*c/d", ["/ac/d", "/abc/d", "/accc/d"], ["/a/c/d", "/ab/d", "/abc/de"]),
        ("/*a*a*", ["/aa", "/xaxax"], ["/a", "/xax"]),
        ("/[a-c]x", ["/ax", "/bx", "/cx"], ["/dx", "/x", "/abx"]),
        ("/[c-a]", ["/b"], ["/d"]),
        ("/[!a-c]x", ["/dx", "/-x"], ["/ax", "//x", "/x"]),
        ("/[a-]", ["/a", "/-"], ["/b"]),
        ("/[a!]", ["/a", "/!"], ["/b"]),
        ("/{one,two}/x", ["/one/x", "/two/x"], ["/on/x", "/onetwo/x", "/one,two/x", "/x"]),
        ("/{a,ab}{c,bc}", ["/ac", "/abc", "/abbc"], ["/a", "/ab", "/abcc"]),
        ("/x{,y}z", ["/xz", "/xyz"], ["/xyyz"]),
        ("/{a,b}*", ["/a", "/axx", "/b"], ["/c"]),
        ("/*{a,b}", ["/a", "/xxb"], ["/ax"]),
        ("//b", ["/b", "/a/b", "/a/a/b"], ["/bb", "/b/a", "/ab"]),
        ("/a//b", ["/a/b", "/a/x/b", "/a/x/y/b"], ["/ab", "/a/xb", "/a"]),
        ("/a//", ["/a/b", "/a/b/c"], ["/b/c", "/a"]),
        ("//", ["/a", "/a/b"], []),
        ("*", ["/a", "/a/b/c"], []),
        ("//{note,state}//*t", ["/music/note/out", "/note/out"], ["/music/note/in"]),
    ],
)
def test_matches(pattern, matching, other):
    compiled = Pattern(pattern)
    assert [path for path in matching if not compiled.matches(path)] == []
    assert [path for path in other if compiled.matches(path)] == []


@pytest.mark.parametrize(
    "text", ["a", "", "/[a", "/{a", "/a]", "/a}", "/" + "a" * MAX_PATTERN, "/" + "{}" * 17, "/[é-ü]"]
)
def test_no_pattern(text):
    with pytest.raises(OscError):
        Pattern(text)


@given(st.text("ab/", max_size=12), st.text("ab/?*[]!-{},", max_size=24))
def test_any_text_compiles_or_raises(path, text):
    try:
        Pattern("/" + text).matches("/" + path)
    except OscError as error:
        assert str(error)


@given(
    st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
)
def test_a_plain_address_matches_itself_only(path):
    assert not is_pattern(path)
    assert Pattern(path).matches(path)
    assert not Pattern(path).matches(path + "x")
    assert Pattern("//").matches(path)


@pytest.mark.parametrize(
    "text", ["/" + "*" * 40, "/" + "*a" * 40, "/*" * 40, "//" + "*e*" * 40, "//*{a,e,}" * 16, "//" + "*?" * 120]
)
def test_forty_stars_take_no_time(text):
    paths = [*Table().entries, *(f"/frames/model_with_a_name/parameter_{number}" for number in range(100))]
    index = PatternIndex(paths)
    seconds = []
    for _ in range(3):
        index.expand.cache_clear()
        began = time.thread_time()  # the machine may be busy
        index.expand(text)
        seconds.append(time.thread_time() - began)
    assert min(seconds) < 0.1  # seconds, where trying every way would take hours


def test_the_index_keeps_the_order():
    assert PatternIndex(["/b", "/a", "/c/d"]).expand("/?") == ("/b", "/a")
