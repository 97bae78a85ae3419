"""The pages in headless Chromium: uploaded, watched, deleted; nothing is asked of any other host."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import pictures
from eventually import eventually
from safelight_process import REPOSITORY, run_command

SCREENSHOTS = REPOSITORY / "build/screenshots"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
         "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars", "--window-size=1280,1000")
DRIVER = Path(shutil.which("chromedriver") or "/usr/bin/chromedriver")


class Page:
    """A tab on one server, with words for what the tests do."""

    def __init__(self, driver, server):
        self.driver = driver
        self.server = server

    def open(self, path="/"):
        self.driver.get(self.server.url + path)

    def until(self, condition, timeout_s=20):
        return WebDriverWait(self.driver, timeout_s, 0.05).until(lambda _: condition())

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def click(self, element):
        """Brought into view at once; the page itself would glide there."""
        self.script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def press(self, key):
        ActionChains(self.driver).send_keys(key).perform()

    def choose(self, *files):
        self.one("#file").send_keys("\n".join(map(str, files)))

    def cards(self, state):
        return self.all(f'.card[data-state="{state}"]')

    def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def console(self):
        """Errors and warnings of the page; an answer of 4xx that the page deals with is none."""
        return [entry for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING") and "status of 4" not in entry["message"]]

    def requests(self):
        """The address of everything that the browser asked for."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                yield message["params"]["request"]["url"]


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER), env={**os.environ, "no_proxy": "*"}))
    yield driver
    driver.quit()


@pytest.fixture
def page(driver, start_server):
    page = Page(driver, start_server())
    driver.set_window_size(1280, 1000)
    driver.get_log("browser"), driver.get_log("performance")  # what went before
    page.open()
    yield page
    assert page.console() == []
    foreign = [url for url in page.requests() if not url.startswith((page.server.url, "blob:", "data:"))]
    assert foreign == []
    driver.get("about:blank")  # ends the connections to the server


@pytest.fixture
def picture_file(tmp_path):
    path = tmp_path / "a photo.jpg"
    path.write_bytes(pictures.make("jpeg", (640, 480), orientation=6))
    return path


def test_upload_watch_and_delete(page, picture_file):
    page.until(lambda: page.one("#empty").is_displayed())
    page.screenshot("1-empty")
    # Every text that is announced is kept, to be looked at afterwards.
    page.script("""window.said = [];
        new MutationObserver(() => said.push(document.getElementById("announcer").textContent))
            .observe(document.getElementById("announcer"), {childList: true});""")
    page.choose(picture_file)
    page.until(lambda: page.cards("processed"))
    card = page.cards("processed")[0]
    thumbnail = card.find_element(By.TAG_NAME, "img")
    page.until(lambda: page.script("return arguments[0].complete && arguments[0].naturalWidth", thumbnail) == 100)
    assert thumbnail.get_attribute("alt") == "Thumbnail of a photo.jpg"
    assert "/variants/thumbnail" in thumbnail.get_attribute("src")
    facts = card.find_element(By.TAG_NAME, "dl").text
    data = picture_file.read_bytes()
    for fact in ("image/jpeg", "640 × 480", f"{len(data):,} bytes", pictures.sha256(data), "Frames\n1", "Alpha\nno"):
        assert fact in facts, (fact, facts)
    said = page.script("return said")
    assert any("Uploading" in text for text in said) and any("uploaded" in text for text in said), said
    assert said[-1] == "a photo.jpg: ready"
    page.screenshot("2-ready")

    delete = card.find_element(By.CSS_SELECTOR, ".delete")
    page.click(delete)
    page.until(lambda: page.one("#confirm").is_displayed())
    page.one('#confirm button[value="keep"]').click()
    assert page.cards("processed")
    delete.click()
    page.until(lambda: page.one("#confirm").is_displayed())
    page.one('#confirm button[value="delete"]').click()
    page.until(lambda: not page.all(".card"))
    assert page.server.client().get("/v1/jobs").json()["items"] == []


