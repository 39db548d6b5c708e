// Copy a part of the snippet, and say that it is done.

const SAID_FOR_MS = 2000;

// Without HTTPS, and not on this very machine, browsers have no clipboard for pages: then the part is selected.
function copy(code) {
  const written = navigator.clipboard?.writeText(code.textContent) ?? Promise.reject();
  return written.then(() => "Copied", () => select(code));
}

function select(code) {
  getSelection().selectAllChildren(code);
  return document.execCommand("copy") ? "Copied" : "Press Ctrl C";
}

function say(button, words) {
  const [said] = button.childNodes;
  const before = button.dataset.words ?? said.textContent;
  button.dataset.words = before;
  said.textContent = words;
  setTimeout(() => (said.textContent = before), SAID_FOR_MS);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  say(button, await copy(document.getElementById(button.dataset.copies)));
});
