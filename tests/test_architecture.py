"""Who may include whom: the table in ARCHITECTURE.md against the #include lines and the link lines."""

import re
from pathlib import Path

import pytest

from safelight_process import REPOSITORY

SOURCES = REPOSITORY / "src"
EVERY_ROOM = {"base", "telemetry"}
EVERYTHING = "everything"
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)

# What comes from outside and is seen in one room only, or in two: the beginning of the header's name → the room.
OUTSIDE = {"boost/beast": "http", "vips/": "imaging", "jpeglib": "imaging", "turbojpeg": "imaging", "png.h": "imaging",
           "webp/": "imaging", "tiffio": "imaging", "libheif/": "imaging", "avif/": "imaging", "gif_lib": "imaging",
           "spdlog/": "telemetry", "prometheus/": "telemetry", "sqlite3": "catalog/sqlite", "libpq-fe": "catalog/postgres",
           "postgres_ext": "catalog/postgres", "hiredis/": "queue/redis", "curl/": ("blobs/s3", "outbound"), "pugixml": "blobs/s3",
           "rhonabwy": "access", "CLI/": "app"}
BACKENDS = {"blobs/filesystem", "blobs/memory", "blobs/s3", "catalog/postgres", "catalog/sqlite", "queue/catalog",
            "queue/redis", "renderer/direct"}


def table():
    """room → (what it may include, directly)."""
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    rows = re.search(r"<!-- rooms -->(.*?)<!-- /rooms -->", text, re.DOTALL).group(1).strip().splitlines()[2:]
    rooms = {}
    for row in rows:
        room, _, allowed = (cell.strip() for cell in row.strip("|").split("|"))
        rooms[room.strip("`")] = {name.strip(" `") for name in allowed.split(",")} - {"–"}
    return rooms


ROOMS = table()


def reachable(room):
    """What a room may include: itself, what the table says, what those may, and what every room may."""
    if EVERYTHING in ROOMS[room]:
        return set(ROOMS)
    found, waiting = set(), [room, *EVERY_ROOM]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += ROOMS[name]
    return found


def is_test(path):
    """Tests, and what is only for tests, may see more; they stand beside the code."""
    return path.name.endswith("_test.cc") or {"conformance", "testing"} & set(path.relative_to(SOURCES).parts)


def room_of(relative):
    """The deepest room that holds a path below src/."""
    parts = Path(relative).parts
    for depth in range(len(parts), 0, -1):
        if "/".join(parts[:depth]) in ROOMS:
            return "/".join(parts[:depth])
    return None


def code_files():
    return sorted(path for path in SOURCES.rglob("*") if path.suffix in (".h", ".cc") and not is_test(path))


def includes(path):
    """(is quoted, name) of each #include."""
    return [(mark == '"', name) for mark, name in INCLUDE.findall(path.read_text())]


def test_the_table_is_about_rooms_that_exist():
    for room, allowed in ROOMS.items():
        assert (SOURCES / room).is_dir(), room
        assert allowed <= set(ROOMS) | {EVERYTHING}, f"{room}: {allowed}"
    folders = {path.name for path in SOURCES.iterdir() if path.is_dir()}
    assert folders == {room for room in ROOMS if "/" not in room}


def test_the_table_has_no_circle():
    for room, allowed in ROOMS.items():
        for other in allowed - {EVERYTHING}:
            assert room in EVERY_ROOM or room not in reachable(other), f"{room} and {other} may include each other"


def test_every_file_belongs_to_a_room():
    assert code_files()
    for path in code_files():
        assert room_of(path.parent.relative_to(SOURCES)), path


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is(room):
    folder = SOURCES / room
    text = (folder / "README.md").read_text()
    assert len(text) > 80, f"{room}/README.md says little"


@pytest.mark.parametrize("room", ROOMS)
def test_includes_follow_the_table(room):
    allowed = reachable(room)
    faults = []
    for path in code_files():
        if room_of(path.parent.relative_to(SOURCES)) != room:
            continue
        for quoted, name in includes(path):
            target = room_of(Path(name).parent) if quoted else None
            if target and target not in allowed:
                faults.append(f"{path.relative_to(REPOSITORY)} includes {name}; {room} may include {sorted(allowed)}")
            if quoted and "/" not in name:
                faults.append(f"{path.relative_to(REPOSITORY)} includes {name} without its room")
    assert not faults, "\n".join(faults)


