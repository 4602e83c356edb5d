"""The exporter serves complete pages of one moment in the requested format, and reports its health."""

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
from tests.workflows.pages import running, served, shown
from workflows.web.pages import MetricsEndpoint, ServedPage

POOL = urllib3.PoolManager(maxsize=20, retries=False)
MANY = [series_text("aws_connections", [("function_name", f"function-{n:020d}")]) for n in range(6000)]
FORMATS = ["application/openmetrics-text", "text/plain"]


def generation(number: int) -> Block:
    """A block of 6,000 series that all have this value."""
    return Block(family=gauge(), series=MANY, values=[float(number)] * len(MANY))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of one page."""
    with served(ServedPage(shown(generation(1), block(gauge("b"), ({}, 2))))) as url:
        yield url


def get(url: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
    """The response without content decoding."""
    return POOL.request(method, url, headers=headers, decode_content=False)


@pytest.mark.parametrize(("accept", "encoding"), list(product(FORMATS, ["gzip", "identity"])))
def test_the_headers_describe_the_body(url: str, accept: str, encoding: str) -> None:
    """Type, encoding and length match the body, and `vary` names the request headers that matter."""
    answer = get(f"{url}/metrics", accept=accept, **{"accept-encoding": encoding})
    format_ = ExpositionFormat.OPENMETRICS if "openmetrics" in accept else ExpositionFormat.TEXT
    assert answer.status == 200
    assert answer.headers["content-type"] == format_.value
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.headers["content-length"] == str(len(answer.data))
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    text = gzip.decompress(answer.data) if encoding == "gzip" else answer.data
    assert samples_in(families_in(text.decode(), format_))["b", frozenset()] == 2


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_head_request_has_the_headers_of_get(url: str, encoding: str) -> None:
    """HEAD sends the headers that GET would send, and no body."""
    headers = {"accept-encoding": encoding}
    head, whole = get(f"{url}/metrics", "HEAD", **headers), get(f"{url}/metrics", **headers)
    assert head.data == b""
    assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}


def test_only_reading_is_possible(url: str) -> None:
    """POST is refused with 405, and an unknown path is 404."""
    assert get(f"{url}/metrics", "POST").status == 405
    assert get(f"{url}/nothing").status == 404


def test_curl_reads_the_compressed_page(url: str) -> None:
    """A client that reads one gzip member only gets the complete page."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    read = subprocess.run(
        [program("curl"), "-sS", "--compressed", "--fail", f"{url}/metrics"], capture_output=True, check=True
    )
    assert read.stdout == get(f"{url}/metrics").data


def test_a_page_is_replaced_as_one_object() -> None:
    """A scrape during a replacement gets one complete page, never parts of two."""
    pages = [shown(generation(10**number)) for number in range(4)]
    bodies = {text_in(body) for page in pages for body in page.page.values()}
    served_page, enough = ServedPage(pages[0]), Event()

    def swap() -> None:
        for page in cycle(pages):
            served_page.replace(page)
            if enough.wait(0.0002):
                return

    def scrape(number: int) -> str:
        accept, encoding = FORMATS[number % 2], ("gzip", "identity")[number // 2 % 2]
        answer = get(f"{url}/metrics", accept=accept, **{"accept-encoding": encoding})
        return (gzip.decompress(answer.data) if encoding == "gzip" else answer.data).decode()

    with served(served_page) as url, ThreadPoolExecutor(9) as threads:
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
    """The announced length is that of the body, even if every read of the page finds a newer one."""
    pages = (shown(generation(10**number)).page for number in count())
    always_newer = Starlette(routes=[Route("/metrics", MetricsEndpoint(lambda: next(pages)))])
    with running(always_newer) as url:
        answers = [get(f"{url}/metrics", **{"accept-encoding": encoding}) for _ in range(2)]
    texts = [gzip.decompress(answer.data) if encoding == "gzip" else answer.data for answer in answers]
    assert texts == [gzip.decompress(shown(generation(10**n)).page[ExpositionFormat.TEXT].compressed) for n in range(2)]


def test_it_is_healthy_while_there_is_no_problem() -> None:
    """/-/healthy is 503 while there is one, and says which."""
    problem = ""
    with served(ServedPage(shown(generation(1))), lambda: problem) as url:
        assert get(f"{url}/-/healthy").status == 200
        problem = "the page was not refreshed for 3m"
        answer = get(f"{url}/-/healthy")
        assert (answer.status, answer.data) == (503, f"basewatch is not healthy: {problem}\n".encode())
        problem = ""
        assert get(f"{url}/-/healthy").status == 200


def test_the_age_of_the_page_does_not_depend_on_the_wall_clock() -> None:
    """It is counted from the moment when the page was replaced, whatever time is written on it."""
    seconds = 100.0
    page = ServedPage(shown(generation(1)), lambda: seconds)
    seconds = 160.0
    assert page.age == timedelta(minutes=1)
    page.replace(shown(generation(2), at=NOON - timedelta(days=1)))
    assert page.age == timedelta()


def test_it_is_ready_once_nothing_is_missing() -> None:
    """/-/ready is 503 until then, and says what is missing."""
    served_page = ServedPage(shown(waiting_for="the first pass"))
    with served(served_page) as url:
        answer = get(f"{url}/-/ready")
        assert (answer.status, answer.data) == (503, b"basewatch is not ready: waiting for the first pass\n")
        served_page.replace(shown())
        assert get(f"{url}/-/ready").status == 200


def test_the_landing_page_links_every_page() -> None:
    """The landing page links the other pages, and shows what is missing as escaped text."""
    served_page = ServedPage(shown(waiting_for="<script>alert(1)</script>"))
    with served(served_page) as url:
        front = get(f"{url}/")
        text = front.data.decode()
        links = [part.partition('"')[0] for part in text.split('href="')[1:]]
        assert [get(f"{url}/{link}").status for link in links] == [200, 200, 503]
    assert "<script>" not in text
    assert "waiting for <script>alert(1)</script>" in html.unescape(text)
    assert front.headers["content-security-policy"].startswith("default-src 'none'")
