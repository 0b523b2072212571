"""The promises that only a browser can show, with the fixtures of the browser tests."""

from tests.browser.conftest import app as app
from tests.browser.conftest import browser as browser
from tests.browser.conftest import external_requests as external_requests
from tests.browser.conftest import page as page