def link_lines():
    """room → the rooms that it links, from the CMakeLists.txt files; tests and conformance suites excepted."""
    links = {}
    for path in SOURCES.rglob("CMakeLists.txt"):
        text = re.sub(r"#.*", "", path.read_text())
        for body in re.findall(r"safelight_room\(([^)]*)\)", text):
            words = body.split()
            lists, current = {}, None
            for word in words[1:]:
                if word.isupper() and word.rstrip("_").isidentifier():
                    current = lists.setdefault(word, [])
                elif current is not None:
                    current.append(word)
            links[words[0]] = set(lists.get("LINKS", []))
        for target, kind, names in re.findall(r"target_link_libraries\(safelight_(\w+)\s+(INTERFACE)([^)]*)\)", text):
            room = target.replace("_", "/") if target.replace("_", "/") in ROOMS else target
            links[room] = {name.removeprefix("safelight_").replace("_", "/") for name in names.split()
                           if name.startswith("safelight_")}
    return links


@pytest.mark.parametrize("room", ROOMS)
def test_links_follow_the_table(room):
    links = link_lines()
    assert room in links, f"{room} has no library"
    # web/ holds the embedded pages: files, no code.
    assert links[room] - {"web"} <= reachable(room) - {room}, f"{room} links {sorted(links[room])}"


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_included_is_linked(room):
    links = link_lines()
    linked, waiting = set(), [room]
    while waiting:
        name = waiting.pop()
        if name not in linked:
            linked.add(name)
            waiting += links.get(name, ())
    for path in code_files():
        if room_of(path.parent.relative_to(SOURCES)) != room:
            continue
        for quoted, name in includes(path):
            target = room_of(Path(name).parent) if quoted else None
            assert target is None or target in linked, f"{path.relative_to(REPOSITORY)} includes {name}, not linked"


@pytest.mark.parametrize("beginning, room", OUTSIDE.items())
def test_libraries_from_outside_stay_in_their_room(beginning, room):
    rooms = room if isinstance(room, tuple) else (room,)
    for path in code_files():
        names = [name for quoted, name in includes(path) if not quoted and name.startswith(beginning)]
        own = room_of(path.parent.relative_to(SOURCES))
        assert not names or own in rooms, f"{path.relative_to(REPOSITORY)} includes {names}; only {room} may"


def test_beast_stays_in_few_files():
    """It costs more than ten seconds of compilation a file."""
    seen = [path for path in code_files() if any(name.startswith("boost/beast") for _, name in includes(path))]
    assert not [path for path in seen if path.suffix == ".h"], seen
    assert len(seen) <= 4, seen


def test_only_app_names_a_backend():
    for path in code_files():
        own = room_of(path.parent.relative_to(SOURCES))
        for quoted, name in includes(path):
            target = room_of(Path(name).parent) if quoted else None
            if target in BACKENDS:
                assert own in ("app", target), f"{path.relative_to(REPOSITORY)} includes {name}"


def lines_with(pattern):
    for path in code_files():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(pattern, line.split("//")[0]):
                yield path, number, line.strip()


def test_only_app_reads_the_environment():
    for path, number, line in lines_with(r"\b(getenv|secure_getenv|environ)\b"):
        assert room_of(path.parent.relative_to(SOURCES)) == "app", f"{path}:{number}: {line}"


def test_http_statuses_stand_in_one_table():
    """No error's status beside the table of the API and the server's own room; below the API no status at all."""
    faults = []
    for path, number, line in lines_with(r"\b[1-5]\d\d\b"):
        room = room_of(path.parent.relative_to(SOURCES))
        if room == "http" or path.name.startswith("problems"):
            continue
        is_class = re.search(r"[<>]=? [45]00\b", line)  # a class of statuses, not a status
        is_error = room == "api" and re.search(r"\b[45]\d\d\b", line) and not is_class
        is_below = room != "api" and re.search(r"\bstatus\w*\s*(=|==|\(|\{)\s*[1-5]\d\d\b", line)
        if is_error or is_below:
            faults.append(f"{path.relative_to(REPOSITORY)}:{number}: {line}")
    assert not faults, "\n".join(faults)


def test_files_fit_on_a_few_screens():
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix in (".h", ".cc"):
            assert len(path.read_text().splitlines()) <= 450, path