def test_a_thumbnail_that_has_expired_is_shown(driver, start_server):
    server = start_server({"SAFELIGHT_RETENTION_INTERVAL": "100ms", "SAFELIGHT_RETENTION_EXPIRE_VARIANTS_AFTER": "2s"})
    client = server.client()
    answer = client.upload(pictures.make("jpeg", (640, 480)), variants="thumbnail", headers={"Prefer": "wait=30"})
    job = answer.json()["id"]
    eventually(lambda: client.get(f"/v1/jobs/{job}").json()["image"]["variants"][0]["status"] == "expired", timeout_s=30)
    page = Page(driver, server)
    page.open()
    page.until(lambda: page.cards("processed"))
    thumbnail = page.cards("processed")[0].find_element(By.TAG_NAME, "img")
    page.until(lambda: page.script("return arguments[0].complete && arguments[0].naturalWidth", thumbnail) == 100)
    driver.get("about:blank")


def test_with_an_api_key(driver, start_server, picture_file):
    """The page asks for the key that the server asks for, and shows what a link could not fetch."""
    server = start_server({"SAFELIGHT_ACCESS": "keys"})
    made = run_command("key", "create", "page", "--scope", "images:read", "--scope", "images:write",
                       settings={"SAFELIGHT_DATA": server.data}, cwd=server.folder)
    key = made.stdout.strip()
    driver.get_log("browser"), driver.get_log("performance")
    page = Page(driver, server)
    page.open()
    page.until(lambda: page.one("#key-form").is_displayed())
    page.screenshot("6-key")
    page.one("#key").send_keys("sl_live_wrong", Keys.ENTER)
    page.until(lambda: "no API key" in page.one("#list-notice").text)
    page.one("#key").send_keys("sl_live_" + "0" * 46, Keys.ENTER)
    page.until(lambda: "no API key" not in page.one("#list-notice").text and page.one("#key-form").is_displayed())
    page.one("#key").send_keys(key, Keys.ENTER)
    page.until(lambda: page.one("#empty").is_displayed() and not page.one("#key-form").is_displayed())
    page.choose(picture_file)
    page.until(lambda: page.cards("processed"))
    thumbnail = page.cards("processed")[0].find_element(By.TAG_NAME, "img")
    page.until(lambda: page.script("return arguments[0].complete && arguments[0].naturalWidth", thumbnail) == 100)
    assert thumbnail.get_attribute("src").startswith("blob:")
    page.one("#refresh").click()
    page.until(lambda: page.cards("processed"))
    page.one("#forget-key").click()
    page.until(lambda: page.one("#key-form").is_displayed() and not page.cards("processed"))
    assert page.console() == []
    assert not any("sl_live_" in url for url in page.requests())
    page.script("sessionStorage.clear()")
    driver.get("about:blank")


def test_progress_is_shown_while_bytes_are_sent(page, tmp_path):
    large = tmp_path / "large.png"
    large.write_bytes(pictures.noise((2000, 2000)))
    # A slow line; the page cannot tell it from a real one.
    page.driver.set_network_conditions(offline=False, latency=5, download_throughput=10_000_000,
                                       upload_throughput=6_000_000)
    try:
        page.script("""window.seen = [];
            new MutationObserver(() => document.querySelectorAll(".bar:not([hidden])").forEach((bar) => seen.push(bar.value)))
                .observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});""")
        page.choose(large)
        page.until(lambda: any(0 < value < 100 for value in page.script("return seen")))
        page.screenshot("3-uploading")
        page.until(lambda: page.cards("processed"), 60)
        seen = page.script("return seen")
        assert seen == sorted(seen) and len(set(seen)) > 2
    finally:
        page.driver.delete_network_conditions()


def test_an_upload_is_called_off(page, tmp_path):
    large = tmp_path / "large.png"
    large.write_bytes(pictures.noise((2000, 2000)))
    page.driver.set_network_conditions(offline=False, latency=5, download_throughput=10_000_000,
                                       upload_throughput=1_000_000)
    try:
        page.choose(large)
        page.until(lambda: page.cards("uploading"))
        page.one(".card .actions button").click()
        page.until(lambda: not page.all(".card"))
    finally:
        page.driver.delete_network_conditions()
    assert page.server.client().get("/v1/jobs").json()["items"] == []


