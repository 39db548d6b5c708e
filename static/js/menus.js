// Menus are details elements: they work alone. This closes them when one would expect it, and opens dialogs.

function close(menu) {
  if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  menu.open = false;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  for (const menu of document.querySelectorAll(".menu[open]")) {
    const link = event.target.closest("a");
    if (opener || !menu.contains(event.target) || (link && menu.contains(link))) close(menu);
  }
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  // A click beside an open dialog, on its backdrop, is one on the dialog itself.
  if (event.target.localName === "dialog" && !insideOf(event.target, event)) event.target.close();
});

function insideOf(element, event) {
  const box = element.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu[open]");
  if (!menu) return;
  if (event.key === "Escape") {
    close(menu);
    menu.querySelector("summary").focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    moveFocus(menu, event);
  }
});

function moveFocus(menu, event) {
  if (event.target.closest("input, select")) return;
  const items = [...menu.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  items[Math.min(Math.max(at, 0), items.length - 1)].focus();
  event.preventDefault();
}

// Tabbing out of a menu closes it.
document.addEventListener("focusin", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
