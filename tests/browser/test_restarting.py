"""The page that nginx shows while no worker runs."""

from tests.browser.restarting import RestartingSite

UNAVAILABLE = ("status of 503",)


def test_the_page_that_was_asked_for_opens_when_the_site_is_back(open_window):
    with RestartingSite() as site:
        window = open_window(f"{site.url}chat/lobby/?name=Ann", expected=UNAVAILABLE)
        assert window.text("h1") == "Back in a moment"
        site.is_back = True
        window.until(lambda: window.text("h1") == "The page")
        assert window.driver.current_url == f"{site.url}chat/lobby/?name=Ann"


def test_the_page_does_not_load_again_while_the_site_is_away(open_window):
    with RestartingSite() as site:
        window = open_window(site.url, expected=UNAVAILABLE)
        window.run("window.still = true; window.requests = 0")
        observer = (
            "new PerformanceObserver((list) => { window.requests += list.getEntries().length; })"
        )
        window.run(f"{observer}.observe({{ type: 'resource' }})")
        window.until(lambda: window.run("return window.requests") >= 2)
        assert window.run("return window.still")