def test_several_at_once_and_one_that_is_none(page, tmp_path):
    files = []
    for index, format in enumerate(("jpeg", "png", "gif", "webp", "tiff", "avif", "heic")):
        files.append(tmp_path / f"{index}.{format}")
        files[-1].write_bytes(pictures.make(format, (200 + index, 150)))
    files.append(tmp_path / "notes.jpg")
    files[-1].write_bytes(b"these are notes, and no picture" * 10)
    page.choose(*files)
    page.until(lambda: len(page.cards("processed")) == 7 and page.cards("failed"))
    problem = page.cards("failed")[0].text
    assert "Unsupported image format" in problem and "not accepted" in problem and "Request " in problem
    page.script("window.scrollTo(0, 0)")
    page.screenshot("4-several")
    page.driver.set_window_size(400, 900)
    page.screenshot("5-narrow")
    wide = page.script("""return [...document.querySelectorAll("body *")].filter(
        (element) => element.getBoundingClientRect().right > document.documentElement.clientWidth
            && !element.closest(".visually-hidden, pre")).map((element) => element.outerHTML.slice(0, 200))""")
    assert wide == [], "nothing sticks out sideways"
    page.click(page.cards("failed")[0].find_element(By.TAG_NAME, "button"))
    page.until(lambda: not page.cards("failed"))
    page.open()
    page.until(lambda: len(page.cards("processed")) == 7)


def test_dropping_and_pasting(page):
    bytes_of = list(pictures.make("png", (50, 40)))
    event = """const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(arguments[0])], arguments[1], {type: "image/png"}));
        document.body.dispatchEvent(new %s);"""
    page.script(event % 'DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: files})', bytes_of, "dropped.png")
    page.until(lambda: page.cards("processed"))
    page.script(event % 'ClipboardEvent("paste", {bubbles: true, clipboardData: files})', bytes_of, "pasted.png")
    page.until(lambda: len(page.cards("processed")) == 2)
    assert {card.find_element(By.CLASS_NAME, "name").text for card in page.cards("processed")} == {"dropped.png", "pasted.png"}


