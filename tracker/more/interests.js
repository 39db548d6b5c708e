// Interests that a page tells by itself: its own, and those of elements that are clicked.

const noteTopics = text => text.split(",").map(topic => topic.trim()).filter(Boolean).slice(0, 10).forEach(
  topic => record("interest", { topic: short(topic), weight: 1 }));

const trackInterests = () => {
  noteTopics(meta("trackr-interest"));
  on(document, "click", event => {
    const element = event.target.closest?.("[data-trackr-interest]");
    if (element) noteTopics(element.getAttribute("data-trackr-interest"));
  }, true);
};
