"""What the exporter serves is whole, of one moment, and in the form that was asked for; and it says how it is."""

from __future__ import annotations

import gzip
import html
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count, cycle, product
from threading import Event

import pytest
import urllib3
from starlette.applications import Starlette
from starlette.routing import Route

from basewatch.family import Block, series_text
from exposition.page import ExpositionFormat
from tests.exposition.scraped import block, families_in, gauge, samples_in, text_in
from tests.fakes import NOON
from tests.programs import program
from tests.workflows.pages import PATIENCE, running, served, shown
from workflows.web.app import ServedPage
from workflows.web.metrics_endpoint import MetricsEndpoint

POOL = urllib3.PoolManager(maxsize=20, retries=False)
MANY = [series_text("aws_connections", [("function_name", f"function-{n:020d}")]) for n in range(6000)]
FORMATS = ["application/openmetrics-text", "text/plain"]


def generation(number: int) -> Block:
    """A page of 6,000 series that all have this value."""
    return Block(family=gauge(), series=MANY, values=[float(number)] * len(MANY))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of one page."""
    with served(ServedPage(shown(generation(1), block(gauge("b"), ({}, 2))))) as url:
        yield url


def get(url: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
    """The answer as it came over the wire."""
    return POOL.request(method, url, headers=headers, decode_content=False)


@pytest.mark.parametrize(("accept", "encoding"), list(product(FORMATS, ["gzip", "identity"])))
def test_a_scrape_says_what_it_is(url: str, accept: str, encoding: str) -> None:
    """Type, encoding and length are what the body has, and caches are told what it depends on."""
    answer = get(f"{url}/metrics", accept=accept, **{"accept-encoding": encoding})
    dialect = ExpositionFormat.OPENMETRICS if "openmetrics" in accept else ExpositionFormat.TEXT
    assert answer.status == 200
    assert answer.headers["content-type"] == dialect.value
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.headers["content-length"] == str(len(answer.data))
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    text = gzip.decompress(answer.data) if encoding == "gzip" else answer.data
    assert samples_in(families_in(text.decode(), dialect))["b", frozenset()] == 2


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_the_head_of_a_scrape_is_the_scrapes(url: str, encoding: str) -> None:
    """HEAD tells what GET would send, and sends nothing of it."""
    asked = {"accept-encoding": encoding}
    head, whole = get(f"{url}/metrics", "HEAD", **asked), get(f"{url}/metrics", **asked)
    assert head.data == b""
    assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}


def test_only_reading_is_possible(url: str) -> None:
    """Nothing can be sent to the page, and what there is not is not found."""
    assert get(f"{url}/metrics", "POST").status == 405
    assert get(f"{url}/nothing").status == 404


def test_curl_reads_the_compressed_page(url: str) -> None:
    """A reader that takes one gzip member and refuses what follows gets all of the page."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    read = subprocess.run(
        [program("curl"), "-sS", "--compressed", "--fail", f"{url}/metrics"], capture_output=True, check=True
    )
    assert read.stdout == get(f"{url}/metrics").data


def test_a_page_is_swapped_whole() -> None:
    """Whoever scrapes while pages change gets one of them: complete, in order, and never two at once."""
    pages = [shown(generation(10**number)) for number in range(4)]
    bodies = {text_in(body) for page in pages for body in page.page.values()}
    exposed, enough = ServedPage(pages[0]), Event()

    def swap() -> None:
        for page in cycle(pages):
            exposed.replace(page)
            if enough.wait(0.0002):
                return

    def scrape(number: int) -> str:
        accept, encoding = FORMATS[number % 2], ("gzip", "identity")[number // 2 % 2]
        answer = get(f"{url}/metrics", accept=accept, **{"accept-encoding": encoding})
        return (gzip.decompress(answer.data) if encoding == "gzip" else answer.data).decode()

    with served(exposed) as url, ThreadPoolExecutor(9) as threads:
        swapping = threads.submit(swap)
        try:
            scraped = set(threads.map(scrape, range(200)))
        finally:
            enough.set()
        swapping.result()
    assert scraped <= bodies
    assert len(scraped) > len(FORMATS)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_scrape_takes_one_page(encoding: str) -> None:
    """The length that is announced is that of what follows, even where every look finds a newer page."""
    pages = (shown(generation(10**number)).page for number in count())
    always_newer = Starlette(routes=[Route("/metrics", MetricsEndpoint(lambda: next(pages)))])
    with running(always_newer) as url:
        answers = [get(f"{url}/metrics", **{"accept-encoding": encoding}) for _ in range(2)]
    texts = [gzip.decompress(answer.data) if encoding == "gzip" else answer.data for answer in answers]
    assert texts == [gzip.decompress(shown(generation(10**n)).page[ExpositionFormat.TEXT].compressed) for n in range(2)]


def test_it_is_healthy_while_something_is_refreshed() -> None:
    """Once nothing was refreshed for too long it says so, and since when; a restart is what may help."""
    late = timedelta()
    exposed = ServedPage(shown(generation(1)))
    with served(exposed, lambda: NOON + late) as url:
        assert get(f"{url}/-/healthy").status == 200
        late = PATIENCE + timedelta(seconds=1)
        answer = get(f"{url}/-/healthy")
        assert (answer.status, answer.data) == (
            503,
            b"basewatch is not healthy: nothing was refreshed since 2026-03-02T12:00:00Z\n",
        )
        exposed.replace(shown(generation(2), at=NOON + late))
        assert get(f"{url}/-/healthy").status == 200


def test_it_is_ready_once_it_waits_for_nothing() -> None:
    """Until then it says what is missing."""
    exposed = ServedPage(shown(waiting_for="the first pass"))
    with served(exposed) as url:
        answer = get(f"{url}/-/ready")
        assert (answer.status, answer.data) == (503, b"basewatch is not ready: waiting for the first pass\n")
        exposed.replace(shown())
        assert get(f"{url}/-/ready").status == 200


def test_the_front_page_leads_everywhere() -> None:
    """A person who opens the address finds the pages that there are, and what is being waited for, as text."""
    exposed = ServedPage(shown(waiting_for="<script>alert(1)</script>"))
    with served(exposed) as url:
        front = get(f"{url}/")
        text = front.data.decode()
        links = [part.partition('"')[0] for part in text.split('href="')[1:]]
        assert [get(f"{url}/{link}").status for link in links] == [200, 200, 503]
    assert "<script>" not in text
    assert "waiting for <script>alert(1)</script>" in html.unescape(text)
    assert front.headers["content-security-policy"].startswith("default-src 'none'")
