import pytest

from tests.tracking.enrichment.test_devices import DEVICES
from tracking.enrichment.bots import is_bot

PEOPLE = {name: user_agent for name, (user_agent, _) in DEVICES.items() if name != "curl"}


@pytest.mark.parametrize("user_agent", PEOPLE.values(), ids=PEOPLE)
def test_browsers_and_nothing_are_no_bots(user_agent: str) -> None:
    assert not is_bot(user_agent)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)",
        "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/128.0.0.0 Safari/537.36",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        "curl/8.5.0",
        "Wget/1.21.4",
        "python-requests/2.32.3",
        "Go-http-client/2.0",
        "axios/1.7.2",
        "Scrapy/2.11.2 (+https://scrapy.org)",
    ],
)
def test_programs_that_say_so_are_bots(user_agent: str) -> None:
    assert is_bot(user_agent)
