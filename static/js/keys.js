// Single keys: ? shows them, g and a letter goes to a page, d w m y set the range.
// Who dictates to the browser switches them off in the dialog: a spoken word would press them.

const OFF = "aktivat.keys.off";
const PATIENCE_MS = 1500;
const dialog = document.getElementById("keys-dialog");
const box = document.getElementById("keys-on");
// When g was pressed.
let goneAt = -Infinity;

box.checked = localStorage.getItem(OFF) === null;
box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));

function isForUs(event) {
  const busy = event.target.closest?.("input, select, textarea, [contenteditable]");
  return box.checked && !busy && !dialog.open && !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
}

document.addEventListener("keydown", (event) => {
  if (!isForUs(event)) return;
  const going = event.timeStamp - goneAt < PATIENCE_MS;
  goneAt = event.key === "g" && !going ? event.timeStamp : -Infinity;
  if (event.key === "?") dialog.showModal();
  else if (/^[a-z]$/.test(event.key)) document.querySelector(`[data-${going ? "go" : "key"}="${event.key}"]`)?.click();
  else return;
  event.preventDefault();
});