def test_a_failed_job_says_why(page, tmp_path):
    broken = tmp_path / "broken.jpg"
    whole = pictures.noise((400, 400), format="jpeg")
    broken.write_bytes(whole[:len(whole) // 2])
    page.choose(broken)
    page.until(lambda: page.cards("failed"))
    assert page.cards("failed")[0].find_element(By.CLASS_NAME, "problem").text


def test_older_pictures_come_on_demand(page):
    client = page.server.client()
    for index in range(23):
        client.upload(pictures.make("png", (9, 9 + index)), f"{index}.png", variants="")
    page.open()
    page.until(lambda: len(page.all(".card")) == 20)
    page.click(page.one("#more"))
    page.until(lambda: len(page.all(".card")) == 23)
    assert not page.one("#more").is_displayed()


def test_the_server_goes_away(page, picture_file):
    page.server.stop()
    page.choose(picture_file)
    page.until(lambda: page.cards("failed"))
    assert "cannot be reached" in page.cards("failed")[0].text
    page.driver.get_log("browser")  # the browser's own word on the refused connection


def test_by_keyboard_alone(page, picture_file):
    page.choose(picture_file)
    page.until(lambda: page.cards("processed"))
    page.script("document.activeElement.blur(); window.scrollTo(0, 0)")
    order = []
    for _ in range(20):
        page.press(Keys.TAB)
        focused = page.driver.switch_to.active_element
        order.append(focused.get_attribute("id") or focused.get_attribute("class") or focused.text)
        outline = page.script("""const e = document.activeElement; const own = getComputedStyle(e);
            const label = e.labels && e.labels[0] && getComputedStyle(e.labels[0].querySelector(".tray-action"));
            return (label || own).outlineStyle""")
        assert outline != "none", f"focus does not show on {order[-1]}"
        if "delete" in order[-1]:
            break
    assert order[0] == "skip" and "file" in order and "quiet delete" in order, order
    page.press(Keys.ENTER)
    page.until(lambda: page.one("#confirm").is_displayed())
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.one("#confirm").is_displayed())
    assert page.cards("processed")
    assert "delete" in page.driver.switch_to.active_element.get_attribute("class"), "the focus is back where it was"


def test_everything_has_a_name(page, picture_file):
    """What a screen reader needs: names of controls, alternative texts, a language, one main heading, a live region."""
    page.choose(picture_file)
    page.until(lambda: page.cards("processed"))
    assert page.one("html").get_attribute("lang") == "en"
    assert len(page.all("h1")) == 1
    assert page.one("#announcer").get_attribute("aria-live") == "polite"
    for element in page.all("a, button, input, img, [role], pre[tabindex]"):
        if element.tag_name != "img" or element.is_displayed():
            name = element.accessible_name or element.get_attribute("alt")
            decorative = element.tag_name == "img" and element.get_attribute("alt") == ""
            assert name or decorative or element.get_attribute("id") == "announcer" or not element.is_displayed(), \
                element.get_attribute("outerHTML")


def test_motion_is_left_out_when_unwanted(page):
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    try:
        assert page.script("return getComputedStyle(document.getElementById('tray')).transitionDuration") in ("0s", "1e-05s")
        assert page.script("return getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def luminance(colour):
    channels = [int(colour[index:index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast():
    """WCAG 2.2 AA: 4.5 for every colour of text on every surface."""
    css = (REPOSITORY / "web/assets/style.css").read_text()
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
    for surface in ("ground", "surface", "raised"):
        for text in ("text", "muted", "accent", "alarm"):
            assert contrast(colours[text], colours[surface]) >= 4.5, (text, surface)
    for surface in ("accent", "alarm"):
        assert contrast(colours["on-accent"], colours[surface]) >= 4.5, surface


def test_the_recipe_works_as_it_stands(page, tmp_path):
    """What the page offers to copy, run in a shell."""
    import subprocess
    (tmp_path / "photo.jpg").write_bytes(pictures.make("jpeg", (300, 200)))
    recipe = page.script("return document.getElementById('recipe').textContent")
    assert page.server.url in recipe
    result = subprocess.run(["bash", "-euc", recipe], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert pictures.opened((tmp_path / "thumbnail.jpg").read_bytes()).size == (100, 67)


def test_links_lead_somewhere(page):
    client = page.server.client()
    for link in page.all("a[href]"):
        target = link.get_attribute("href")
        assert target.startswith(page.server.url + "/"), target
        path, _, fragment = target.removeprefix(page.server.url).partition("#")
        assert client.get(path).status == 200, target
        assert not fragment or page.all("#" + fragment), target


def test_api_docs(page):
    page.open("/api-docs")
    page.until(lambda: page.all(".opblock"))
    document = page.server.client().get("/openapi.json").json()
    shown = [*document["paths"].values(), *document["webhooks"].values()]
    operations = sum(method in item for item in shown for method in ("get", "post", "patch", "delete", "head", "options"))
    assert len(page.all(".opblock")) == operations
    page.screenshot("6-api-docs")
    block = next(block for block in page.all(".opblock") if block.text.replace("\n", " ").startswith("GET /healthz"))
    page.click(block.find_element(By.CSS_SELECTOR, ".opblock-summary-control"))
    page.click(page.until(lambda: block.find_elements(By.CSS_SELECTOR, "button.execute"))[0])
    page.until(lambda: block.find_elements(By.CSS_SELECTOR, ".live-responses-table .response-col_status"))
    assert "200" in block.find_element(By.CSS_SELECTOR, ".live-responses-table").text


def test_problem_pages(page):
    page.open("/problems/unsupported-image")
    assert "Unsupported image format" in page.one("h1").text
    page.one("a[href='/api-docs']")


def test_nothing_is_inline():
    """A strict Content-Security-Policy holds: no script, style or handler stands in a page."""
    for path in (REPOSITORY / "web").glob("**/*.html"):
        if "node_modules" in path.parts:
            continue
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text), path
        assert not re.search(r"(src|href)=\"(https?:)?//", text), path
