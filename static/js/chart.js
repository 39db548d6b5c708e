// Read a chart's values with the pointer or the arrow keys. The numbers are those of its table.

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -7, PageUp: 7 };

function partsOf(cursor) {
  const chart = cursor.closest("[data-chart]");
  return {
    cursor,
    rows: [...chart.querySelectorAll("tbody tr")],
    mark: chart.querySelector("[data-chart-mark]"),
    reading: chart.querySelector("[data-chart-reading]"),
  };
}

function read(parts, index) {
  const { cursor, mark, reading, rows } = parts;
  const { x, y, yBefore, before } = rows[index].dataset;
  const [thing, now, then] = [...rows[index].cells].map((cell) => cell.textContent);
  const [rule, dotBefore, dot] = mark.children;
  rule.setAttribute("x1", `${x}%`);
  rule.setAttribute("x2", `${x}%`);
  place(dotBefore, x, yBefore);
  place(dot, x, y);
  mark.setAttribute("visibility", "visible");
  reading.replaceChildren(line(thing, now || "–"), ...(before ? [line(before, then)] : []));
  reading.hidden = false;
  keepInside(cursor, reading, (cursor.clientWidth * x) / 100);
  cursor.setAttribute("aria-valuenow", index + 1);
  cursor.setAttribute("aria-valuetext", `${thing}: ${now || "no value yet"}` + (before ? `; ${before}: ${then}` : ""));
}

function place(dot, x, y) {
  dot.setAttribute("visibility", y === undefined ? "hidden" : "inherit");
  if (y === undefined) return;
  dot.setAttribute("cx", `${x}%`);
  dot.setAttribute("cy", y);
}

function line(words, number) {
  const paragraph = document.createElement("p");
  const strong = document.createElement("b");
  strong.textContent = number;
  paragraph.append(words, strong);
  return paragraph;
}

// Beside the mark, on the side that has room; never outside the chart.
function keepInside(cursor, reading, at) {
  const room = cursor.clientWidth - reading.offsetWidth;
  const left = at < cursor.clientWidth / 2 ? at + 12 : at - reading.offsetWidth - 12;
  reading.style.left = `${Math.min(Math.max(left, 0), Math.max(room, 0))}px`;
}

function rest(cursor) {
  const { mark, reading } = partsOf(cursor);
  mark.setAttribute("visibility", "hidden");
  reading.hidden = true;
}

const cursorOf = (event) => event.target.closest?.("[data-chart-cursor]");
const current = (cursor) => Number(cursor.getAttribute("aria-valuenow")) - 1;

function point(event) {
  const cursor = cursorOf(event);
  if (!cursor) return;
  const parts = partsOf(cursor);
  const box = cursor.getBoundingClientRect();
  const share = (event.clientX - box.left) / box.width;
  const index = Math.round(share * (parts.rows.length - 1));
  read(parts, Math.min(Math.max(index, 0), parts.rows.length - 1));
}

document.addEventListener("pointermove", point);
document.addEventListener("pointerdown", point);
document.addEventListener("pointerout", (event) => {
  const cursor = cursorOf(event);
  if (cursor && cursor !== document.activeElement) rest(cursor);
});
document.addEventListener("focusout", (event) => cursorOf(event) && rest(cursorOf(event)));
document.addEventListener("focusin", (event) => {
  const cursor = cursorOf(event);
  if (cursor?.matches(":focus-visible")) read(partsOf(cursor), current(cursor));
});
document.addEventListener("keydown", (event) => {
  const cursor = cursorOf(event);
  if (!cursor) return;
  if (event.key === "Escape") return rest(cursor);
  const parts = partsOf(cursor);
  const last = parts.rows.length - 1;
  const ends = { Home: 0, End: last };
  const index = ends[event.key] ?? current(cursor) + STEPS[event.key];
  if (Number.isNaN(index)) return;
  read(parts, Math.min(Math.max(index, 0), last));
  event.preventDefault();
});
