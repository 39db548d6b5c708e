// The theme: as the system, light or dark. A cookie keeps it, so that the server draws the page right at once.

const YEAR = 365 * 24 * 3600;
const root = document.documentElement;

function show() {
  for (const button of document.querySelectorAll("[data-theme-choice] button")) {
    button.setAttribute("aria-pressed", String(button.value === (root.dataset.theme ?? "")));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-choice] button");
  if (!button) return;
  const age = button.value ? YEAR : 0;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${button.value}; path=/; max-age=${age}; samesite=lax${secure}`;
  if (button.value) root.dataset.theme = button.value;
  else delete root.dataset.theme;
  show();
});

// The menu may be a new one each time: what it shows is set when it opens.
document.addEventListener("toggle", show, { capture: true });
